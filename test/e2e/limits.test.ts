import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, conditionOf, type Json, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

const schema =
  'CREATE TABLE things (id VARCHAR(63), active BOOLEAN DEFAULT TRUE, big LONGTEXT); CREATE TABLE wide LIKE things; CREATE TABLE gated LIKE things;';

describe('e2e/limits', () => {
  let world: World;

  const sizeOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
  async function hubOf(table: string): Promise<void> {
    const { namespace, database } = world;
    await world.cluster.create(
      lynqPath(namespace, 'lynqhubs'),
      hubObject({ name: table, namespace, database, table, extra: { big: 'big' }, syncInterval: '3s' }),
    );
  }
  const put = (name: string, hub: string, entries: Parameters<typeof configMapForm>[1]): Promise<KubeObject> =>
    world.cluster.create(
      lynqPath(world.namespace, 'lynqforms'),
      configMapForm({ name, namespace: world.namespace, hub }, entries),
    );
  const resourceOf = (node: KubeObject | undefined, id: string): Json =>
    (node?.status?.resources ?? []).find((resource: Json) => resource.id === id);

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'limits', schema });
    await world.database.sql('INSERT INTO things (id, big) VALUES (?, ?), (?, ?)', [
      'large',
      'ä'.repeat(50_000),
      'plain',
      'x',
    ]);
    await world.database.sql("INSERT INTO wide (id, big) VALUES ('wide', 'x')");
    await hubOf('things');
    await hubOf('wide');
    await put('copy', 'things', [{ id: 'map', data: { big: '{{ .big }}' } }]);
    await world.ready(['plain-copy', 'large-copy']);
  });
  afterAll(() => world?.close());

  test('a row with a value of 100 KB arrives whole', async () => {
    const map = await world.cluster.get(childPath('ConfigMap', world.namespace, 'large-copy-map'));
    expect(map.data?.['big']).toBe('ä'.repeat(50_000));
  });

  test('a row that does not fit into annotations is frozen by name; the others go on', async () => {
    await world.database.sql('INSERT INTO things (id, big) VALUES (?, ?), (?, ?)', [
      'huge',
      'y'.repeat(400_000),
      'after',
      'x',
    ]);
    await world.ready(['after-copy']);
    const { status } = await world.hub('things');
    expect(status.frozenRows).toEqual([expect.objectContaining({ uid: 'huge', reason: 'TooLarge' })]);
    expect(await world.node('huge-copy')).toBeUndefined();
    expect(JSON.stringify(status)).not.toContain('yyy');
    await world.database.sql("UPDATE things SET big = 'z' WHERE id = 'huge'");
    await world.ready(['huge-copy']);
  });

  test('a row that outgrows the limit keeps its node as it is', async () => {
    const before = await world.cluster.get(childPath('ConfigMap', world.namespace, 'plain-copy-map'));
    await world.database.sql('UPDATE things SET big = ? WHERE id = ?', ['y'.repeat(400_000), 'plain']);
    await eventually('the row is frozen', async () => {
      const { status } = await world.hub('things');
      return JSON.stringify(status.frozenRows ?? []).includes('TooLarge') ? there(true) : notYet(status);
    });
    const after = await world.cluster.get(childPath('ConfigMap', world.namespace, 'plain-copy-map'));
    expect([after.metadata.uid, after.data]).toEqual([before.metadata.uid, before.data]);
    await world.database.sql("UPDATE things SET big = 'x' WHERE id = 'plain'");
  });

  test('a ConfigMap of exactly the 1 MiB that Kubernetes allows is applied; one byte more is named, tried once, and holds up nothing but itself', async () => {
    const place = world.audit.now();
    // A field gives at most 512 KiB less a few; the API server counts the values.
    const text = '{{ repeat 500000 "m" }}';
    const rest = 1024 * 1024 - 2 * 500_000;
    await put('heavy', 'things', [
      { id: 'fits', data: { a: text, b: text, c: `{{ repeat ${rest} "m" }}` } },
      { id: 'exceeds', data: { a: text, b: text, c: `{{ repeat ${rest + 1} "m" }}` } },
      { id: 'beside', data: { text: 'm' } },
    ]);
    const node = await eventually('all that can is there', async () => {
      const found = await world.node('plain-heavy');
      const states = ['fits', 'beside', 'exceeds'].map((id) => resourceOf(found, id)?.state);
      return states.join() === 'Ready,Ready,Failed' ? there(found) : notYet(found?.status?.resources ?? 'absent');
    });
    expect(resourceOf(node, 'exceeds')).toMatchObject({ reason: 'TooLarge' });
    expect(sizeOf(node?.status)).toBeLessThan(10_000);
    const version = node?.metadata.resourceVersion;
    await window(8_000);
    expect((await world.node('plain-heavy'))?.metadata.resourceVersion).toBe(version);
    const made = world.audit.ofWorker(place).filter(({ objectRef }) => objectRef?.name === 'plain-heavy-beside');
    expect(made).toHaveLength(1);
    await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', 'heavy'));
  });

  test('a form with a rollout takes a new value of 100 KB of JSON beside the old one; what cannot be held twice is refused by name', async () => {
    const text = (mark: string, size: number) => `{"mark":"${mark}",\n`.repeat(size).slice(0, size);
    const set = (uid: string, big: string) => world.database.sql('UPDATE gated SET big = ? WHERE id = ?', [big, uid]);
    await world.database.sql('INSERT INTO gated (id, big) VALUES (?, ?), (?, ?)', [
      'json',
      text('a', 100 * 1024),
      'twice',
      'y'.repeat(150_000),
    ]);
    await hubOf('gated');
    const form = configMapForm({ name: 'paced', namespace: world.namespace, hub: 'gated' }, [
      { id: 'map', data: { big: '{{ .big }}' } },
    ]) as { readonly spec: object };
    await world.cluster.create(lynqPath(world.namespace, 'lynqforms'), {
      ...form,
      spec: { ...form.spec, rollout: { maxSkew: 1 } },
    });
    await world.ready(['json-paced', 'twice-paced']);
    await set('json', text('b', 100 * 1024));
    await set('twice', 'z'.repeat(150_000));
    const map = (uid: string) => childPath('ConfigMap', world.namespace, `${uid}-paced-map`);
    await eventually('the new value has arrived', async () => {
      const big = (await world.cluster.get(map('json'))).data?.['big'] ?? '';
      return big === text('b', 100 * 1024) ? there(true) : notYet(big.slice(0, 20));
    });
    const frozen = await eventually('the hub names what is too large', async () => {
      const { status } = await world.hub('gated');
      return (status.frozenRows ?? []).length > 0 ? there(status.frozenRows) : notYet(status);
    });
    expect(frozen).toEqual([expect.objectContaining({ uid: 'twice', reason: 'TooLarge' })]);
    expect((await world.cluster.get(map('twice'))).data?.['big']).toBe('y'.repeat(150_000));
  });

  test('a form of 500 resources stays far below the limits of etcd and Temporal', async () => {
    await put(
      'many',
      'wide',
      Array.from({ length: 500 }, (_, index) => ({ id: `entry-number-${index}` })),
    );
    const [node] = await world.ready(['wide-many'], { withinMs: 110_000 });
    expect(node?.status).toMatchObject({ readyResources: 500, desiredResources: 500 });
    const history = await world.engine.client.workflow.getHandle(`node/${world.namespace}/wide-many`).fetchHistory();
    const payloads = (history.events ?? []).flatMap(
      (event) => event.activityTaskCompletedEventAttributes?.result?.payloads ?? [],
    );
    const largest = Math.max(...payloads.map(({ data }) => data?.length ?? 0));
    const sizes = { object: sizeOf(node), largest };
    expect(sizes.object, JSON.stringify(sizes)).toBeLessThan(500_000);
    expect(sizes.largest, JSON.stringify(sizes)).toBeLessThan(143_000);
  }, 150_000);

  test('a form of more resources, or with a longer chain, is not Valid and names its limit; nothing of it is made', async () => {
    const links = Array.from({ length: 201 }, (_, index) => ({
      id: `link-${index}`,
      dependIds: index === 0 ? [] : [`link-${index - 1}`],
    }));
    await put(
      'vast',
      'wide',
      Array.from({ length: 501 }, (_, index) => ({ id: `entry-${index}` })),
    );
    await put('long', 'wide', links);
    for (const [form, reason] of [
      ['vast', 'TooManyResources: 501 resources in one form, at most 500'],
      ['long', 'ChainTooLong: 201 resources'],
    ] as const) {
      const valid = await eventually(`form ${form} is judged`, async () => {
        const found = await world.cluster.get(lynqPath(world.namespace, 'lynqforms', form));
        const condition = conditionOf(found, 'Valid');
        return condition === undefined ? notYet(found.status ?? 'no status') : there(condition);
      });
      expect(valid).toMatchObject({ status: 'False', reason: 'ValidationFailed' });
      expect(valid.message).toContain(reason);
      expect(await world.node(`wide-${form}`)).toBeUndefined();
    }
  });

  test('a chain of 200 is applied in its order', async () => {
    const place = world.audit.now();
    await put(
      'chain',
      'wide',
      Array.from({ length: 200 }, (_, index) => ({
        id: `link-${index}`,
        dependIds: index === 0 ? [] : [`link-${index - 1}`],
      })),
    );
    await world.ready(['wide-chain'], { withinMs: 280_000 });
    const order = world.audit
      .ofWorker(place)
      .map(({ objectRef, verb }) => (verb === 'patch' && objectRef?.resource === 'configmaps' ? objectRef.name : ''))
      .filter((name): name is string => name?.startsWith('wide-chain-link-') === true);
    expect(order).toEqual(Array.from({ length: 200 }, (_, index) => `wide-chain-link-${index}`));
  }, 300_000);
});
