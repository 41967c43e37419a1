import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openHubKeys } from '../../../activities/secrets.ts';
import { LynqFailure } from '../../../domain/failures.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

function keysOf(cluster: ReturnType<typeof createFakeCluster>) {
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' } });
  return openHubKeys(cluster, (length) => randomBytes(length));
}

describe('activities/secrets', () => {
  it('makes one key for all nodes of a hub that begin at the same time', async () => {
    const cluster = createFakeCluster();
    const keys = keysOf(cluster);
    const found = await Promise.all(Array.from({ length: 50 }, () => keys.of('ns', 'hub')));
    expect(new Set(found.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect(cluster.calls.filter(({ verb }) => verb === 'create')).toHaveLength(1);
    expect(cluster.calls.filter(({ verb }) => verb === 'get')).toHaveLength(1);
  });

  it('asks again after a failure', async () => {
    const cluster = createFakeCluster();
    const keys = keysOf(cluster);
    const heal = cluster.intercept(() => ({ failure: new LynqFailure('ClusterUnreachable', 'no answer') }));
    await expect(keys.of('ns', 'hub')).rejects.toMatchObject({ type: 'ClusterUnreachable' });
    heal();
    expect(await keys.of('ns', 'hub')).toHaveLength(32);
  });
});
