import { writeFileSync } from 'node:fs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Cluster, openCluster } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMap, configMapOf, service } from '../../support/faults/proxy-forms.ts';
import { openProxyWorld, type ProxyWorld } from '../../support/faults/proxy-world.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';

const account = 'flt-worker';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

async function grant(
  cluster: Cluster,
  name: string,
  apiGroups: readonly string[],
  resources: readonly string[],
): Promise<void> {
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  await cluster.create(`${rbac}/clusterroles`, {
    apiVersion,
    kind: 'ClusterRole',
    metadata: { name },
    rules: [{ apiGroups, resources, verbs: ['*'] }],
  });
  await cluster.create(`${rbac}/clusterrolebindings`, {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: 'default' }],
  });
}

async function tokenOf(cluster: Cluster): Promise<string> {
  const made = (await cluster.call('POST', `/api/v1/namespaces/default/serviceaccounts/${account}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3_600 },
  })) as { status: { token: string } };
  return made.status.token;
}

describe('faults/api/account', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-token-'));
  const tokenFile = join(folder, 'token');
  const cluster = openCluster(inject('stack').kubeconfig);
  let world: ProxyWorld;

  beforeAll(async () => {
    await cluster.create('/api/v1/namespaces/default/serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: account },
    });
    const groups = [
      'apps',
      'batch',
      'operator.lynq.sh',
      'coordination.k8s.io',
      'apiextensions.k8s.io',
      'events.k8s.io',
    ];
    await grant(cluster, 'flt-groups', groups, ['*']);
    await grant(cluster, 'flt-core', [''], ['configmaps', 'secrets', 'namespaces', 'events']);
    await grant(cluster, 'flt-services', [''], ['services']);
    writeFileSync(tokenFile, await tokenOf(cluster));
    world = await openProxyWorld(inject('stack'), { name: 'account', user: { tokenFile } });
  });
  afterAll(async () => {
    await world?.close();
    await cluster.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('K14 a token that was rotated is read again, without a restart', async () => {
    const scenario = await world.scenario('k14', { forms: { form: { configMaps: [configMap('a')] } }, rows: ['r1'] });
    await scenario.ready(['r1-form']);
    const used = new Set(world.proxy.calls.map(({ authorization }) => authorization));
    expect(used.size).toBe(1);
    const next = await tokenOf(cluster);
    writeFileSync(tokenFile, next);
    const expired = world.proxy.add({
      match: { where: ({ authorization }) => used.has(authorization) },
      fault: { kind: 'answer', code: 401 },
    });
    for (const watch of world.proxy.watches()) watch.cut();
    await scenario.count('r1', 2);
    await eventually('the new value', async () => {
      const { data } = await scenario.get(configMapOf(scenario.namespace, 'r1-a'));
      return data?.['counter'] === '2' ? there(true) : notYet(data);
    });
    expect(expired.hits()).toBeGreaterThan(0);
    const later = world.proxy.of({ verb: 'apply', namespace: scenario.namespace }).at(-1);
    expect(later?.authorization).toBe(`Bearer ${next}`);
    expect(world.worker.output().match(/"worker ready"/g)).toHaveLength(1);
    expired.remove();
  });

  test('K15 without rights on one kind only its objects wait, and go through when the rights are back', async () => {
    const mixed = {
      configMaps: [configMap('a'), configMap('after', { dependIds: ['web'] })],
      services: [service('web')],
    };
    const scenario = await world.scenario('k15', { forms: { form: mixed }, rows: ['r1'] });
    await scenario.ready(['r1-form']);
    await world.cluster.remove(`${rbac}/clusterrolebindings/flt-services`);
    await window(1_000);
    await scenario.insert('r2');
    const waiting = await scenario.entry('r2-form', 'web', 'Waiting', 'Forbidden');
    expect(waiting.message).toMatch(/services|Service/);
    await scenario.entry('r2-form', 'a', 'Ready');
    await scenario.entry('r2-form', 'after', 'Waiting', 'DependencyNotReady');
    await scenario.ready(['r1-form']);
    expect(scenario.deletes()).toEqual([]);
    await world.cluster.remove(`${rbac}/clusterroles/flt-services`);
    await grant(cluster, 'flt-services', [''], ['services']);
    await scenario.ready(['r2-form'], { withinMs: 75_000 });
    expect(scenario.deletes()).toEqual([]);
  });

  test('K15 a kind that could never be listed holds up no pass', async () => {
    const spec = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', spec: { podSelector: {} } };
    const policy = { id: 'fence', nameTemplate: '{{ .uid }}-fence', spec };
    const scenario = await world.scenario('k15-new', {
      forms: { form: { networkPolicies: [policy], configMaps: [configMap('a')] } },
      rows: ['r1'],
    });
    await scenario.entry('r1-form', 'fence', 'Waiting', 'Forbidden');
    await scenario.entry('r1-form', 'a', 'Ready');
    await grant(cluster, 'flt-networking', ['networking.k8s.io'], ['networkpolicies']);
    await scenario.ready(['r1-form'], { withinMs: 75_000 });
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(world, world.begun, { least: { deletes: 0 } });
  });
});
