import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../support/e2e/manifests.ts';
import { openWorld, type World } from '../support/e2e/world.ts';

const schema = ['left', 'right']
  .map(
    (name) => `CREATE TABLE \`${name}\` (id VARCHAR(63) PRIMARY KEY, active BOOLEAN DEFAULT TRUE, size INT DEFAULT 1);`,
  )
  .join('\n');

describe('e2e/hub-deletion', () => {
  const rows = ['one', 'two', 'three'];
  let world: World;

  const names = (hub: string) => rows.map((row) => `${row}-${hub}-form`);
  const mapsOf = async (hub: string): Promise<readonly KubeObject[]> =>
    (await world.cluster.list(childPath('ConfigMap', world.namespace))).filter(({ metadata }) =>
      metadata.name.includes(`-${hub}-form-`),
    );

  beforeAll(async () => {
    world = await openWorld(inject('stack'), { name: 'two-hubs', schema });
    const { namespace, database } = world;
    for (const name of ['left', 'right']) {
      await world.database.sql(`INSERT INTO \`${name}\` (id) VALUES ${rows.map((row) => `('${row}')`).join(', ')}`);
      const hub = hubObject({ name, namespace, database, table: name, extra: { size: 'size' }, syncInterval: '2s' });
      await world.cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
      const form = configMapForm({ name: `${name}-form`, namespace, hub: name }, [
        { id: 'base', data: { size: '{{ .size }}' } },
        { id: 'top', dependIds: ['base'] },
        { id: 'kept', deletionPolicy: 'Retain', data: { size: '{{ .size }}' } },
      ]);
      await world.cluster.create(lynqPath(namespace, 'lynqforms'), form);
    }
    await world.ready([...names('left'), ...names('right')]);
  });
  afterAll(() => world?.close());

  test('two hubs side by side have the same uids without disturbing each other', async () => {
    await world.database.sql("UPDATE `left` SET size = 2 WHERE id = 'one'");
    await eventually('the change on the left', async () => {
      const map = await world.cluster.get(childPath('ConfigMap', world.namespace, 'one-left-form-base'));
      return map.data?.['size'] === '2' ? there(map) : notYet(map.data);
    });
    const right = await world.cluster.get(childPath('ConfigMap', world.namespace, 'one-right-form-base'));
    expect(right.data).toEqual({ size: '1' });
    expect((await world.hub('left')).status.rows.active).toBe(3);
    expect(await world.nodes()).toHaveLength(6);
  });

  test('objects beside their node are owned by it, retained ones are not', async () => {
    const node = await world.node('one-left-form');
    const maps = new Map((await mapsOf('left')).map((map) => [map.metadata.name, map.metadata]));
    expect(maps.get('one-left-form-base')?.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'LynqNode', name: 'one-left-form', uid: node?.metadata.uid, controller: true }),
    ]);
    expect(maps.get('one-left-form-kept')?.ownerReferences).toBeUndefined();
    expect(node?.metadata.ownerReferences).toEqual([
      expect.objectContaining({ kind: 'LynqHub', name: 'left', controller: true }),
    ]);
  });

  test('a deleted hub goes after its nodes, and these by their policies; the other hub is not touched', async () => {
    const hubs = world.cluster.watch(lynqPath(world.namespace, 'lynqhubs'));
    const nodes = world.cluster.watch(lynqPath(world.namespace, 'lynqnodes'));
    const kept = new Map((await mapsOf('left')).map(({ metadata }) => [metadata.name, metadata.uid]));
    const rightBefore = (await mapsOf('right')).map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`);
    await eventually('the watches run', () =>
      hubs.events.length >= 2 && nodes.events.length >= 6 ? there(true) : notYet(''),
    );
    const place = world.audit.now();
    await world.cluster.remove(lynqPath(world.namespace, 'lynqhubs', 'left'));
    await eventually('the hub is gone', async () => {
      const hub = await world.cluster.find(lynqPath(world.namespace, 'lynqhubs', 'left'));
      return hub === undefined ? there(true) : notYet(hub.status);
    });
    const gone = (events: typeof hubs.events) =>
      events
        .filter(({ type }) => type === 'DELETED')
        .map(({ object }) => [object.metadata.name, BigInt(object.metadata.resourceVersion)] as const);
    await eventually('the watches saw it', () => (gone(hubs.events).length === 1 ? there(true) : notYet('')));
    hubs.stop();
    nodes.stop();
    const ended = gone(nodes.events);
    expect(ended.map(([name]) => name).toSorted()).toEqual(names('left').toSorted());
    const [, hubEnd = 0n] = gone(hubs.events)[0] ?? [];
    expect(ended.filter(([, revision]) => revision > hubEnd)).toEqual([]);

    const left = await mapsOf('left');
    expect(left.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      rows.map((row) => `${row}-left-form-kept`).toSorted(),
    );
    for (const { metadata } of left) {
      expect(metadata.uid).toBe(kept.get(metadata.name));
      expect(metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
      expect(metadata.labels).not.toHaveProperty('lynq.sh/node');
    }
    const deletes = world.audit.ofWorker(place).filter(({ verb }) => verb.startsWith('delete'));
    const at = (name: string) => deletes.findIndex(({ objectRef }) => objectRef?.name === name);
    for (const row of rows) expect(at(`${row}-left-form-top`)).toBeLessThan(at(`${row}-left-form-base`));
    expect(deletes.map(describeRequest).filter((request) => request.includes('right'))).toEqual([]);
    expect((await mapsOf('right')).map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`)).toEqual(
      rightBefore,
    );
  });

  test('its schedule is gone, the other one goes on', async () => {
    const schedule = (hub: string) => world.engine.client.schedule.getHandle(`hub/${world.namespace}/${hub}`);
    await eventually('the schedule is gone', async () =>
      schedule('left')
        .describe()
        .then(
          () => notYet('it is there'),
          () => there(true),
        ),
    );
    await schedule('right').describe();
    await world.database.sql("UPDATE `right` SET size = 3 WHERE id = 'two'");
    await eventually('the change on the right', async () => {
      const map = await world.cluster.get(childPath('ConfigMap', world.namespace, 'two-right-form-base'));
      return map.data?.['size'] === '3' ? there(map) : notYet(map.data);
    });
  });
});
