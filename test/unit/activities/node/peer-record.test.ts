import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { benchNode, type NodeBench, openNodeBench } from '../../../support/node-bench.ts';

const node = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', namespace: 'tenants', name: benchNode };
const tracking = { 'lynq.sh/node': benchNode, 'lynq.sh/node-namespace': 'tenants' };

type PeerEntry = JsonObject & { readonly id: string; readonly targetNamespace?: string };
const entry = (id: string, policies: JsonObject = {}): PeerEntry => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { v: '1' } },
  ...policies,
});
const far = { targetNamespace: 'node-{{ .uid }}' };
const stored = (item: PeerEntry): JsonObject => ({ ...item, nameTemplate: `acme-${item.id}` });

/** The first pass, or the removal, of a LynqNode that only the Go operator has written. */
describe('activities/node/peer-record', () => {
  let bench: NodeBench;
  beforeEach(async () => {
    bench = await openNodeBench();
    bench.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'node-acme' } });
  });
  afterEach(() => bench.close());

  async function writeNode(entries: readonly PeerEntry[]): Promise<string> {
    const made = bench.cluster.seed(
      {
        apiVersion: node.apiVersion,
        kind: node.kind,
        metadata: {
          name: node.name,
          namespace: node.namespace,
          labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
          annotations: { 'lynq.sh/hubId': 'customers' },
          finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
        },
        spec: { uid: 'acme', templateRef: 'web', configMaps: entries.map(stored) },
      },
      'manager',
    );
    const keys = entries.map(
      ({ id, targetNamespace }) => `ConfigMap/${targetNamespace ?? node.namespace}/acme-${id}@${id}`,
    );
    await bench.cluster.patch(
      node,
      'merge',
      { status: { appliedResources: keys } },
      { manager: 'manager', subresource: 'status' },
    );
    return textAt(made, 'metadata', 'uid') ?? '';
  }

  /** A child as the Go operator leaves it; `manager` where it merges or replaces. */
  async function writeChild(item: PeerEntry, nodeUid: string, manager = 'lynq-operator'): Promise<JsonObject> {
    const elsewhere = item['targetNamespace'] !== undefined;
    const kept = item['deletionPolicy'] === 'Retain';
    const owner = { apiVersion: node.apiVersion, kind: node.kind, name: node.name, uid: nodeUid, controller: true };
    const annotations = {
      'lynq.sh/deletion-policy': kept ? 'Retain' : 'Delete',
      'lynq.sh/applied-hash': '0123456789abcdef',
      ...(item['creationPolicy'] === 'Once' ? { 'lynq.sh/created-once': 'true' } : {}),
    };
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: elsewhere ? 'node-acme' : node.namespace };
    const name = `acme-${item.id}`;
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        namespace: ref.namespace,
        annotations,
        ...(elsewhere || kept ? { labels: tracking } : { ownerReferences: [owner] }),
      },
      data: { v: '1' },
    };
    if (manager !== 'lynq-operator') return bench.cluster.seed(object, manager);
    const written = await bench.cluster.apply({ ...ref, name }, object, { manager, force: false });
    if (written.kind !== 'ok') throw new Error(`${name}: ${written.kind}`);
    return written.object;
  }

  /** Requests of the passes: what the test itself wrote was before `since`. */
  let since = 0;
  const writesTo = (name: string) =>
    bench.cluster.calls
      .slice(since)
      .filter(({ verb, ref }) => ref.kind === 'ConfigMap' && ref.name === name && !['get', 'list'].includes(verb));
  const uidOf = (object: JsonObject | undefined) => textAt(object, 'metadata', 'uid');
  const findFar = (id: string) => bench.find(`acme-${id}`, 'ConfigMap', 'node-acme');
  const states = async () => {
    const status = (await bench.node())['status'] as { resources?: readonly JsonObject[] } | undefined;
    return (status?.resources ?? [])
      .map((item) => `${textAt(item, 'id') ?? ''} ${textAt(item, 'state') ?? ''}`)
      .toSorted();
  };

  it('are taken over object by object, with one write each, those that wait for others and have no manager of ours included', async () => {
    const entries = [
      entry('base'),
      entry('merged', { ...far, patchStrategy: 'merge', dependIds: ['base'] }),
      entry('replaced', { deletionPolicy: 'Retain', patchStrategy: 'replace', dependIds: ['merged'] }),
    ];
    const uid = await writeNode(entries);
    const before = [
      await writeChild(entries[0]!, uid),
      await writeChild(entries[1]!, uid, 'manager'),
      await writeChild(entries[2]!, uid, 'manager'),
    ];
    since = bench.cluster.calls.length;
    await bench.follow(entries);
    await bench.settle();

    expect(await states()).toEqual(['base Ready', 'merged Ready', 'replaced Ready']);
    const after = [await bench.find('acme-base'), await findFar('merged'), await bench.find('acme-replaced')];
    expect(after.map(uidOf)).toEqual(before.map(uidOf));
    expect(['acme-base', 'acme-merged', 'acme-replaced'].map((name) => writesTo(name).length)).toEqual([1, 1, 1]);
  });

  it('lose what left the form while no operator ran, in namespaces of templates too', async () => {
    const [stays, gone, farGone] = [
      entry('stays'),
      entry('gone'),
      entry('far-gone', { ...far, patchStrategy: 'merge' }),
    ];
    const uid = await writeNode([stays, gone, farGone]);
    await writeChild(stays, uid);
    await writeChild(gone, uid);
    await writeChild(farGone, uid, 'manager');
    await bench.follow([stays]);
    await bench.settle();

    expect(await bench.find('acme-stays')).toBeDefined();
    expect(await bench.find('acme-gone')).toBeUndefined();
    expect(await findFar('far-gone')).toBeUndefined();
  });

  it('deleted before any pass leave nothing but what is retained, marked, and foreign objects', async () => {
    const entries = [
      entry('here'),
      entry('merged', { ...far, patchStrategy: 'merge' }),
      entry('kept', { ...far, deletionPolicy: 'Retain' }),
      entry('foreign'),
    ];
    const uid = await writeNode(entries.slice(0, 3));
    await writeChild(entries[0]!, uid);
    await writeChild(entries[1]!, uid, 'manager');
    const kept = await writeChild(entries[2]!, uid);
    const foreign = bench.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'acme-foreign', namespace: 'node-acme', labels: tracking },
    });
    await bench.remove();

    expect(await bench.find('acme-here')).toBeUndefined();
    expect(await findFar('merged')).toBeUndefined();
    expect(await findFar('kept')).toMatchObject({
      metadata: { uid: uidOf(kept), labels: { 'lynq.sh/orphaned': 'true' } },
    });
    expect(await findFar('foreign')).toEqual(foreign);
    expect(await bench.cluster.get(node)).toBeUndefined();
  });

  it('keep an object made once as it is, but for the labels that the watch needs', async () => {
    const once = entry('once', { creationPolicy: 'Once' });
    const uid = await writeNode([once]);
    const before = await writeChild(once, uid);
    since = bench.cluster.calls.length;
    await bench.follow([{ ...once, spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { v: '2' } } }]);
    await bench.settle();

    const after = await bench.find('acme-once');
    expect(after).toMatchObject({ data: { v: '1' }, metadata: { uid: uidOf(before), labels: tracking } });
    expect(writesTo('acme-once')).toHaveLength(1);
    await bench.settle();
    expect(writesTo('acme-once')).toHaveLength(1);
  });

  it('do not take an object that only has the name and labels', async () => {
    const uid = await writeNode([entry('base')]);
    await writeChild(entry('base'), uid);
    const foreign = bench.cluster.seed({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'acme-more', namespace: node.namespace, labels: tracking },
    });
    await bench.follow([entry('base'), entry('more')]);
    await bench.settle();

    expect(await states()).toEqual(['base Ready', 'more Conflicted']);
    expect(await bench.find('acme-more')).toEqual(foreign);
  });

  it('what it kept of an earlier life of the row is left alone, and taken back once a person says whose it is', async () => {
    const kept = entry('kept', { deletionPolicy: 'Retain' });
    const before = await writeChild(kept, 'uid-of-an-earlier-node');
    const marks = {
      labels: { 'lynq.sh/node': null, 'lynq.sh/node-namespace': null, 'lynq.sh/orphaned': 'true' },
      annotations: { 'lynq.sh/orphaned-at': '2026-11-22T11:00:00Z', 'lynq.sh/orphaned-reason': 'LynqNodeDeleted' },
    };
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: node.namespace, name: 'acme-kept' };
    const write = (metadata: JsonObject) => bench.cluster.patch(ref, 'merge', { metadata }, { manager: 'manager' });
    await write(marks);
    await bench.follow([kept]);
    await bench.settle();
    expect(await states()).toEqual(['kept Conflicted']);
    const [said] = listAt(await bench.node(), 'status', 'resources');
    expect(textAt(said, 'message')).toContain('a retained object that does not say of which row it is');

    await write({ annotations: { 'lynq.sh/orphaned-from': 'customers/web/acme' } });
    await bench.settle();

    expect(await states()).toEqual(['kept Ready']);
    const after = await bench.find('acme-kept');
    expect(uidOf(after)).toBe(uidOf(before));
    expect(textAt(after, 'metadata', 'labels', 'lynq.sh/orphaned')).toBeUndefined();
    expect(textAt(after, 'metadata', 'annotations', 'lynq.sh/orphaned-from')).toBeUndefined();
  });
});
