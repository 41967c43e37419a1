import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, type Json, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { type Entry, openPolicyWorld, type PolicyWorld } from '../support/e2e/policy-world.ts';

const strategies = ['apply', 'merge', 'replace'] as const;
const policies = ['Stuck', 'Force'] as const;
const matrix = strategies.flatMap((patchStrategy) =>
  policies.map((conflictPolicy) => ({ patchStrategy, conflictPolicy })),
);

describe('e2e/policies-conflicts', () => {
  let world: PolicyWorld;
  const row = 'acme';
  const leaver = 'leaver';
  const map = (name: string) => childPath('ConfigMap', world.namespace, name);
  const configMap = (data: Json): Json => ({ apiVersion: 'v1', kind: 'ConfigMap', data });
  const nameOf = (kind: string, { patchStrategy, conflictPolicy }: (typeof matrix)[number]) =>
    `${kind}-${patchStrategy}-${conflictPolicy.toLowerCase()}`;

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'policies-conflicts', [row]);
  });
  afterAll(() => world?.close());

  describe('a foreign object', () => {
    /** Ways in which an object is someone else's; those of the second list are nobody's to take, not even under Force. */
    const open = ['overlap', 'apart', 'forged'] as const;
    const claimed = ['owned', 'tracked', 'retained'] as const;
    type Way = (typeof open | typeof claimed)[number];
    const ways: readonly Way[] = [...open, ...claimed];
    let planted: readonly KubeObject[];

    const metadataOf = (way: Way, holder: KubeObject): Json => {
      const labels = (node: string) => ({ 'lynq.sh/node': node, 'lynq.sh/node-namespace': world.namespace });
      switch (way) {
        case 'forged':
          return { labels: labels(`${leaver}-foreign`), annotations: { 'lynq.sh/deletion-policy': 'Delete' } };
        case 'tracked':
          return { labels: labels('other-form') };
        case 'retained':
          return {
            labels: { 'lynq.sh/orphaned': 'true' },
            annotations: {
              'lynq.sh/orphaned-from': `${world.hubName}/foreign/other`,
              'lynq.sh/orphaned-namespace': world.namespace,
            },
          };
        case 'owned': {
          const { name, uid } = holder.metadata;
          return { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true }] };
        }
        default:
          return {};
      }
    };
    const plant = (way: Way, name: string, holder: KubeObject): Promise<KubeObject> =>
      world.cluster.create(map('').slice(0, -1), {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, ...metadataOf(way, holder) },
        data: way === 'apart' ? { other: 'theirs' } : { own: 'theirs' },
      });
    const isTaken = (way: Way, { conflictPolicy }: (typeof matrix)[number]) =>
      conflictPolicy === 'Force' && open.some((one) => one === way);
    const cells = ways.flatMap((way) => matrix.map((cell) => ({ way, cell, name: nameOf(way, cell) })));
    const taken = cells.filter(({ way, cell }) => isTaken(way, cell));
    const left = cells.filter(({ way, cell }) => !isTaken(way, cell));

    beforeAll(async () => {
      const holder = await world.cluster.create(map('').slice(0, -1), {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'holder' },
      });
      planted = await Promise.all(cells.map(({ way, name }) => plant(way, `${leaver}-${name}`, holder)));
      const entries = cells.map(
        ({ cell, name }): Entry => ({
          id: name,
          ...cell,
          nameTemplate: `{{ .uid }}-${name}`,
          spec: configMap({ own: 'ours' }),
        }),
      );
      await world.putForm('foreign', entries);
      await world.settled(`${row}-foreign`);
      await world.database.sql('INSERT INTO things (id) VALUES (?)', [leaver]);
    });

    const plantedAs = (name: string) => planted.find(({ metadata }) => metadata.name === `${leaver}-${name}`)!;
    const unchanged = async (): Promise<void> => {
      for (const { name } of left) expect(await world.cluster.get(map(`${leaver}-${name}`))).toEqual(plantedAs(name));
    };
    const areTaken = async (): Promise<void> => {
      for (const { name } of taken) await world.entryIs(`${leaver}-foreign`, name, 'Ready');
      for (const { way, cell, name } of taken) {
        const { data, metadata } = await world.cluster.get(map(`${leaver}-${name}`));
        const theirs = way === 'apart' && cell.patchStrategy !== 'replace' ? { other: 'theirs' } : {};
        expect([name, data]).toEqual([name, { own: 'ours', ...theirs }]);
        expect(metadata.uid).toBe(plantedAs(name).metadata.uid);
        expect(metadata.ownerReferences ?? []).toEqual([]);
        expect(metadata.labels).toMatchObject({ 'lynq.sh/node': `${leaver}-foreign` });
        expect(metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
        expect(metadata.annotations).toMatchObject({ 'lynq.sh/adopted': 'true', 'lynq.sh/deletion-policy': 'Retain' });
      }
    };
    const areKept = async (): Promise<void> => {
      for (const { name } of taken) {
        const { data, metadata } = await world.cluster.get(map(`${leaver}-${name}`));
        expect([name, data?.['own'], metadata.uid]).toEqual([name, 'ours', plantedAs(name).metadata.uid]);
        expect(metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
      }
    };

    test('is Conflicted and not written under Stuck, and whatever the policy where someone has a claim on it', async () => {
      for (const { way, name } of left) {
        const found = await world.entryIs(`${leaver}-foreign`, name, 'Conflicted');
        expect(found.message).toMatch(/^held by /);
        if (way === 'owned') expect(found.message).toContain('ConfigMap holder');
      }
      await window(3_000);
      await unchanged();
    });

    test('is taken over under Force by every strategy, and is Ready', async () => {
      await areTaken();
      const listed = (await world.node(`${leaver}-foreign`))?.status.appliedResources as readonly string[];
      expect(listed.toSorted()).toEqual(
        taken.map(({ name }) => `ConfigMap/${world.namespace}/${leaver}-${name}@${name}`).toSorted(),
      );
    });

    test('stays when the row goes, taken over or not, although the form says Delete', async () => {
      await world.database.sql('UPDATE things SET active = 0 WHERE id = ?', [leaver]);
      await world.gone([`${leaver}-foreign`]);
      await unchanged();
      await areKept();
    });

    test('that was taken over is taken up again when the row returns, and still outlives it', async () => {
      await world.database.sql('UPDATE things SET active = 1 WHERE id = ?', [leaver]);
      await areTaken();
      await world.database.sql('UPDATE things SET active = 0 WHERE id = ?', [leaver]);
      await world.gone([`${leaver}-foreign`]);
      await unchanged();
      await areKept();
    });

    test('that was taken over and then deleted by someone is made anew, and then goes with its row', async () => {
      const [first] = taken;
      await world.database.sql('UPDATE things SET active = 1 WHERE id = ?', [leaver]);
      await areTaken();
      const path = map(`${leaver}-${first!.name}`);
      await world.cluster.remove(path);
      const made = await world.until(path, 'made anew', ({ metadata }) => metadata.ownerReferences?.length === 1);
      expect(made.metadata.annotations?.['lynq.sh/adopted']).toBeUndefined();
      await world.entryIs(`${leaver}-foreign`, first!.name, 'Ready');
      await world.database.sql('UPDATE things SET active = 0 WHERE id = ?', [leaver]);
      await world.gone([`${leaver}-foreign`]);
      expect(await world.cluster.find(path)).toBeUndefined();
    });
  });

  describe('a name that two nodes want', () => {
    test('belongs to the first; the second names it and takes over when it has gone', async () => {
      await world.putForm('shared', [
        { id: 'map', nameTemplate: 'shared-by-all', spec: configMap({ by: '{{ .uid }}' }) },
      ]);
      await world.settled(`${row}-shared`);
      await world.database.sql('INSERT INTO things (id) VALUES (?)', ['second']);
      const found = await world.entryIs('second-shared', 'map', 'Conflicted');
      expect(found.message).toContain(`${row}-shared`);
      const before = await world.cluster.get(map('shared-by-all'));
      expect(before.data).toEqual({ by: row });

      await world.database.sql('UPDATE things SET active = 0 WHERE id = ?', [row]);
      await world.gone([`${row}-shared`]);
      const after = await world.until(map('shared-by-all'), 'taken over', ({ data }) => data?.['by'] === 'second');
      expect(after.metadata.uid).not.toBe(before.metadata.uid);
      await world.settled('second-shared');
      await world.database.sql('UPDATE things SET active = 1 WHERE id = ?', [row]);
    });
  });

  describe.each(strategies)('a field of our object under patchStrategy %s', (patchStrategy) => {
    const form = `fields-${patchStrategy}`;
    const entry = (conflictPolicy: string, own: string): Entry => ({
      id: 'map',
      patchStrategy,
      conflictPolicy,
      nameTemplate: `{{ .uid }}-${form}`,
      spec: configMap({ own, mine: own }),
    });
    const node = () => `${row}-${form}`;
    const path = () => map(`${row}-${form}`);

    test('that another applier took is a conflict under Stuck, and taken once under Force', async () => {
      await world.putForm(form, [entry('Stuck', '1')]);
      await world.settled(node());
      const taken = await world.patch(
        path(),
        'other-team',
        { ...configMap({ own: 'theirs', extra: 'theirs' }), metadata: { name: `${row}-${form}` } },
        'apply',
        '&force=true',
      );
      const found = await world.entryIs(node(), 'map', 'Conflicted');
      expect(found.message).toContain('other-team');
      expect(found.message).toContain('.data.own');
      const place = world.audit.now();
      await world.putForm(form, [entry('Stuck', '2')]);
      await window(5_000);
      expect((await world.cluster.get(path())).metadata.resourceVersion).toBe(taken.metadata.resourceVersion);

      await world.putForm(form, [entry('Force', '2')]);
      const after = await world.until(path(), 'taken', ({ data }) => data?.['own'] === '2');
      expect(after.data).toEqual({ own: '2', mine: '2', extra: 'theirs' });
      await world.settled(node());
      expect(world.writesTo(path(), place).map(describeRequest)).toHaveLength(1);
      await world.atRest(path());
    });
  });

  test('a field that someone changes again and again is put right less often, with a reason, and is right when they stop', async () => {
    await world.putForm('fight', [{ id: 'map', nameTemplate: '{{ .uid }}-fight', spec: configMap({ own: 'ours' }) }]);
    await world.settled(`${row}-fight`);
    const path = map(`${row}-fight`);
    const place = world.audit.now();
    let fighting = true;
    const fighter = (async () => {
      for (let turn = 0; fighting; turn += 1) {
        await world.patch(path, 'fighter', { data: { own: `theirs ${turn}` } });
        await window(150);
      }
    })();
    try {
      const found = await world.entryIs(`${row}-fight`, 'map', 'Waiting', ({ reason }) => reason === 'FieldFight');
      expect(found.message).toContain('.data.own');
      expect(found.message).toContain('fighter');
      await window(15_000);
      expect(world.writesTo(path, place).length).toBeLessThan(12);
      expect(world.audit.ofWorker(place).length).toBeLessThan(60);
    } finally {
      fighting = false;
      await fighter;
    }
    await eventually(
      'it is right again',
      async () => {
        const { data } = await world.cluster.get(path);
        return data?.['own'] === 'ours' ? there(true) : notYet(data);
      },
      { withinMs: 110_000 },
    );
    await world.settled(`${row}-fight`);
  });
});
