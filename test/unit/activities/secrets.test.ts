import { describe, expect, it } from 'vitest';
import { openHubKeys } from '../../../activities/secrets.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const namespace = 'lynq';
const secret = (key: Uint8Array) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'customers-lynq-key', namespace },
  data: { key: Buffer.from(key).toString('base64') },
});

describe('activities/secrets', () => {
  const key = new Uint8Array(32).fill(3);
  const random = (length: number) => new Uint8Array(length).fill(5);

  it('knows a key of a hub a little after it was asked for, and asks once', async () => {
    const cluster = createFakeCluster();
    cluster.seed(secret(key));
    const keys = openHubKeys(cluster, random);
    expect([keys.known(namespace, 'customers'), keys.known(namespace, 'customers')]).toEqual([undefined, undefined]);
    await keys.settled();
    expect(keys.known(namespace, 'customers')).toEqual(Buffer.from(key));
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['get']);
  });

  it('never makes a key only because someone would like to know it', async () => {
    const cluster = createFakeCluster();
    const keys = openHubKeys(cluster, random);
    expect(keys.known(namespace, 'customers')).toBeUndefined();
    await keys.settled();
    expect(keys.known(namespace, 'customers')).toBeUndefined();
    await keys.settled();
    expect(cluster.calls.map(({ verb }) => verb)).toEqual(['get']);
    expect(cluster.objects('Secret')).toEqual([]);
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    expect(await keys.of(namespace, 'customers')).toEqual(random(32));
    expect(keys.known(namespace, 'customers')).toEqual(random(32));
  });

  it('leaves a key that is not one to whoever needs it', async () => {
    const cluster = createFakeCluster();
    cluster.seed(secret(new Uint8Array(8)));
    const keys = openHubKeys(cluster, random);
    keys.known(namespace, 'customers');
    await keys.settled();
    expect(keys.known(namespace, 'customers')).toBeUndefined();
    await expect(keys.of(namespace, 'customers')).rejects.toMatchObject({ type: 'HubInvalid' });
  });
});
