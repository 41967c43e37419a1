import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMap, configMapOf, deployment, secret } from '../../support/faults/proxy-forms.ts';
import { openProxyWorld, type ProxyWorld, type Scenario } from '../../support/faults/proxy-world.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';

const rowsOf = (count: number) => Array.from({ length: count }, (_, at) => `r${String(at).padStart(2, '0')}`);
const retain = { deletionPolicy: 'Retain' };

/** Forms and hubs that change, or go, while their nodes live. */
describe('faults/rollouts/lives', () => {
  let world: ProxyWorld;
  beforeAll(async () => {
    world = await openProxyWorld(inject('stack'), { name: 'lives' });
    await world.cluster.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', thingDefinition);
  });
  afterAll(async () => {
    await world?.close();
    await world?.cluster
      .remove(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${thingDefinition.metadata.name}`)
      .catch(() => undefined);
  });

  const births = (scenario: Scenario, since: number) =>
    world.proxy
      .of({ namespace: scenario.namespace, resource: 'lynqnodes', verb: 'create' })
      .filter(({ at }) => at > since);
  /** Writes of a sync that are under way at once: they were decided on before, and come still. */
  const underWay = 16;
  /** Holds the births of a sync from the n-th on, each for three seconds. */
  const holdBirths = async (scenario: Scenario, from: number) => {
    const rule = world.proxy.add({
      match: { namespace: scenario.namespace, resource: 'lynqnodes', verb: 'create' },
      from,
      fault: { kind: 'delay', milliseconds: 3_000 },
    });
    return {
      reached: () =>
        eventually('a birth is held', () => (rule.hits() > 0 ? there(true) : notYet('none')), { everyMs: 20 }),
      rule,
    };
  };

  test.concurrent('F4 a form that is deleted during a sync gets no further node, and those it has go by policy', async () => {
    const scenario = await world.scenario('f4');
    await scenario.addForm('form', { configMaps: [configMap('goes'), configMap('stays', retain)] });
    const { reached, rule } = await holdBirths(scenario, 4);
    await scenario.insert(...rowsOf(60));
    await reached();
    await world.cluster.remove(lynqPath(scenario.namespace, 'lynqforms', 'form'));
    const deleted = Date.now();
    await eventually(
      'the nodes of the form are on their way out',
      async () => {
        const nodes = await world.cluster.list(lynqPath(scenario.namespace, 'lynqnodes'));
        const left = nodes.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
        return left.length === 0 ? there(true) : notYet(left.length);
      },
      { withinMs: 120_000 },
    );
    expect(births(scenario, deleted).length).toBeLessThanOrEqual(underWay);
    rule.remove();
    const born = births(scenario, 0).map(({ body }) => (JSON.parse(body) as KubeObject).metadata.name);
    expect(born.length).toBeLessThan(40);
    await scenario.gone(born, { withinMs: 120_000 });
    for (const uid of rowsOf(3)) {
      expect(await world.cluster.find(configMapOf(scenario.namespace, `${uid}-goes`))).toBeUndefined();
      const kept = await world.cluster.get(configMapOf(scenario.namespace, `${uid}-stays`));
      expect(kept.metadata.labels?.['lynq.sh/orphaned']).toBe('true');
    }
  });

  test.concurrent('F5 a hub that is deleted during a sync gets no further node, and what is retained is marked before its owner goes', async () => {
    const forms = { form: { configMaps: [configMap('goes'), configMap('stays', retain)] } };
    const scenario = await world.scenario('f5', { forms, rows: ['a1', 'a2'] });
    await scenario.ready(['a1-form', 'a2-form']);
    const { reached, rule } = await holdBirths(scenario, 4);
    await scenario.insert(...rowsOf(60));
    await reached();
    await world.cluster.remove(lynqPath(scenario.namespace, 'lynqhubs', 'hub'));
    const deleted = Date.now();
    await eventually(
      'the hub is gone',
      async () => {
        const hub = await world.cluster.find(lynqPath(scenario.namespace, 'lynqhubs', 'hub'));
        return hub === undefined ? there(true) : notYet(hub.status);
      },
      { withinMs: 150_000 },
    );
    rule.remove();
    expect(births(scenario, deleted).length).toBeLessThanOrEqual(underWay);
    expect(births(scenario, 0).length).toBeLessThan(40);
    const maps = await world.cluster.list(childPath('ConfigMap', scenario.namespace));
    const kept = maps.filter(({ metadata }) => metadata.name.startsWith('a'));
    expect(kept.map(({ metadata }) => metadata.name)).toEqual(['a1-stays', 'a2-stays']);
    for (const { metadata } of kept) {
      expect([metadata.name, metadata.labels?.['lynq.sh/orphaned']]).toEqual([metadata.name, 'true']);
      const written = (resource: string, name: string, what: string) =>
        world.proxy
          .of({ namespace: scenario.namespace, resource, name, verb: ['apply', 'patch', 'update'] })
          .findLast(({ body, subresource }) => subresource === '' && body.includes(what));
      const marked = written('configmaps', metadata.name, 'lynq.sh/orphaned');
      const released = written('lynqnodes', metadata.name.replace('-stays', '-form'), '"finalizers"');
      expect((marked?.at ?? Number.NaN) <= (released?.at ?? 0)).toBe(true);
    }
  });

  test.concurrent('F6 a hub that points to another table deletes nothing: the source has changed, and the guard holds', async () => {
    const rows = rowsOf(15);
    const scenario = await world.scenario('f6', { forms: { form: { configMaps: [configMap('a')] } }, rows });
    await scenario.ready(rows.map((uid) => `${uid}-form`));
    await world.database.sql(`CREATE TABLE other_f6 LIKE \`${scenario.table}\``);
    await world.database.sql(`INSERT INTO other_f6 (id) VALUES ('r00'), ('new')`);
    const hub = lynqPath(scenario.namespace, 'lynqhubs', 'hub');
    const since = Date.now();
    await world.cluster.merge(hub, { spec: { source: { mysql: { table: 'other_f6' } } } });
    const shows = (type: string, reason: string) =>
      eventually(
        `${type} is ${reason}`,
        async () => {
          const found = conditionOf(await world.cluster.get(hub), type);
          return found?.status === 'True' && found.reason === reason ? there(found) : notYet(found);
        },
        { withinMs: 90_000, everyMs: 50 },
      );
    await shows('DeletionHeld', 'SourceChanged');
    await scenario.ready(['new-form']);
    await shows('DeletionHeld', 'BudgetSpent');
    expect(scenario.deletes(since)).toEqual([]);
    await scenario.ready(rows.map((uid) => `${uid}-form`));
  });

  test.concurrent('F7 objects of kinds that a form does not name any more go, whatever their kind', async () => {
    const scenario = await world.scenario('f7', {
      forms: { form: { configMaps: [configMap('stays')], ...rareKinds } },
      rows: ['r1'],
    });
    const paths = rarePaths(scenario.namespace);
    for (const path of paths)
      await eventually(`${path} is there`, async () =>
        (await world.cluster.find(path)) === undefined ? notYet('absent') : there(true),
      );
    await scenario.entry('r1-form', 'stays', 'Ready');
    const { uid } = (await scenario.get(configMapOf(scenario.namespace, 'r1-stays'))).metadata;
    await scenario.changeForm('form', { configMaps: [configMap('stays')] });
    for (const path of paths)
      await eventually(`${path} is gone`, async () =>
        (await world.cluster.find(path)) === undefined ? there(true) : notYet('there'),
      );
    await scenario.ready(['r1-form']);
    expect((await scenario.get(configMapOf(scenario.namespace, 'r1-stays'))).metadata.uid).toBe(uid);
    expect(scenario.deletes().toSorted()).toEqual([
      'delete horizontalpodautoscalers/r1-rare',
      'delete networkpolicies/r1-rare',
      'delete poddisruptionbudgets/r1-rare',
      'delete things/r1-rare',
    ]);
  });

  test.concurrent('F8 an entry that gets another id keeps its object', async () => {
    const named = { nameTemplate: '{{ .uid }}-same' };
    const forms = {
      form: { configMaps: [configMap('before', named)], secrets: [secret('kept', { ...named, ...retain })] },
    };
    const scenario = await world.scenario('f8', { forms, rows: ['r1'] });
    await scenario.ready(['r1-form']);
    const uids = async () => [
      (await scenario.get(configMapOf(scenario.namespace, 'r1-same'))).metadata.uid,
      (await scenario.get(childPath('Secret', scenario.namespace, 'r1-same'))).metadata.uid,
    ];
    const before = await uids();
    await scenario.changeForm('form', {
      configMaps: [configMap('after', named)],
      secrets: [secret('kept-after', { ...named, ...retain })],
    });
    await eventually('the new ids are on record', async () => {
      const found = await scenario.node('r1-form');
      const ids = ((found?.status.inventory ?? []) as readonly { id: string }[]).map(({ id }) => id);
      return ids.toSorted().join() === 'after,kept-after' ? there(ids) : notYet(ids);
    });
    await scenario.ready(['r1-form']);
    expect(await uids()).toEqual(before);
    expect(scenario.deletes()).toEqual([]);
    const kept = await scenario.get(childPath('Secret', scenario.namespace, 'r1-same'));
    expect(kept.metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
  });

  test.concurrent('F9 a policy that becomes Retain in the same second as the row goes keeps the object', async () => {
    const open = { configMaps: [configMap('a')] };
    const forms = { open, limited: { ...open, configMaps: [configMap('b')], rollout: { maxSkew: 1 } } };
    const scenario = await world.scenario('f9', { forms, rows: ['r1', 'r2'], syncInterval: '2s' });
    await scenario.ready(['r1-open', 'r1-limited', 'r2-open', 'r2-limited']);
    const maps = ['r1-a', 'r1-b'].map((name) => configMapOf(scenario.namespace, name));
    const uids = await Promise.all(maps.map(async (path) => (await scenario.get(path)).metadata.uid));
    await Promise.all([
      scenario.changeForm('open', { configMaps: [configMap('a', retain)] }),
      scenario.changeForm('limited', { configMaps: [configMap('b', retain)], rollout: { maxSkew: 1 } }),
      scenario.remove('r1'),
    ]);
    await scenario.gone(['r1-open', 'r1-limited']);
    const kept = await Promise.all(maps.map((path) => scenario.get(path)));
    expect(kept.map(({ metadata }) => metadata.uid)).toEqual(uids);
    expect(kept.map(({ metadata }) => metadata.labels?.['lynq.sh/orphaned'])).toEqual(['true', 'true']);
    expect(scenario.deletes()).toEqual([]);
  });

  test.concurrent('F10 a new name: the new object is ready before the old one goes, and what is retained stays', async () => {
    const named = (name: string) => ({ nameTemplate: `{{ .uid }}-${name}` });
    const form = (name: string) => ({
      deployments: [deployment('api', named(name))],
      configMaps: [configMap('kept', { ...named(`${name}-kept`), ...retain })],
    });
    const scenario = await world.scenario('f10', { forms: { form: form('old') }, rows: ['r1'] });
    await scenario.ready(['r1-form']);
    const path = (name: string) => childPath('Deployment', scenario.namespace, name);
    const watching = world.cluster.watch(path('').replace(/\/$/, ''));
    const kept = (await scenario.get(configMapOf(scenario.namespace, 'r1-old-kept'))).metadata.uid;
    await scenario.changeForm('form', form('new'));
    await eventually('the old Deployment is gone', async () =>
      (await world.cluster.find(path('r1-old'))) === undefined ? there(true) : notYet('there'),
    );
    await scenario.ready(['r1-form']);
    watching.stop();
    const ready = watching.events.findIndex(
      ({ object }) => object.metadata.name === 'r1-new' && object.status?.availableReplicas === 1,
    );
    const going = watching.events.findIndex(
      ({ type, object }) =>
        object.metadata.name === 'r1-old' && (type === 'DELETED' || object.metadata.deletionTimestamp !== undefined),
    );
    expect([ready >= 0, going >= 0, ready < going]).toEqual([true, true, true]);
    const old = await scenario.get(configMapOf(scenario.namespace, 'r1-old-kept'));
    expect([old.metadata.uid, old.metadata.labels?.['lynq.sh/orphaned']]).toEqual([kept, 'true']);
    expect(scenario.deletes()).toEqual(['delete deployments/r1-old']);
  });

  test.concurrent('F11 a dependency that fails or times out: dependents are skipped, or made all the same when the form says so', async () => {
    const never = { readyWhen: "'done' in object.data", timeoutSeconds: 2 };
    const refused = { spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { 'not a key!': 'x' } } };
    const after = (id: string, dependency: string, skip: boolean) =>
      configMap(id, { dependIds: [dependency], ...(skip ? {} : { skipOnDependencyFailure: false }) });
    const configMaps = [
      configMap('late', never),
      after('late-skipped', 'late', true),
      after('late-made', 'late', false),
      configMap('refused', refused),
      after('refused-skipped', 'refused', true),
      after('refused-made', 'refused', false),
      after('far', 'late-skipped', true),
      configMap('free'),
    ];
    const scenario = await world.scenario('f11', { forms: { form: { configMaps } }, rows: ['r1'] });
    await scenario.entry('r1-form', 'late', 'Failed', 'ReadinessTimeout');
    await scenario.entry('r1-form', 'refused', 'Failed');
    for (const id of ['late-skipped', 'refused-skipped', 'far']) {
      await scenario.entry('r1-form', id, 'Skipped');
      expect(await world.cluster.find(configMapOf(scenario.namespace, `r1-${id}`))).toBeUndefined();
    }
    for (const id of ['late-made', 'refused-made', 'free']) await scenario.entry('r1-form', id, 'Ready');
    const node = await scenario.node('r1-form');
    expect(((node?.status.skippedResourceIds ?? []) as readonly string[]).toSorted()).toEqual([
      'far',
      'late-skipped',
      'refused-skipped',
    ]);
  });

  test.concurrent('F11 compensation deletes what the attempt made, and nothing else', async () => {
    const never = { readyWhen: "'done' in object.data", timeoutSeconds: 2 };
    const scenario = await world.scenario('f11-back', {
      forms: { base: { configMaps: [configMap('shared', retain)] } },
      rows: ['r1'],
    });
    await scenario.ready(['r1-base']);
    const { uid } = (await scenario.get(configMapOf(scenario.namespace, 'r1-shared'))).metadata;
    await scenario.addForm('form', {
      rollbackOnFailure: true,
      configMaps: [configMap('mine'), configMap('kept', retain), configMap('late', { ...never, dependIds: ['mine'] })],
    });
    await scenario.entry('r1-form', 'mine', 'Skipped', 'RolledBack');
    await window(2_000);
    expect(scenario.deletes()).toEqual(['delete configmaps/r1-late', 'delete configmaps/r1-mine']);
    expect((await scenario.get(configMapOf(scenario.namespace, 'r1-shared'))).metadata.uid).toBe(uid);
    expect((await scenario.get(configMapOf(scenario.namespace, 'r1-kept'))).metadata.name).toBe('r1-kept');
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(world, world.begun);
  });
});

const thingDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.lives.example.com' },
  spec: {
    group: 'lives.example.com',
    scope: 'Namespaced',
    names: { plural: 'things', singular: 'thing', kind: 'Thing' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const rare = (apiVersion: string, kind: string, spec: object) => ({
  id: kind.toLowerCase(),
  nameTemplate: '{{ .uid }}-rare',
  spec: { apiVersion, kind, spec },
});

const rareKinds = {
  networkPolicies: [rare('networking.k8s.io/v1', 'NetworkPolicy', { podSelector: {}, policyTypes: ['Ingress'] })],
  horizontalPodAutoscalers: [
    rare('autoscaling/v2', 'HorizontalPodAutoscaler', {
      maxReplicas: 2,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' },
    }),
  ],
  podDisruptionBudgets: [
    rare('policy/v1', 'PodDisruptionBudget', { maxUnavailable: 1, selector: { matchLabels: { app: 'none' } } }),
  ],
  manifests: [rare('lives.example.com/v1', 'Thing', { size: 1 })],
};

const rarePaths = (namespace: string): readonly string[] => [
  `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/r1-rare`,
  `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/r1-rare`,
  `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/r1-rare`,
  `/apis/lives.example.com/v1/namespaces/${namespace}/things/r1-rare`,
];
