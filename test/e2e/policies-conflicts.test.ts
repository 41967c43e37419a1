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
    const kinds = ['overlap', 'apart', 'forged', 'owned'] as const;
    let planted: readonly KubeObject[];

    const plant = async (kind: (typeof kinds)[number], name: string, holder: KubeObject): Promise<KubeObject> => {
      const metadata: Json = { name };
      if (kind === 'forged') {
        metadata.labels = { 'lynq.sh/node': `${leaver}-foreign`, 'lynq.sh/node-namespace': world.namespace };
        metadata.annotations = { 'lynq.sh/deletion-policy': 'Delete' };
      }
      if (kind === 'owned') {
        const { name: owner, uid } = holder.metadata;
        metadata.ownerReferences = [{ apiVersion: 'v1', kind: 'ConfigMap', name: owner, uid, controller: true }];
      }
      return world.cluster.create(map('').slice(0, -1), {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata,
        data: kind === 'apart' ? { other: 'theirs' } : { own: 'theirs' },
      });
    };

    beforeAll(async () => {
      const holder = await world.cluster.create(map('').slice(0, -1), {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'holder' },
      });
      planted = await Promise.all(
        kinds.flatMap((kind) => matrix.map((cell) => plant(kind, `${leaver}-${nameOf(kind, cell)}`, holder))),
      );
      const entries = kinds.flatMap((kind) =>
        matrix.map(
          (cell): Entry => ({
            id: nameOf(kind, cell),
            ...cell,
            nameTemplate: `{{ .uid }}-${nameOf(kind, cell)}`,
            spec: configMap({ own: 'ours' }),
          }),
        ),
      );
      await world.putForm('foreign', entries);
      await world.settled(`${row}-foreign`);
      await world.database.sql('INSERT INTO things (id) VALUES (?)', [leaver]);
    });

    const unchanged = async (): Promise<void> => {
      const now = await Promise.all(planted.map(({ metadata }) => world.cluster.get(map(metadata.name))));
      expect(now).toEqual(planted);
    };

    test('is Conflicted under every strategy and policy, names whose it is, and is not written', async () => {
      for (const kind of kinds)
        for (const cell of matrix) {
          const found = await world.entryIs(`${leaver}-foreign`, nameOf(kind, cell), 'Conflicted');
          expect(found.message).toMatch(/^held by /);
          if (kind === 'owned') expect(found.message).toContain('ConfigMap holder');
        }
      const node = await world.node(`${leaver}-foreign`);
      expect(node?.status.appliedResources).toEqual([]);
      await window(3_000);
      await unchanged();
    });

    test('stays as it is when the row goes', async () => {
      await world.database.sql('UPDATE things SET active = 0 WHERE id = ?', [leaver]);
      await world.gone([`${leaver}-foreign`]);
      await unchanged();
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
