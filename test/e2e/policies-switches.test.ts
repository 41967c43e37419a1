import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, type Json, type KubeObject } from '../support/e2e/cluster.ts';
import { type Entry, openPolicyWorld, type PolicyWorld } from '../support/e2e/policy-world.ts';

const strategies = ['apply', 'merge', 'replace'] as const;
type Strategy = (typeof strategies)[number];
const pairs = strategies.flatMap((from) => strategies.flatMap((to) => (from === to ? [] : [{ from, to }])));

/** Every policy of an entry may be changed while its object lives. */
describe('e2e/policies-switches', () => {
  let world: PolicyWorld;
  const row = 'acme';
  const map = (name: string) => childPath('ConfigMap', world.namespace, name);
  const entry = (form: string, data: Json, policies: Json = {}): Entry => ({
    id: 'map',
    nameTemplate: `{{ .uid }}-${form}`,
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data },
    ...policies,
  });
  const put = async (form: string, ...entries: readonly Entry[]): Promise<KubeObject> => {
    await world.putForm(form, entries);
    return world.settled(`${row}-${form}`);
  };
  const live = (form: string): Promise<KubeObject> => world.cluster.get(map(`${row}-${form}`));
  /** Who holds a field, as `manager operation`. */
  const holders = (object: KubeObject, field: string): readonly string[] =>
    world
      .managed(object)
      .filter(({ fieldsV1 }) => fieldsV1?.['f:data']?.[`f:${field}`] !== undefined)
      .map(({ manager, operation }) => `${manager} ${operation}`)
      .toSorted();

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'policies-switches', [row]);
  });
  afterAll(() => world?.close());

  describe.each(pairs)('patchStrategy from $from to $to', ({ from, to }) => {
    const form = `${from}-to-${to}`;
    const expected: Readonly<Record<Strategy, Json>> = {
      apply: { own: '2', theirs: 'x' },
      merge: { own: '2', dropped: '1', theirs: 'x' },
      replace: { own: '2' },
    };

    test('keeps the object, does with other fields what the new strategy says, and rests', async () => {
      await put(form, entry(form, { own: '1', dropped: '1' }, { patchStrategy: from }));
      const before = await world.patch(map(`${row}-${form}`), 'someone', { data: { theirs: 'x' } });
      await put(form, entry(form, { own: '2' }, { patchStrategy: to }));
      const after = await world.until(map(`${row}-${form}`), 'switched', ({ data }) => data?.['own'] === '2');
      expect(after.data).toEqual(expected[to]);
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.metadata.ownerReferences).toHaveLength(1);
      await world.atRest(map(`${row}-${form}`), 3_000);
    });

    test('leaves each field with one manager of ours, so that the next field that is dropped goes', async () => {
      await put(form, entry(form, { own: '3', more: '1' }, { patchStrategy: to }));
      const more = await world.until(map(`${row}-${form}`), 'written', ({ data }) => data?.['own'] === '3');
      const operation = to === 'apply' ? 'Apply' : 'Update';
      expect(holders(more, 'more')).toEqual([`lynq-operator ${operation}`]);
      if (to === 'apply') expect(holders(more, 'own')).toEqual(['lynq-operator Apply']);
      await put(form, entry(form, { own: '4' }, { patchStrategy: 'apply' }));
      const after = await world.until(map(`${row}-${form}`), 'applied', ({ data }) => data?.['own'] === '4');
      expect(after.data).toEqual({ own: '4', ...(to === 'replace' ? {} : { theirs: 'x' }) });
      expect(holders(after, 'own')).toEqual(['lynq-operator Apply']);
    });
  });

  describe.each(strategies)('creationPolicy under patchStrategy %s', (patchStrategy) => {
    const form = `once-${patchStrategy}`;

    test('from WhenNeeded to Once: the object is as it was from then on', async () => {
      await put(form, entry(form, { v: '1' }, { patchStrategy }));
      const before = await live(form);
      await put(form, entry(form, { v: '2' }, { patchStrategy, creationPolicy: 'Once' }));
      await world.patch(map(`${row}-${form}`), 'someone', { data: { v: 'edited' } });
      await world.atRest(map(`${row}-${form}`), 3_000);
      expect(await live(form)).toMatchObject({ data: { v: 'edited' }, metadata: { uid: before.metadata.uid } });
    });

    test('from Once to WhenNeeded: it follows the form again, without the stamp', async () => {
      const before = await live(form);
      await put(form, entry(form, { v: '3' }, { patchStrategy }));
      const after = await world.until(map(`${row}-${form}`), 'followed', ({ data }) => data?.['v'] === '3');
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.metadata.annotations?.['lynq.sh/created-once']).toBeUndefined();
    });

    test('from made under Once to WhenNeeded: the stamp goes', async () => {
      const made = `${form}-made`;
      await put(made, entry(made, { v: '1' }, { patchStrategy, creationPolicy: 'Once' }));
      const before = await live(made);
      expect(before.metadata.annotations?.['lynq.sh/created-once']).toBe('true');
      await put(made, entry(made, { v: '2' }, { patchStrategy }));
      const after = await world.until(map(`${row}-${made}`), 'followed', ({ data }) => data?.['v'] === '2');
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.metadata.annotations?.['lynq.sh/created-once']).toBeUndefined();
    });
  });

  describe('deletionPolicy', () => {
    const leaver = 'leaver';
    const ways = [
      ...strategies.map((patchStrategy) => ({ patchStrategy, creationPolicy: 'WhenNeeded' })),
      { patchStrategy: 'apply', creationPolicy: 'Once' },
    ];
    const formOf = (kind: 'retain' | 'delete', { patchStrategy, creationPolicy }: (typeof ways)[number]) =>
      `${kind}-${patchStrategy}-${creationPolicy.toLowerCase()}`;
    const theirs = (form: string) => map(`${leaver}-${form}`);
    const both = async (form: string, ...entries: readonly Entry[]): Promise<void> => {
      await put(form, ...entries);
      await world.settled(`${leaver}-${form}`);
    };
    const uids = new Map<string, string>();
    const marked = (form: string, owners: number, policy: string): Promise<KubeObject> =>
      world.until(
        theirs(form),
        `${owners} owners, ${policy}`,
        ({ metadata }) =>
          (metadata.ownerReferences ?? []).length === owners &&
          metadata.annotations?.['lynq.sh/deletion-policy'] === policy,
      );

    beforeAll(async () => {
      await world.database.sql('INSERT INTO things (id) VALUES (?)', [leaver]);
    });

    describe.each(ways)('under $patchStrategy, $creationPolicy', (policies) => {
      const once = policies.creationPolicy === 'Once';

      test('from Delete to Retain: the owner goes from the object', async () => {
        const form = formOf('retain', policies);
        await both(form, entry(form, { v: '1' }, policies));
        const before = await world.cluster.get(theirs(form));
        expect(before.metadata.ownerReferences).toHaveLength(1);
        uids.set(form, before.metadata.uid);
        await both(form, entry(form, { v: '1' }, { ...policies, deletionPolicy: 'Retain' }));
        // Of an object that was made once nothing else is written again.
        await marked(form, 0, once ? 'Delete' : 'Retain');
      });

      test('from Retain to Delete: the object gets an owner', async () => {
        const form = formOf('delete', policies);
        await both(form, entry(form, { v: '1' }, { ...policies, deletionPolicy: 'Retain' }));
        await both(form, entry(form, { v: '1' }, policies));
        await marked(form, once ? 0 : 1, once ? 'Retain' : 'Delete');
      });
    });

    test('with the row gone those stay that are Retain now, or that say Retain themselves; the others go', async () => {
      await world.database.sql('UPDATE things SET active = 0 WHERE id = ?', [leaver]);
      const forms = ways.flatMap((way) => [formOf('retain', way), formOf('delete', way)]);
      await world.gone(forms.map((form) => `${leaver}-${form}`));
      for (const way of ways) {
        const kept = await world.cluster.get(theirs(formOf('retain', way)));
        expect(kept.metadata.uid).toBe(uids.get(formOf('retain', way)));
        expect(kept.metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
        expect(kept.metadata.ownerReferences ?? []).toEqual([]);
        const found = await world.cluster.find(theirs(formOf('delete', way)));
        expect([way, found !== undefined]).toEqual([way, way.creationPolicy === 'Once']);
      }
    });
  });

  test('conflictPolicy from Force to Stuck: what was taken stays taken, what is taken from us then is a conflict', async () => {
    const form = 'force-to-stuck';
    const path = map(`${row}-${form}`);
    const theirs = (own: string) =>
      world.patch(
        path,
        'other-team',
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `${row}-${form}` }, data: { own } },
        'apply',
        '&force=true',
      );
    await put(form, entry(form, { own: 'ours' }, { conflictPolicy: 'Force' }));
    await theirs('theirs');
    await world.until(path, 'taken back', ({ data }) => data?.['own'] === 'ours');
    await put(form, entry(form, { own: 'ours' }, { conflictPolicy: 'Stuck' }));
    await world.atRest(path, 2_000);
    await theirs('theirs again');
    const found = await world.entryIs(`${row}-${form}`, 'map', 'Conflicted');
    expect(found.message).toContain('other-team');
    expect((await live(form)).data).toEqual({ own: 'theirs again' });
  });
});
