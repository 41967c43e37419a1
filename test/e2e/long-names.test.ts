import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, type Json, type KubeObject } from '../support/e2e/cluster.ts';
import { type Entry, openPolicyWorld, type PolicyWorld } from '../support/e2e/policy-world.ts';

/** Names of nodes over 63 characters fit into no label (decisions.md section 5). These two differ behind the part that does. */
const common = 'customer-with-a-very-long-name-in-the-table-of-rows';
const [first, other] = [`${common}-first`, `${common}-other`] as const;
const form = 'long-names';
const nodeOf = (row: string) => `${row}-${form}`;

describe('e2e/long-names', () => {
  let world: PolicyWorld;
  const map = (id: string, more: Partial<Entry> = {}): Entry => ({
    id,
    nameTemplate: `{{ .uid }}-${id}`,
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { v: '1' } },
    ...more,
  });
  const entries: readonly Entry[] = [
    map('own'),
    map('kept', { deletionPolicy: 'Retain' }),
    {
      id: 'ns',
      nameTemplate: '{{ .uid }}-ns',
      spec: { apiVersion: 'v1', kind: 'Namespace', metadata: { labels: { v: '1' } } },
    },
    map('inside', { targetNamespace: '{{ .uid }}-ns', dependIds: ['ns'] }),
  ];
  const pathsOf = (row: string) => ({
    own: childPath('ConfigMap', world.namespace, `${row}-own`),
    kept: childPath('ConfigMap', world.namespace, `${row}-kept`),
    ns: `/api/v1/namespaces/${row}-ns`,
    inside: childPath('ConfigMap', `${row}-ns`, `${row}-inside`),
  });
  const objectsOf = (row: string) => Promise.all(Object.values(pathsOf(row)).map((path) => world.cluster.get(path)));
  const labelOf = ({ metadata }: KubeObject) => metadata.labels?.['lynq.sh/node'];
  const fullName = ({ metadata }: KubeObject) => metadata.annotations?.['lynq.sh/node'];
  const value = ({ kind, metadata, data }: KubeObject) => (kind === 'Namespace' ? metadata.labels?.['v'] : data?.['v']);

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'long-names', [first, other]);
    await world.putForm(form, entries);
    for (const row of [first, other]) await world.settled(nodeOf(row));
  });
  afterAll(() => world?.close());

  test('objects bear the beginning of the name and a hash as label, and the whole name as annotation', async () => {
    const labels = new Set<string>();
    for (const row of [first, other]) {
      expect(nodeOf(row).length).toBeGreaterThan(63);
      const objects = await objectsOf(row);
      const found = new Set(objects.map(labelOf));
      expect(found.size).toBe(1);
      const [label = ''] = found;
      expect(label).toMatch(/^.{52}-[0-9a-f]{10}$/);
      expect(label.slice(0, 52)).toBe(nodeOf(row).slice(0, 52));
      expect(objects.map(fullName)).toEqual(objects.map(() => nodeOf(row)));
      const selected = await world.cluster.list(`/api/v1/configmaps?labelSelector=lynq.sh%2Fnode%3D${label}`);
      expect(selected.map(({ metadata }) => metadata.name).toSorted()).toEqual(
        ['own', 'kept', 'inside'].map((id) => `${row}-${id}`).toSorted(),
      );
      labels.add(label);
    }
    expect(labels.size).toBe(2);
  });

  /** Changes objects of one row, waits until they are right, and proves that those of the other were not touched. */
  async function repairs(change: (path: string, object: KubeObject) => Promise<unknown>): Promise<void> {
    const before = await objectsOf(first);
    const others = await objectsOf(other);
    const paths = Object.values(pathsOf(first));
    await Promise.all(paths.map((path, index) => change(path, before[index]!)));
    for (const [index, path] of paths.entries())
      await world.until(
        path,
        'right',
        (object) =>
          value(object) === '1' &&
          labelOf(object) === labelOf(before[index]!) &&
          fullName(object) === nodeOf(first) &&
          object.metadata.resourceVersion !== before[index]!.metadata.resourceVersion,
      );
    await world.settled(nodeOf(first));
    expect(await objectsOf(other)).toEqual(others);
  }
  const edit = (body: (object: KubeObject) => Json) => (path: string, object: KubeObject) =>
    world.patch(path, 'kubectl-edit', body(object));

  test('an edit is put right, in another namespace and of a cluster-scoped object too', () =>
    repairs(
      edit(({ kind }) =>
        kind === 'Namespace' ? { metadata: { labels: { v: 'edited' } } } : { data: { v: 'edited' } },
      ),
    ));

  test('a label and an annotation that name the other row are put right', async () => {
    const [theirs] = await objectsOf(other);
    await repairs(
      edit(() => ({
        metadata: { labels: { 'lynq.sh/node': labelOf(theirs!) }, annotations: { 'lynq.sh/node': nodeOf(other) } },
      })),
    );
  });

  test('an annotation that was taken off, so that only the hash is left of the name, is put back', () =>
    repairs(edit(() => ({ metadata: { annotations: { 'lynq.sh/node': null } } }))));

  test('deleted objects are made again', async () => {
    const { own, inside } = pathsOf(first);
    for (const path of [own, inside]) {
      const { metadata } = await world.cluster.get(path);
      await world.cluster.remove(path);
      const again = await world.until(path, 'made again', (object) => object.metadata.uid !== metadata.uid);
      expect([value(again), fullName(again)]).toEqual(['1', nodeOf(first)]);
    }
    await world.settled(nodeOf(first));
  });

  test('all go with their row but what is retained, which its return takes back; the other row keeps all', async () => {
    const others = await objectsOf(other);
    const { kept, ...going } = pathsOf(first);
    const { metadata } = await world.cluster.get(kept);
    await world.database.sql('DELETE FROM things WHERE id = ?', [first]);
    await world.gone([nodeOf(first)]);
    for (const path of Object.values(going)) expect(await world.cluster.find(path)).toBeUndefined();
    const orphan = await world.cluster.get(kept);
    expect(orphan.metadata).toMatchObject({ uid: metadata.uid, labels: { 'lynq.sh/orphaned': 'true' } });
    expect(orphan.metadata.annotations?.['lynq.sh/orphaned-from']).toBe(`${world.hubName}/${form}/${first}`);
    await world.database.sql('INSERT INTO things (id) VALUES (?)', [first]);
    await world.settled(nodeOf(first));
    const again = await world.cluster.get(kept);
    expect([again.metadata.uid, fullName(again)]).toEqual([metadata.uid, nodeOf(first)]);
    expect(again.metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
    expect(await objectsOf(other)).toEqual(others);
  });
});
