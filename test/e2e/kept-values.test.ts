import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { JsonObject } from '../../domain/api/json.ts';
import { formerHash, keyedHash } from '../../domain/hashes.ts';
import { ownedFieldsHash } from '../../domain/owned-fields.ts';
import type { KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';

/** What is kept of a node's secrets beside its objects: the first results of key functions, and hashes. */
describe('e2e/kept-values', () => {
  let world: SmallWorld;
  const secretPath = (name: string) => `/api/v1/namespaces/${world.namespace}/secrets/${name}`;
  const secret = (name: string): Promise<KubeObject | undefined> => world.cluster.find(secretPath(name));
  const entry = (id: string, stringData: Readonly<Record<string, string>>, change = {}) => ({
    id,
    nameTemplate: `{{ .uid }}-${id}`,
    spec: { apiVersion: 'v1', kind: 'Secret', stringData },
    ...change,
  });
  const withKey = (id: string, change = {}) => entry(id, { key: '{{ genPrivateKey "ed25519" }}' }, change);

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'kept-values');
    await world.putForm('goes', { secrets: [withKey('goes-key')] });
    await world.putForm('stays', { secrets: [withKey('stays-key', { deletionPolicy: 'Retain' })] });
    await world.putForm('pin', { secrets: [entry('pin', { pin: '1234' })] });
    await world.addRow('acme');
    await world.ready(['acme-goes', 'acme-stays', 'acme-pin']);
  });
  afterAll(() => world?.close());

  test('what tells changes of a Secret apart says nothing about its content to who does not have the key of the hub', async () => {
    const live = (await secret('acme-pin'))!;
    const hubKey = (await secret('things-lynq-key'))?.data?.['key'];
    const key = Buffer.from(hubKey ?? '', 'base64');
    expect(key).toHaveLength(32);
    const node = (await world.node('acme-pin'))!;
    const [record] = node.status.inventory as readonly { baseline: string; applied: string }[];
    const plain = ownedFieldsHash(live as unknown as JsonObject) ?? '';
    expect(record?.baseline).toBe(keyedHash(key, plain));
    const told = JSON.stringify([node, live.metadata.annotations]);
    expect(live.metadata.annotations?.['lynq.sh/applied-hash']).toBe(record?.applied);
    expect(record?.applied).toMatch(/^k-[0-9a-f]{32}$/);
    expect(told).not.toContain(formerHash(plain));
  });

  test('first results of key functions go with their node when nothing stays, and stay with what is retained', async () => {
    const kept = (await secret('acme-stays-key'))!;
    expect((await secret('acme-goes-generated'))?.data).toBeDefined();
    expect((await secret('acme-stays-generated'))?.data).toBeDefined();
    await world.dropRow('acme');
    await world.gone(['acme-goes', 'acme-stays', 'acme-pin']);
    await eventually('the results are gone', async () =>
      (await secret('acme-goes-generated')) === undefined ? there(true) : notYet('there'),
    );
    expect(await secret('acme-goes-key')).toBeUndefined();
    expect((await secret('acme-stays-key'))?.metadata.uid).toBe(kept.metadata.uid);
    expect(await secret('acme-stays-generated')).toBeDefined();

    await world.addRow('acme');
    await world.ready(['acme-goes', 'acme-stays']);
    const back = (await secret('acme-stays-key'))!;
    expect([back.metadata.uid, back.data]).toEqual([kept.metadata.uid, kept.data]);
    expect(back.metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
  });
});
