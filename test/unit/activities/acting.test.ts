import { describe, expect, it } from 'vitest';
import { actingCluster, serviceAccountUser } from '../../../activities/acting.ts';
import { LynqFailure } from '../../../domain/failures.ts';
import type { Cluster } from '../../../domain/ports.ts';

const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'team', name: 'a' };
const user = serviceAccountUser('team', 'lynq-forms');
const cluster = (change: Partial<Cluster>): Cluster => actingCluster({ ...({} as Cluster), ...change }, user);

describe('activities/acting', () => {
  it('says for whom a write or a read was refused', async () => {
    const refused = { kind: 'refused', reason: 'Forbidden', message: 'ConfigMap team/a: Forbidden' } as const;
    const result = await cluster({ apply: async () => refused }).apply(ref, {}, { manager: 'm', force: false });
    expect(result).toMatchObject({ reason: 'Forbidden', message: expect.stringContaining(`as ${user}`) });
    const reading = cluster({
      get: async () => {
        throw new LynqFailure('ClusterForbidden', 'may not read', { code: 403 });
      },
    }).get(ref);
    await expect(reading).rejects.toMatchObject({
      type: 'ClusterForbidden',
      detail: { code: 403 },
      message: expect.stringContaining(`as ${user}`),
    });
  });

  it('leaves every other answer as it is', async () => {
    const invalid = { kind: 'refused', reason: 'Invalid', message: 'no' } as const;
    const result = await cluster({ apply: async () => invalid }).apply(ref, {}, { manager: 'm', force: false });
    expect(result).toEqual(invalid);
    const failure = new LynqFailure('ClusterUnreachable', 'away');
    const reading = cluster({ get: async () => Promise.reject(failure) }).get(ref);
    await expect(reading).rejects.toBe(failure);
  });
});
