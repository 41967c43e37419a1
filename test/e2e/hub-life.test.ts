import { ScheduleNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

/** What happens to a hub as an object: edited, deleted while a sync runs, deleted without its nodes. */
describe('e2e/hub-life', () => {
  let world: World;

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'hub-life', schema: 'CREATE TABLE seed (id INT)' });
  });
  afterAll(() => world?.close());

  const path = (name: string): string => lynqPath(world.namespace, 'lynqhubs', name);
  const nodesOf = async (hub: string): Promise<readonly KubeObject[]> =>
    (await world.nodes()).filter(({ spec }) => spec?.templateRef === `${hub}-form`);

  async function open(name: string, rows: readonly string[], syncInterval = '2s'): Promise<void> {
    const { database, namespace, cluster } = world;
    await database.sql(
      `CREATE TABLE \`${name}\` (id VARCHAR(63), active INT DEFAULT 1, size INT DEFAULT 1, other INT DEFAULT 7)`,
    );
    await database.sql(`INSERT INTO \`${name}\` (id) VALUES ${rows.map((row) => `('${row}')`).join(', ')}`);
    const hub = hubObject({ name, namespace, database, table: name, extra: { size: 'size' }, syncInterval });
    await cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
    const form = configMapForm({ name: `${name}-form`, namespace, hub: name }, [
      { id: 'map', data: { size: '{{ .size }}' } },
      { id: 'kept', deletionPolicy: 'Retain', data: { size: '{{ .size }}' } },
    ]);
    await cluster.create(lynqPath(namespace, 'lynqforms'), form);
  }

  test('an edited mapping is taken over at once, without waiting for the interval', async () => {
    await open('edited', ['one'], '1h');
    await world.ready(['one-edited-form']);
    await world.cluster.merge(path('edited'), { spec: { extraValueMappings: { size: 'other' } } });
    await eventually('the other column is used', async () => {
      const map = await world.cluster.get(childPath('ConfigMap', world.namespace, 'one-edited-form-map'));
      return map.data?.['size'] === '7' ? there(map) : notYet(map.data);
    });
  });

  test('a hub deleted while its first sync runs leaves nothing behind and makes nothing afterwards', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `r${index}`);
    await open('hasty', rows);
    await eventually('the first nodes are there', async () => {
      const found = await nodesOf('hasty');
      return found.length > 0 ? there(found) : notYet('none');
    });
    const place = world.audit.now();
    await world.cluster.remove(path('hasty'));
    await eventually('the hub is gone', async () => {
      const found = await world.cluster.find(path('hasty'));
      return found === undefined ? there(true) : notYet(`${(await nodesOf('hasty')).length} nodes left`);
    });

    expect(await nodesOf('hasty')).toEqual([]);
    const deleted = world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.name?.endsWith('-hasty-form-kept') === true);
    expect(deleted).toEqual([]);
  });

  test.each(['2s', '0s'])(
    'the schedule of a hub that went while no worker ran goes with the next worker, with a timer or without: %s',
    async (syncInterval) => {
      const name = `unseen-${syncInterval}`;
      await open(name, ['one'], syncInterval);
      await world.ready([`one-${name}-form`]);
      const schedule = world.engine.client.schedule.getHandle(`hub/${world.namespace}/${name}`);
      await schedule.describe();
      await world.worker.stop();
      try {
        await world.cluster.merge(path(name), { metadata: { finalizers: [] } });
        await world.cluster.remove(path(name));
        await eventually('the hub is gone', async () =>
          (await world.cluster.find(path(name))) === undefined ? there(true) : notYet('not yet'),
        );
      } finally {
        await world.worker.start();
      }
      await eventually('the schedule is gone', () =>
        schedule.describe().then(
          ({ info }) => notYet(`it has started ${info.numActionsTaken} syncs`),
          (error: unknown) => (error instanceof ScheduleNotFoundError ? there(true) : notYet(String(error))),
        ),
      );
    },
    120_000,
  );

  test('--cascade=orphan leaves the nodes and their objects as they are', async () => {
    await open('left', ['one', 'two']);
    await world.ready(['one-left-form', 'two-left-form']);
    const before = new Map((await nodesOf('left')).map(({ metadata }) => [metadata.name, metadata.uid]));
    const ended = await world.kubectl([
      'delete',
      'lynqhub',
      'left',
      '-n',
      world.namespace,
      '--cascade=orphan',
      '--wait=false',
    ]);
    expect(ended).toMatchObject({ code: 0 });
    await eventually('the hub is gone', async () => {
      const found = await world.cluster.find(path('left'));
      return found === undefined ? there(true) : notYet(JSON.stringify(found.metadata.finalizers));
    });

    const after = await nodesOf('left');
    expect(new Map(after.map(({ metadata }) => [metadata.name, metadata.uid]))).toEqual(before);
    expect(after.every(({ metadata }) => metadata.deletionTimestamp === undefined)).toBe(true);
    for (const name of before.keys()) await world.cluster.remove(lynqPath(world.namespace, 'lynqnodes', name));
    await world.gone([...before.keys()]);
  });
});
