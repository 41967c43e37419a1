import { describe, expect, it } from 'vitest';
import { LynqFailure } from '../../domain/failures.ts';
import { createFakeCluster } from '../support/fake-cluster.ts';
import { clusterContract } from './cluster.contract.ts';

describe('test/support/fake-cluster', () => {
  clusterContract(async () => {
    const cluster = createFakeCluster();
    return { cluster, reflector: cluster.reflector, close: () => Promise.resolve() };
  });

  const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'acme', name: 'web' };
  const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web', namespace: 'acme' } };
  const options = { manager: 'me', force: false };
  const failure = new LynqFailure('ClusterUnreachable', 'cut');

  it('remembers its calls', async () => {
    const cluster = createFakeCluster();
    await cluster.get(ref);
    await cluster.apply(ref, body, options);
    expect(cluster.calls).toMatchObject([
      { verb: 'get', ref },
      { verb: 'apply', ref, body, options },
    ]);
  });

  it('fails, answers and loses answers as its rules say, until they are taken away', async () => {
    const cluster = createFakeCluster();
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'acme' } });
    const failing = cluster.intercept(({ verb }) => (verb === 'apply' ? { failure } : undefined));
    await expect(cluster.apply(ref, body, options)).rejects.toBe(failure);
    expect(await cluster.get(ref)).toBeUndefined();
    failing();
    const losing = cluster.intercept(({ verb }) => (verb === 'create' ? { lost: failure } : undefined));
    await expect(cluster.create(ref, body, options)).rejects.toBe(failure);
    expect(await cluster.get(ref)).toBeDefined();
    losing();
    cluster.intercept(({ verb }) => (verb === 'delete' ? { answer: { kind: 'otherUid' } } : undefined));
    expect(await cluster.delete(ref, 'u')).toEqual({ kind: 'otherUid' });
  });

  it('takes kinds and objects that a test puts there', async () => {
    const cluster = createFakeCluster({ now: () => new Date('2026-01-02T03:04:05Z') });
    const kind = { apiVersion: 'x.io/v1', kind: 'Widget' };
    cluster.addKind(kind);
    const seeded = cluster.seed({ ...kind, metadata: { name: 'w', namespace: 'new' }, spec: { a: 1 } });
    expect(seeded).toMatchObject({ metadata: { generation: 1, creationTimestamp: '2026-01-02T03:04:05Z' } });
    expect(await cluster.list(kind, {})).toEqual([seeded]);
    expect(cluster.objects('Widget')).toEqual([seeded]);
    cluster.removeKind(kind);
    expect(await cluster.kindInfo(kind)).toBeUndefined();
  });
});
