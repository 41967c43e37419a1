import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { benchNode, type NodeBench, openNodeBench } from '../../../support/node-bench.ts';

const node = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', namespace: 'tenants', name: benchNode };
const elsewhere = 'data';

/** An entry that names its namespace inside of its object only, as pasted manifests do: the Go operator puts it into the node's namespace. */
const entry = (metadata: JsonObject = { namespace: elsewhere }, change: JsonObject = {}): JsonObject => ({
  id: 'db',
  nameTemplate: '{{ .uid }}-db',
  spec: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { v: '1' } },
  ...change,
});

describe('activities/node/kept-places', () => {
  let bench: NodeBench;
  /** Whether the account of the objects may not read a ConfigMap in the node's namespace. */
  let barred: boolean;
  beforeEach(async () => {
    barred = false;
    bench = await openNodeBench((cluster) => ({
      ...cluster,
      get: (ref, signal) =>
        ref.kind === 'ConfigMap' && ref.namespace === node.namespace && barred
          ? Promise.reject(new LynqFailure('ClusterForbidden', 'may not get ConfigMap', { code: 403 }))
          : cluster.get(ref, signal),
    }));
    for (const name of [elsewhere, 'further'])
      bench.cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  });
  afterEach(() => bench.close());

  /** A node with one object, as the Go operator leaves them. */
  async function writePeer(change: JsonObject = {}): Promise<string> {
    const metadata = {
      name: node.name,
      namespace: node.namespace,
      labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
      annotations: { 'lynq.sh/hubId': 'customers' },
      finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
    };
    const stored = { ...entry(undefined, change), nameTemplate: 'acme-db' };
    const spec = { uid: 'acme', templateRef: 'web', configMaps: [stored] };
    const made = bench.cluster.seed({ apiVersion: node.apiVersion, kind: node.kind, metadata, spec }, 'manager');
    const uid = textAt(made, 'metadata', 'uid') ?? '';
    const status = { appliedResources: ['ConfigMap/tenants/acme-db@db'] };
    await bench.cluster.patch(node, 'merge', { status }, { manager: 'manager', subresource: 'status' });
    return writeObject(uid, change);
  }

  async function writeObject(nodeUid: string, change: JsonObject = {}): Promise<string> {
    const isKept = change['deletionPolicy'] === 'Retain';
    const owner = { apiVersion: node.apiVersion, kind: node.kind, name: node.name, uid: nodeUid, controller: true };
    const labels = { 'lynq.sh/node': node.name, 'lynq.sh/node-namespace': node.namespace };
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: node.namespace, name: 'acme-db' };
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: ref.name,
        namespace: ref.namespace,
        annotations: { 'lynq.sh/deletion-policy': isKept ? 'Retain' : 'Delete' },
        ...(isKept ? { labels } : { ownerReferences: [owner] }),
      },
      data: { v: '1' },
    };
    const written = await bench.cluster.apply(ref, object, { manager: 'lynq-operator', force: false });
    if (written.kind !== 'ok') throw new Error(written.kind);
    return textAt(written.object, 'metadata', 'uid') ?? '';
  }

  async function follow(...entries: readonly JsonObject[]): Promise<void> {
    await bench.follow(entries);
    await bench.settle();
  }

  const places = () =>
    bench.cluster
      .objects('ConfigMap')
      .map(({ metadata }) => `${textAt(metadata, 'namespace') ?? ''}/${textAt(metadata, 'name') ?? ''}`)
      .toSorted();
  const uidHere = async () => textAt(await bench.find('acme-db'), 'metadata', 'uid');
  const deletions = () =>
    bench.cluster.calls.filter(({ verb, ref: { kind } }) => verb === 'delete' && kind === 'ConfigMap');
  const told = () => bench.events.filter(({ reason }) => reason === 'NamespaceNotFollowed');
  const states = async () => listAt(await bench.node(), 'status', 'resources').map((item) => textAt(item, 'state'));

  it.each([{ deletionPolicy: 'Delete' }, { deletionPolicy: 'Retain' }])(
    'what the Go operator made stays where it is although the entry names another namespace ($deletionPolicy)',
    async (policy) => {
      const uid = await writePeer(policy);
      await follow(entry(undefined, policy));
      await bench.settle(true);

      expect(places()).toEqual(['tenants/acme-db']);
      expect(await uidHere()).toBe(uid);
      expect(await states()).toEqual(['Ready']);
      expect(deletions()).toEqual([]);
      expect(told().map(({ type, message }) => `${type} ${message}`)).toEqual([
        "Warning Resource 'db' stays in namespace tenants, where it was made: its spec.metadata.namespace is not followed. Remove that, or write targetNamespace to move the object",
      ]);
    },
  );

  it('it stays there while the form changes in other ways, and what a row changes in that namespace does not move it', async () => {
    const uid = await writePeer();
    await follow(entry({ namespace: 'data{{ .activate }}' }));
    await bench.cluster.patch(
      node,
      'merge',
      { metadata: { annotations: { 'lynq.sh/activate': '1' } } },
      { manager: 'test' },
    );
    await bench.settle();
    await follow(entry({ namespace: 'data{{ .activate }}', labels: { tier: 'data' } }));

    expect(places()).toEqual(['tenants/acme-db']);
    expect(await uidHere()).toBe(uid);
    expect(told()).toHaveLength(1);
  });

  it('it stays there when its entry could not be rendered at first', async () => {
    const uid = await writePeer();
    const broken = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: elsewhere },
      data: { v: '{{ fail "no" }}' },
    };
    await follow(entry(undefined, { spec: broken }));
    expect(await states()).toEqual(['Failed']);
    await follow(entry());

    expect(places()).toEqual(['tenants/acme-db']);
    expect(await uidHere()).toBe(uid);
  });

  it('it moves when the form names another place for it', async () => {
    await writePeer();
    await follow(entry());
    await follow(entry({ namespace: 'further' }));
    expect(places()).toEqual(['further/acme-db']);
  });

  it('it moves when the form says so in targetNamespace', async () => {
    await writePeer();
    await follow(entry());
    await follow(entry(undefined, { targetNamespace: elsewhere }));
    expect(places()).toEqual(['data/acme-db']);
  });

  it('it stays when the form stops to name a namespace, and nothing is left to be told', async () => {
    const uid = await writePeer();
    await follow(entry());
    await follow(entry({}));
    await bench.settle(true);

    expect(await uidHere()).toBe(uid);
    expect(JSON.stringify(listAt(await bench.node(), 'status', 'inventory'))).not.toContain('ignoredNamespace');
  });

  it('a row that returns finds what was kept of it there, and not an empty one beside it', async () => {
    const kept = { deletionPolicy: 'Retain' };
    const uid = await writePeer(kept);
    await follow(entry(undefined, kept));
    await bench.remove();
    await follow(entry(undefined, kept));

    expect(places()).toEqual(['tenants/acme-db']);
    expect(await uidHere()).toBe(uid);
    expect(await states()).toEqual(['Ready']);
  });

  describe('what the Go operator kept of a row without saying of which', () => {
    const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: node.namespace, name: 'acme-db' };
    const plain = { id: 'plain', nameTemplate: '{{ .uid }}-plain', spec: { apiVersion: 'v1', kind: 'ConfigMap' } };
    let uid: string;

    beforeEach(async () => {
      uid = await writeObject('uid-of-an-earlier-node');
      const metadata = { ownerReferences: null, labels: { 'lynq.sh/orphaned': 'true' } };
      await bench.cluster.patch(ref, 'merge', { metadata }, { manager: 'manager' });
    });

    it('is a conflict, and no reason for an empty one beside it', async () => {
      await follow(entry());

      expect(places()).toEqual(['tenants/acme-db']);
      expect(await states()).toEqual(['Conflicted']);
    });

    it('is nothing to stay with once it is gone, also when the row has other objects by then', async () => {
      await follow(entry(), plain);
      expect(places()).toEqual(['tenants/acme-db', 'tenants/acme-plain']);
      await bench.cluster.delete(ref, uid);
      await bench.settle();

      expect(places()).toEqual(['data/acme-db', 'tenants/acme-plain']);
      expect(told()).toEqual([]);
      expect(JSON.stringify(listAt(await bench.node(), 'status', 'inventory'))).not.toContain('ignoredNamespace');
    });

    it('is nothing to stay with either when it goes while a pass is under way', async () => {
      await bench.follow([entry(), { ...plain, readyWhen: 'false' }]);
      const going = bench.pass(1_500);
      await vi.waitFor(() => expect(places()).toEqual(['tenants/acme-db', 'tenants/acme-plain']));
      await sleep(200);
      await bench.cluster.delete(ref, uid);
      await going;
      await bench.pass(300);

      expect(places()).toEqual(['data/acme-db', 'tenants/acme-plain']);
      expect(told()).toEqual([]);
    });

    it("is the row's once a person says so on it", async () => {
      await follow(entry(), plain);
      const metadata = { annotations: { 'lynq.sh/orphaned-from': 'customers/web/acme' } };
      await bench.cluster.patch(ref, 'merge', { metadata }, { manager: 'kubectl' });
      await bench.settle();

      expect(places()).toEqual(['tenants/acme-db', 'tenants/acme-plain']);
      expect(await uidHere()).toBe(uid);
      expect(await states()).toEqual(['Ready', 'Ready']);
      expect(told()).toHaveLength(1);
    });
  });

  it('a new row has its object in the namespace that the entry names', async () => {
    await follow(entry());
    await bench.settle(true);

    expect(places()).toEqual(['data/acme-db']);
    expect(told()).toEqual([]);
  });

  describe("where the account may not read the kind in the node's namespace", () => {
    it('a new row has its object in the namespace that the entry names all the same', async () => {
      barred = true;
      await follow(entry());

      expect(places()).toEqual(['data/acme-db']);
      expect(await states()).toEqual(['Ready']);
    });

    it('an entry of a row that the Go operator had objects of waits until it may', async () => {
      await writePeer();
      await follow({ ...entry(), id: 'other', nameTemplate: '{{ .uid }}-other' }, entry());
      expect(places()).toEqual(['data/acme-other', 'tenants/acme-db']);
      barred = true;
      const further = { ...entry(), id: 'further', nameTemplate: '{{ .uid }}-further' };
      await bench.follow([entry(), further]);
      await bench.pass(500);
      expect(places()).not.toContain('data/acme-further');
      expect(await states()).toContain('Waiting');

      barred = false;
      await bench.settle();
      expect(places()).toContain('data/acme-further');
    });

    it('what is on record as a conflict there waits too', async () => {
      await writeObject('uid-of-an-earlier-node');
      const ref = { apiVersion: 'v1', kind: 'ConfigMap', namespace: node.namespace, name: 'acme-db' };
      const metadata = { ownerReferences: null, labels: { 'lynq.sh/orphaned': 'true' } };
      await bench.cluster.patch(ref, 'merge', { metadata }, { manager: 'manager' });
      await follow(entry(), {
        id: 'plain',
        nameTemplate: '{{ .uid }}-plain',
        spec: { apiVersion: 'v1', kind: 'ConfigMap' },
      });
      barred = true;
      await bench.pass(500);

      expect(places()).not.toContain('data/acme-db');
    });
  });

  it('an object of ours moves when its entry comes to name a namespace', async () => {
    await follow(entry({}));
    await follow(entry());
    expect(places()).toEqual(['data/acme-db']);
  });

  it("an entry whose old place is another entry's goes to its own", async () => {
    await writePeer();
    const plain = { id: 'plain', nameTemplate: '{{ .uid }}-db', spec: { apiVersion: 'v1', kind: 'ConfigMap' } };
    await follow(plain, entry());
    expect(places()).toEqual(['data/acme-db', 'tenants/acme-db']);
    expect(await states()).toEqual(['Ready', 'Ready']);
  });
});
