import { describe, expect, it } from 'vitest';
import { clusterWith, dryRunCluster, rememberingCluster } from '../../../../activities/plan/clusters.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const ref = (name: string, namespace = 'default') => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });
const configMap = (name: string, labels: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels },
});

function open() {
  const cluster = createFakeCluster();
  for (const name of ['one', 'two']) cluster.seed(configMap(name, { tracked: name }));
  cluster.seed(configMap('free', {}));
  return cluster;
}

describe('activities/plan/clusters', () => {
  it('tells listed objects apart, also when it is given the reference of one of them as the kind', async () => {
    const cluster = open();
    const known = rememberingCluster(cluster);
    await Promise.all([known.prefetch(ref('one'), 'tracked'), known.prefetch(ref('two'), 'tracked')]);
    const before = cluster.calls.length;

    for (const name of ['one', 'two']) {
      expect(await known.cluster.get(ref(name))).toMatchObject({ metadata: { name, namespace: 'default' } });
    }

    expect(cluster.calls).toHaveLength(before);
    expect(await known.cluster.get(ref('free'))).toMatchObject({ metadata: { name: 'free' } });
    expect(await known.cluster.get(ref('absent'))).toBeUndefined();
    expect(cluster.calls.filter(({ verb }) => verb === 'list')).toHaveLength(1);
  });

  it('shows objects as they are to be, in place of those that are stored', async () => {
    const placed = { ...configMap('one', { tracked: 'new' }), data: { a: 'b' } };
    const cluster = clusterWith(open(), [placed, configMap('added', {})]);

    expect(await cluster.get(ref('one'))).toEqual(placed);
    const listed = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'default' });
    expect(listed.map((object) => (object['metadata'] as { name: string }).name).toSorted()).toEqual([
      'added',
      'free',
      'one',
      'two',
    ]);
  });

  it('writes and deletes nothing in a dry run', async () => {
    const cluster = open();
    const before = cluster.objects();
    const dry = dryRunCluster(cluster);

    expect(await dry.apply(ref('new'), configMap('new', {}), { manager: 'x', force: false })).toMatchObject({
      kind: 'ok',
    });
    expect(await dry.delete(ref('one'), 'any')).toEqual({ kind: 'gone' });

    expect(cluster.objects()).toEqual(before);
    expect(cluster.calls.some(({ verb }) => verb === 'delete')).toBe(false);
  });
});
