import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { created, describeRequest, identityOf } from '../support/e2e/audit.ts';
import type { Json, KubeObject } from '../support/e2e/cluster.ts';
import { type DriftKind as Kind, driftKinds as kinds, driftWidgets } from '../support/e2e/drift-kinds.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { type Entry, openPolicyWorld, type PolicyWorld } from '../support/e2e/policy-world.ts';

/** A row of its own for each trouble: many repairs of one object in a minute are a fight, and slowed down. */
const rows = ['edited', 'unlabelled', 'relabelled', 'disowned', 'given', 'deleted'] as const;
type Row = (typeof rows)[number];

describe('e2e/policies-drift', () => {
  let world: PolicyWorld;
  const form = 'drift';
  const pathOf = (row: Row, { id, path }: Kind) => path(world.namespace, `${row}-drift-${id}`);
  const before = new Map<string, KubeObject>();
  const was = (row: Row, { id }: Kind): KubeObject => before.get(`${row} ${id}`)!;
  const namespaced = kinds.filter(({ clusterScoped }) => clusterScoped !== true);

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'policies-drift', rows);
    await world.cluster.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', driftWidgets);
    const entries = kinds.map(
      ({ id, spec }): Entry => ({ id, waitForReady: false, nameTemplate: `{{ .uid }}-drift-${id}`, spec }),
    );
    await world.putForm(form, entries);
    for (const row of rows) {
      await world.settled(`${row}-${form}`);
      for (const kind of kinds) before.set(`${row} ${kind.id}`, await world.cluster.get(pathOf(row, kind)));
    }
  });
  afterAll(() => world?.close());

  const uidsOf = (row: Row, some: readonly Kind[]) =>
    Promise.all(some.map(async (kind) => (await world.cluster.get(pathOf(row, kind))).metadata.uid));

  function isRight(row: Row, kind: Kind, object: KubeObject): boolean {
    const same = JSON.stringify(kind.edited(object)) === JSON.stringify(kind.edited(was(row, kind)));
    const labels = object.metadata.labels ?? {};
    const tracked = labels['lynq.sh/node'] === `${row}-${form}` && labels['lynq.sh/node-namespace'] === world.namespace;
    const owners = (object.metadata.ownerReferences ?? []).map(({ kind: owner, name }) => `${owner} ${name}`);
    return same && tracked && owners.join() === (kind.clusterScoped === true ? '' : `LynqNode ${row}-${form}`);
  }

  /** Waits until all objects of a row are as they were written, and proves that they then rest. */
  async function areRight(row: Row): Promise<void> {
    for (const kind of kinds) await world.until(pathOf(row, kind), 'right', (object) => isRight(row, kind, object));
    await world.settled(`${row}-${form}`);
    // What a person's manager left behind on the fields may still be cleared away when they are right.
    await eventually('nothing is written any more', async () => {
      const place = world.audit.now();
      await window(2_500);
      const writes = kinds.flatMap((kind) => world.writesTo(pathOf(row, kind), place));
      return writes.length === 0 ? there(true) : notYet(writes.map(describeRequest));
    });
    for (const kind of kinds) expect(isRight(row, kind, await world.cluster.get(pathOf(row, kind)))).toBe(true);
  }

  const areSame = async (row: Row): Promise<void> =>
    expect(await uidsOf(row, kinds)).toEqual(kinds.map((kind) => was(row, kind).metadata.uid));
  const edit = (row: Row, some: readonly Kind[], type: 'merge' | 'json', body: (kind: Kind) => Json) =>
    Promise.all(some.map((kind) => world.patch(pathOf(row, kind), 'kubectl-edit', body(kind), type)));

  test('edits by hand are put right on the same objects, of keys of lists too', async () => {
    await edit('edited', kinds, 'json', (kind) => kind.edit);
    await areRight('edited');
    await areSame('edited');
  });

  test('tracking labels that were taken off are put back', async () => {
    await edit('unlabelled', kinds, 'merge', () => ({ metadata: { labels: { 'lynq.sh/node': null } } }));
    await areRight('unlabelled');
    await areSame('unlabelled');
  });

  test('tracking labels that name another node are put right', async () => {
    await edit('relabelled', kinds, 'merge', () => ({ metadata: { labels: { 'lynq.sh/node': 'someone-else' } } }));
    await areRight('relabelled');
    await areSame('relabelled');
  });

  test('ownerReferences that were taken off are put back', async () => {
    await edit('disowned', namespaced, 'merge', () => ({ metadata: { ownerReferences: null } }));
    await areRight('disowned');
    await areSame('disowned');
  });

  test('ownerReferences that were given to another are put right', async () => {
    const [first, ...others] = namespaced;
    const { name, uid } = was('given', first!).metadata;
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true };
    await edit('given', others, 'merge', () => ({ metadata: { ownerReferences: [owner] } }));
    await areRight('given');
    await areSame('given');
  });

  test('deleted objects are made again', async () => {
    const some = kinds.filter(({ id }) => id !== 'namespace');
    await Promise.all(some.map((kind) => world.cluster.remove(pathOf('deleted', kind))));
    await eventually('all are new objects', async () => {
      const uids = await uidsOf('deleted', some);
      const old = some.filter((kind, index) => uids[index] === was('deleted', kind).metadata.uid);
      return old.length === 0 ? there(true) : notYet(old.map(({ id }) => id));
    });
    await areRight('deleted');
  });

  test('a Namespace that was deleted with all that is in it is made again, and each of its objects once', async () => {
    const inside = kinds.filter(({ clusterScoped }) => clusterScoped !== true);
    const space = 'edited-space';
    const entries = inside.map(
      ({ id, spec }): Entry => ({
        id,
        spec,
        waitForReady: false,
        nameTemplate: id,
        targetNamespace: '{{ .uid }}-space',
        dependIds: ['space'],
      }),
    );
    const paths = [`/api/v1/namespaces/${space}`, ...inside.map(({ id, path }) => path(space, id))];
    const uids = () => Promise.all(paths.map(async (path) => (await world.cluster.find(path))?.metadata.uid));
    await world.putForm('space', [
      { id: 'space', nameTemplate: '{{ .uid }}-space', spec: { apiVersion: 'v1', kind: 'Namespace' } },
      ...entries,
    ]);
    await world.settled('edited-space');
    const first = await uids();
    const place = world.audit.now();
    await world.cluster.remove(paths[0]!);
    await eventually('all are new objects', async () => {
      const now = await uids();
      const old = paths.filter((_, index) => now[index] === undefined || now[index] === first[index]);
      return old.length === 0 ? there(true) : notYet(old);
    });
    await world.settled('edited-space');
    await window(2_500);
    const made = world.audit
      .ofWorker(place)
      .filter((entry) => created(entry) && (entry.objectRef?.namespace ?? entry.objectRef?.name) === space)
      .map(identityOf);
    expect([made.length, new Set(made).size]).toEqual([paths.length, paths.length]);
  });
});
