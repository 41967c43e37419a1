import { beforeEach, describe, expect, it } from 'vitest';
import type { Deps } from '../../../../activities/deps.ts';
import { removeNode } from '../../../../activities/node/remove.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { startProcess } from '../../../support/node-deps.ts';
import { namespace, type RowNodes, rowNodes } from '../../../support/row-nodes.ts';

const apiVersion = 'operator.lynq.sh/v1';

const space: JsonObject = {
  id: 'ns',
  nameTemplate: 'of-{{ .uid }}',
  waitForReady: false,
  spec: { apiVersion: 'v1', kind: 'Namespace' },
};
const map = (id: string, change: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: id,
  targetNamespace: 'of-{{ .uid }}',
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: {} },
  ...change,
});
const needing = { dependIds: ['ns'] };

describe('activities/node/hand-over', () => {
  let cluster: FakeCluster;
  let nodes: RowNodes;
  let deps: Deps;

  const make = (row: string, form: string, lists: JsonObject): Promise<void> => nodes.make(row, form, lists);
  const waves = (node: string): Promise<void> => nodes.waves(node);
  const revisionOf = (form: string, lists: JsonObject): Promise<string> => nodes.revisionOf(form, lists);
  const states = (name: string) => nodes.states(name);
  const spaceOfRow = () =>
    cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'of-acme' }).then((object) => ({
      uid: textAt(object, 'metadata', 'uid'),
      node: textAt(object, 'metadata', 'labels', 'lynq.sh/node'),
      deleting: textAt(object, 'metadata', 'deletionTimestamp'),
    }));
  /** What a node has on record as its own. */
  const recorded = (name: string): readonly string[] => {
    const node = cluster.objects('LynqNode').find((object) => textAt(object, 'metadata', 'name') === name);
    return listAt(node, 'status', 'inventory').flatMap((entry) =>
      textAt(entry, 'uid') === undefined ? [] : (textAt(entry, 'id') ?? ''),
    );
  };
  async function edit(form: string, lists: JsonObject): Promise<void> {
    const ref = { apiVersion, kind: 'LynqNode', namespace, name: `acme-${form}` };
    await cluster.patch(ref, 'merge', { spec: { formRevision: await revisionOf(form, lists) } }, { manager: 'test' });
  }
  const remove = (node: string) => removeNode(deps, { namespace, node }, { signal: AbortSignal.timeout(3_000) });
  const turns = async (...forms: readonly string[]): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) for (const form of forms) await waves(`acme-${form}`);
  };

  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const running = await startProcess(cluster);
    nodes = rowNodes(cluster, running);
    deps = running.deps;
  });

  it.each([
    ['one', 'two'],
    ['two', 'one'],
  ])(
    'a Namespace that moves to another form of the row while it is in use goes to that form as it is (%s first)',
    async (...order) => {
      await make('acme', 'one', { namespaces: [space], configMaps: [map('x', needing)] });
      await make('acme', 'two', { configMaps: [map('y')] });
      const before = await spaceOfRow();
      await edit('one', { configMaps: [map('x')] });
      await edit('two', { namespaces: [space], configMaps: [map('y', needing)] });
      await turns(...order);
      expect(states('acme-one')).toEqual({ x: 'Ready' });
      expect(states('acme-two')).toEqual({ ns: 'Ready', y: 'Ready' });
      expect([recorded('acme-one'), recorded('acme-two')]).toEqual([['x'], ['ns', 'y']]);
      expect(await spaceOfRow()).toEqual({ ...before, node: 'acme-two' });
    },
  );

  it('also one that holds a retained object', async () => {
    const kept = map('x', { deletionPolicy: 'Retain', ...needing });
    await make('acme', 'one', { namespaces: [space], configMaps: [kept] });
    await make('acme', 'two', { configMaps: [map('y')] });
    await edit('two', { namespaces: [space], configMaps: [map('y', needing)] });
    await turns('two');
    await edit('one', { configMaps: [map('x', { deletionPolicy: 'Retain' })] });
    await turns('one', 'two');
    expect(states('acme-two')).toEqual({ ns: 'Ready', y: 'Ready' });
    expect(recorded('acme-one')).toEqual(['x']);
  });

  it('a Namespace is not handed to a node that does not name it, is going, or is of another row', async () => {
    await make('acme', 'one', { namespaces: [space], configMaps: [map('x', needing)] });
    await make('acme', 'two', { configMaps: [map('y')] });
    await make('evil', 'two', { namespaces: [{ ...space, nameTemplate: 'of-acme' }] });
    await edit('one', { configMaps: [map('x')] });
    await turns('one', 'two');
    expect(recorded('acme-one').toSorted()).toEqual(['ns', 'x']);
    expect((await spaceOfRow()).node).toBe('acme-one');
  });

  it.each([
    ['one first', ['one', 'two'], {}],
    ['two first', ['two', 'one'], {}],
    ['one first, the new one without a record', ['one', 'two'], { inventory: null }],
    ['two first, the new one without a record', ['two', 'one'], { inventory: null }],
  ])(
    'a Namespace whose new node goes with the old one before it has put it on record as its own goes with them (%s)',
    async (_case, order, status) => {
      await make('acme', 'one', { namespaces: [space] });
      await make('acme', 'two', { namespaces: [space] });
      const named = { metadata: { labels: { 'lynq.sh/node': 'acme-two' } } };
      await cluster.patch({ apiVersion: 'v1', kind: 'Namespace', name: 'of-acme' }, 'merge', named, {
        manager: 'test',
      });
      const asReported = { manager: 'test', subresource: 'status' } as const;
      await cluster.patch(
        { apiVersion, kind: 'LynqNode', namespace, name: 'acme-two' },
        'merge',
        { status },
        asReported,
      );
      expect([recorded('acme-one'), recorded('acme-two')]).toEqual([['ns'], []]);
      for (const node of cluster.objects('LynqNode')) {
        const ref = { apiVersion, kind: 'LynqNode', namespace, name: textAt(node, 'metadata', 'name') ?? '' };
        await cluster.delete(ref, textAt(node, 'metadata', 'uid') ?? '');
      }

      const outcomes: string[] = [];
      for (const form of order) outcomes.push((await remove(`acme-${form}`)).kind);
      expect(outcomes).toEqual(['removed', 'removed']);
      expect(await spaceOfRow()).toEqual({ uid: undefined, node: undefined, deleting: undefined });
    },
  );

  it('a Namespace stays with its new node that has not put it on record when only the old one goes', async () => {
    await make('acme', 'one', { namespaces: [space] });
    await make('acme', 'two', { namespaces: [space] });
    const before = await spaceOfRow();
    const named = { metadata: { labels: { 'lynq.sh/node': 'acme-two' } } };
    await cluster.patch({ apiVersion: 'v1', kind: 'Namespace', name: 'of-acme' }, 'merge', named, { manager: 'test' });
    const ref = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-one' };
    await cluster.delete(ref, textAt(await cluster.get(ref), 'metadata', 'uid') ?? '');

    expect((await remove('acme-one')).kind).toBe('removed');
    await turns('two');
    expect(await spaceOfRow()).toEqual({ ...before, node: 'acme-two' });
    expect(recorded('acme-two')).toEqual(['ns']);
  });
});
