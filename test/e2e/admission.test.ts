import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { childPath, conditionOf, type Json, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** What the API server itself refuses of hubs and forms: CEL of the CRDs, and the policy of deploy/admission. */
describe('e2e/admission', () => {
  const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
  const name = 'lynqform-graph.e2e-admission';
  let world: World;
  const configMap = (id: string, more: object = {}) => ({
    id,
    nameTemplate: `{{ .uid }}-${id}`,
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { image: 'v1' } },
    ...more,
  });
  const form = (named: string, spec: object) => ({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: named },
    spec: { hubId: 'multi-tier-nodes', ...spec },
  });
  const create = (kind: 'lynqforms' | 'lynqhubs', body: object, query = ''): Promise<Json> =>
    world.cluster.call('POST', `${lynqPath(world.namespace, kind)}${query}`, body);
  const refusal = async (kind: 'lynqforms' | 'lynqhubs', body: object): Promise<string> => {
    try {
      await create(kind, body, '?dryRun=All');
      return 'accepted';
    } catch (error) {
      return (error instanceof Error ? error.message : String(error)).replaceAll(String.raw`\u003e`, '>');
    }
  };

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'admission' });
    await world.database.sql("INSERT INTO nodes (node_id) VALUES ('acme')");
    await world.apply(world.hubText('2s'));
  }, 180_000);
  afterAll(async () => {
    await world?.cluster.remove(`${policies.replace('policies', 'policybindings')}/${name}`).catch(() => undefined);
    await world?.cluster.remove(`${policies}/${name}`).catch(() => undefined);
    await world?.close();
  });

  test('the CRDs refuse what one field can say, in the words of the Go operator', async () => {
    const hub = (source: object, valueMappings: object = { uid: 'id', activate: 'on' }) => ({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqHub',
      metadata: { name: 'other' },
      spec: { source, valueMappings },
    });
    const mysql = { host: 'db', port: 3306, username: 'u', database: 'd', table: 't' };
    const good = { type: 'mysql', syncInterval: '30s', mysql };
    expect(await refusal('lynqhubs', hub(good))).toBe('accepted');
    expect(await refusal('lynqhubs', hub({ type: 'mysql', syncInterval: '30s' }))).toContain(
      'mysql configuration is required when source type is mysql',
    );
    expect(await refusal('lynqhubs', hub({ type: 'postgres', syncInterval: '30s', mysql }))).toContain(
      'postgres configuration is required when source type is postgres',
    );
    for (const field of ['host', 'username', 'database', 'table']) {
      expect(await refusal('lynqhubs', hub({ ...good, mysql: { ...mysql, [field]: '' } }))).toContain(
        `mysql.${field} is required`,
      );
    }
    expect(await refusal('lynqhubs', hub(good, { uid: '', activate: 'on' }))).toContain(
      'valueMappings.uid is required',
    );
    expect(await refusal('lynqhubs', hub(good, { uid: 'id', activate: '' }))).toContain(
      'valueMappings.activate is required',
    );
    expect(await refusal('lynqforms', form('x', { hubId: '' }))).toContain('hubId is required');
    expect(await refusal('lynqforms', form('x', { configMaps: [configMap('')] }))).toContain(
      'resource must have a non-empty ID',
    );
  }, 60_000);

  test('a form that is not valid changes no running node, and condition Valid says why', async () => {
    await create('lynqforms', form('steady', { configMaps: [configMap('one')] }));
    const [node] = await world.ready(['acme-steady']);
    const child = childPath('ConfigMap', world.namespace, 'acme-one');
    const before = await world.cluster.get(child);

    await world.cluster.merge(lynqPath(world.namespace, 'lynqforms', 'steady'), {
      spec: {
        configMaps: [configMap('one', { spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { image: 'v2' } } })],
        secrets: [configMap('one', { dependIds: ['nowhere'] })],
      },
    });
    const valid = await eventually('Valid is False', async () => {
      const found = conditionOf(await world.cluster.get(lynqPath(world.namespace, 'lynqforms', 'steady')), 'Valid');
      return found?.status === 'False' ? there(found) : notYet(found ?? 'none');
    });
    expect(valid.message).toContain('Duplicate resource IDs: [one]');
    expect(valid.message).toContain("resource 'one' depends on non-existent resource 'nowhere'");
    await window(5_000);
    const after = await world.cluster.get(child);
    expect(after.metadata.resourceVersion).toBe(before.metadata.resourceVersion);
    expect((await world.node('acme-steady'))?.spec).toEqual(node?.spec);
  }, 120_000);

  test('the policy refuses what stands in several lists, and leaves good forms alone', async () => {
    const text = readFileSync(new URL('../../deploy/admission/lynqform-graph.yaml', import.meta.url), 'utf8');
    const [policy, binding] = parseAllDocuments(text).map((document) => document.toJS() as Json);
    await world.cluster.create(policies, { ...policy, metadata: { name } });
    // Of this world only: other tests make such forms on purpose.
    const namespaceSelector = { matchLabels: { 'kubernetes.io/metadata.name': world.namespace } };
    await world.cluster.create(policies.replace('policies', 'policybindings'), {
      ...binding,
      metadata: { name },
      spec: { ...binding.spec, policyName: name, matchResources: { namespaceSelector } },
    });
    const twice = form('twice', {
      deployments: [configMap('a'), configMap('b')],
      secrets: [configMap('b'), configMap('a')],
    });
    await eventually('the policy is in force', async () => {
      const said = await refusal('lynqforms', twice);
      return said === 'accepted' ? notYet(said) : there(said);
    });

    expect(await refusal('lynqforms', twice)).toMatch(/duplicate resource IDs found: \[(a b|b a)\]/);
    expect(
      await refusal(
        'lynqforms',
        form('x', { jobs: [configMap('a', { dependIds: ['b', 'c'] })], services: [configMap('b')] }),
      ),
    ).toContain("dependency validation failed: resource 'a' depends on non-existent resource 'c'");
    expect(await refusal('lynqforms', form('x', { jobs: [configMap('a', { dependIds: ['a'] })] }))).toContain(
      'dependency validation failed: circular dependency detected: a -> a',
    );
    const chain = Array.from({ length: 200 }, (_, i) =>
      configMap(`e${i}`, i === 0 ? {} : { dependIds: [`e${i - 1}`] }),
    );
    const large = form('large', { manifests: chain.slice(0, 100), configMaps: chain.slice(100) });
    expect(await refusal('lynqforms', large)).toBe('accepted');
    expect(await refusal('lynqforms', form('empty', {}))).toBe('accepted');

    // Taken before the policy was there: whoever writes anything but its spec, the worker among them, still may.
    const steady = lynqPath(world.namespace, 'lynqforms', 'steady');
    await world.cluster.merge(steady, { metadata: { labels: { seen: 'yes' } } });
    await expect(world.cluster.merge(steady, { spec: { rollout: { maxSkew: 1 } } })).rejects.toThrow(
      'duplicate resource IDs found: [one]',
    );

    const checked = await eventually('the policy has been checked', async () => {
      const { status } = await world.cluster.get(`${policies}/${name}`);
      return status?.observedGeneration === undefined ? notYet(status) : there(status);
    });
    expect(checked.typeChecking?.expressionWarnings ?? []).toEqual([]);
  }, 120_000);
});
