import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMap, configMapOf, service } from '../../support/faults/proxy-forms.ts';
import { describeCall } from '../../support/faults/proxy-rules.ts';
import { makeNamespace, openProxyWorld, type ProxyWorld, type Scenario } from '../../support/faults/proxy-world.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';

/** Twice the sync interval and 30 s, and what a busy machine takes. */
const recovery = { withinMs: 75_000 };

describe('faults/api/cluster', () => {
  let world: ProxyWorld;
  beforeAll(async () => {
    world = await openProxyWorld(inject('stack'), { name: 'cluster', settings: { LYNQ_RELIST_SECONDS: '30' } });
  });
  afterAll(() => world?.close());

  const applies = (scenario: Scenario, name: string, since = 0) =>
    world.proxy
      .of({ namespace: [scenario.namespace, scenario.outside], name, verb: ['apply', 'patch', 'update', 'create'] })
      .filter(({ at }) => at >= since);
  const applyAs = (manager: string, path: string, body: object) =>
    world.cluster.call('PATCH', `${path}?fieldManager=${manager}&force=true`, body, 'application/apply-patch+yaml');

  test.concurrent('K4 a field that another manager applies is a conflict under Stuck, and taken exactly once under Force', async () => {
    const stuck = configMap('stuck');
    const after = configMap('after', { dependIds: ['stuck'] });
    const forced = configMap('forced', { conflictPolicy: 'Force' });
    const scenario = await world.scenario('k4', {
      forms: { form: { configMaps: [stuck, after, forced] } },
      rows: ['r1'],
    });
    const { namespace } = scenario;
    await scenario.ready(['r1-form']);
    const place = Date.now();
    const held: Record<string, string> = {};
    for (const name of ['r1-stuck', 'r1-forced']) {
      const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data: { counter: 'theirs' } };
      held[name] = (await applyAs('other-team', configMapOf(namespace, name), body)).metadata.resourceVersion;
    }
    const taken = (since: number) =>
      applies(scenario, 'r1-forced', since)
        .filter(({ upstream }) => upstream === 200)
        .map(describeCall);
    await eventually('the field is taken back', async () => {
      const { data } = await scenario.get(configMapOf(namespace, 'r1-forced'));
      return data?.['counter'] === '1' ? there(true) : notYet(data);
    });
    await scenario.quiet(3_000);
    expect(taken(place)).toEqual(['apply configmaps/r1-forced']);
    const changed = Date.now();
    await scenario.count('r1', 2);
    await scenario.entry('r1-form', 'stuck', 'Conflicted');
    await scenario.entry('r1-form', 'forced', 'Ready');
    await scenario.entry('r1-form', 'after', 'Skipped');
    await window(6_000);
    const live = await scenario.get(configMapOf(namespace, 'r1-stuck'));
    expect([live.metadata.resourceVersion, live.data]).toEqual([held['r1-stuck'], { counter: 'theirs' }]);
    expect((await scenario.get(configMapOf(namespace, 'r1-forced'))).data).toEqual({ counter: '2' });
    // The field is ours again: the new value needs no force, and one write.
    expect(taken(changed)).toEqual(['apply configmaps/r1-forced']);
    expect(scenario.deletes()).toEqual([]);
  });

  test.concurrent('K17 what admission denies waits with its reason, is tried every half minute, and goes through when it may', async () => {
    const policy = 'flt-deny';
    const admission = '/apis/admissionregistration.k8s.io/v1';
    await world.cluster.create(`${admission}/validatingadmissionpolicies`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: policy },
      spec: {
        matchConstraints: {
          resourceRules: [
            { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['configmaps'] },
          ],
        },
        validations: [{ expression: "!object.metadata.name.endsWith('-denied')", message: 'not this one' }],
      },
    });
    await world.cluster.create(`${admission}/validatingadmissionpolicybindings`, {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name: policy },
      spec: { policyName: policy, validationActions: ['Deny'] },
    });
    const probe = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'probe-denied' } };
    await eventually('the policy is in force', () =>
      world.cluster.create('/api/v1/namespaces/default/configmaps?dryRun=All', probe).then(
        () => notYet('admitted'),
        () => there(true),
      ),
    );
    const configMaps = [configMap('denied'), configMap('webhook'), configMap('fine')];
    const scenario = await world.scenario('k17');
    const { namespace } = scenario;
    const message =
      'Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: context deadline exceeded';
    const down = world.proxy.add({
      match: { namespace, verb: 'apply', name: 'r1-webhook' },
      fault: { kind: 'answer', code: 500, status: { reason: 'InternalError', message } },
    });
    await scenario.addForm('form', { configMaps });
    await scenario.insert('r1');
    const denied = await scenario.entry('r1-form', 'denied', 'Waiting', 'AdmissionDenied');
    expect(denied.message).toContain(policy);
    const called = await scenario.entry('r1-form', 'webhook', 'Waiting', 'AdmissionDenied');
    expect(called.message).toContain('policy.example.com');
    await scenario.entry('r1-form', 'fine', 'Ready');
    await window(35_000);
    for (const name of ['r1-denied', 'r1-webhook']) {
      const times = applies(scenario, name).map(({ at }) => at);
      const pauses = times.slice(1).map((at, index) => at - times[index]!);
      expect(times.length).toBeLessThanOrEqual(3);
      expect(pauses.filter((pause) => pause < 29_000)).toEqual([]);
    }
    down.remove();
    await world.cluster.remove(`${admission}/validatingadmissionpolicybindings/${policy}`);
    await world.cluster.remove(`${admission}/validatingadmissionpolicies/${policy}`);
    await scenario.ready(['r1-form'], recovery);
  });

  const definition = (group: string) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `gizmos.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'gizmos', singular: 'gizmo', kind: 'Gizmo' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const gizmo = (group: string) => ({
    id: 'gizmo',
    nameTemplate: '{{ .uid }}-gizmo',
    waitForReady: false,
    spec: { apiVersion: `${group}/v1`, kind: 'Gizmo', spec: { size: 1 } },
  });

  test.concurrent('K18 an object of a kind that is missing waits for it, holds up no other, and is made when it is there', async () => {
    const group = 'k18.example.com';
    const forms = { form: { manifests: [gizmo(group)], configMaps: [configMap('a')] } };
    const scenario = await world.scenario('k18', { forms, rows: ['r1'] });
    await scenario.entry('r1-form', 'gizmo', 'Waiting', 'MissingKind');
    await scenario.entry('r1-form', 'a', 'Ready');
    await world.cluster.create(definitions, definition(group));
    await scenario.ready(['r1-form'], recovery);
    expect(scenario.deletes()).toEqual([]);
    await world.cluster.get(`/apis/${group}/v1/namespaces/${scenario.namespace}/gizmos/r1-gizmo`);
  });

  test.concurrent('K19 when a kind is taken away only its objects miss it, and the node can still be deleted', async () => {
    const group = 'k19.example.com';
    await world.cluster.create(definitions, definition(group));
    const forms = { form: { manifests: [gizmo(group)], configMaps: [configMap('a')] } };
    const scenario = await world.scenario('k19', { forms, rows: ['r1'] });
    await scenario.ready(['r1-form']);
    const before = await scenario.get(configMapOf(scenario.namespace, 'r1-a'));
    const place = Date.now();
    await world.cluster.remove(`${definitions}/gizmos.${group}`);
    await scenario.entry('r1-form', 'gizmo', 'Waiting', 'MissingKind');
    await window(3_000);
    expect((await scenario.get(configMapOf(scenario.namespace, 'r1-a'))).metadata).toEqual(before.metadata);
    expect(scenario.deletes(place)).toEqual([]);
    await scenario.remove('r1');
    await scenario.gone(['r1-form']);
    expect(await world.cluster.find(configMapOf(scenario.namespace, 'r1-a'))).toBeUndefined();
  });

  test.concurrent('K20 what does not fit a quota waits with that reason, and is made when there is room', async () => {
    const scenario = await world.scenario('k20');
    const quotas = `/api/v1/namespaces/${scenario.outside}/resourcequotas`;
    await world.cluster.create(quotas, {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'few' },
      spec: { hard: { 'count/services': '0' } },
    });
    await eventually('the quota counts', async () => {
      const { status } = await world.cluster.get(`${quotas}/few`);
      return status?.hard === undefined ? notYet(status) : there(true);
    });
    const tight = service('tight', { targetNamespace: scenario.outside });
    const after = configMap('after', { dependIds: ['tight'] });
    await scenario.addForm('form', { services: [tight], configMaps: [after, configMap('free')] });
    await scenario.insert('r1');
    const waiting = await scenario.entry('r1-form', 'tight', 'Waiting', 'QuotaExceeded');
    expect(waiting.message).toContain('few');
    await scenario.entry('r1-form', 'after', 'Waiting', 'DependencyNotReady');
    await scenario.entry('r1-form', 'free', 'Ready');
    await world.cluster.merge(`${quotas}/few`, { spec: { hard: { 'count/services': '5' } } });
    await scenario.ready(['r1-form'], recovery);
    expect(scenario.deletes()).toEqual([]);
  });

  test.concurrent('K21 a namespace on its way out is waited for, nothing in it is forced, and all is made again in the next one', async () => {
    const scenario = await world.scenario('k21', { forms: {} });
    const space = `${scenario.namespace}-apart`;
    await makeNamespace(world.cluster, space);
    await scenario.addForm('form', { configMaps: [configMap('far', { targetNamespace: space }), configMap('near')] });
    await scenario.insert('r1');
    await scenario.ready(['r1-form']);
    const holder = `/api/v1/namespaces/${space}/configmaps`;
    await world.cluster.create(holder, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'holder', finalizers: ['example.com/hold'] },
    });
    await world.cluster.remove(`/api/v1/namespaces/${space}`);
    await scenario.entry('r1-form', 'far', 'Waiting', 'TerminatingNamespace');
    const place = Date.now();
    await window(12_000);
    const writes = world.proxy
      .of({ namespace: space, where: ({ verb }) => verb !== 'get' && verb !== 'list' })
      .filter(({ at }) => at >= place);
    expect(writes.length).toBeLessThanOrEqual(3);
    expect((await world.cluster.get(`${holder}/holder`)).metadata.finalizers).toEqual(['example.com/hold']);
    await world.cluster.merge(`${holder}/holder`, { metadata: { finalizers: [] } });
    await eventually('the namespace is gone', async () =>
      (await world.cluster.find(`/api/v1/namespaces/${space}`)) === undefined ? there(true) : notYet('there'),
    );
    await makeNamespace(world.cluster, space);
    await scenario.ready(['r1-form'], recovery);
    expect((await scenario.get(configMapOf(space, 'r1-far'))).data).toEqual({ counter: '1' });
    expect(world.proxy.of({ namespace: space, verb: 'delete' }).map(describeCall)).toEqual([]);
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(world, world.begun);
  });
});
