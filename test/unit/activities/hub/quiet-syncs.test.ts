import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SyncOutcome } from '../../../../activities/contract.ts';
import { syncHub } from '../../../../activities/hub/sync.ts';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import type { ReadProof, RowSource } from '../../../../domain/ports.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type MemoryRowServer, openInMemoryRowServer } from '../../../support/in-memory-row-source.ts';
import { type FakeProcess, noRuns, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const request = { namespace, hub: 'customers' };
const hubRef = { apiVersion, kind: 'LynqHub', namespace, name: 'customers' };
const formRef = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
const nodeRef = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
const manager = 'kubectl';

const hub: JsonObject = {
  apiVersion,
  kind: 'LynqHub',
  metadata: { name: 'customers', namespace, generation: 1 },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '5s',
      mysql: {
        host: 'db.test',
        port: 3306,
        username: 'lynq_reader',
        database: 'app',
        table: 'nodes',
        passwordRef: { name: 'db', key: 'password' },
      },
    },
    valueMappings: { uid: 'id', activate: 'active' },
    extraValueMappings: { plan: 'plan' },
  },
};

const formSpec = (text: string): JsonObject => ({
  hubId: 'customers',
  configMaps: [
    { id: 'cfg', nameTemplate: '{{ .uid }}-cfg', spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { text } } },
  ],
});

/** What a sync that finds nothing to do remembers, and what makes it look again. */
describe('activities/hub/quiet-syncs', () => {
  let cluster: FakeCluster;
  let server: MemoryRowServer;
  let running: FakeProcess;
  let proofs: ReadProof[];
  let now: Date;
  let duringRead: () => void = () => undefined;

  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, manager);
    const password = { password: Buffer.from('secret').toString('base64') };
    cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace }, data: password }, manager);
    cluster.seed(hub);
    cluster.seed({
      apiVersion,
      kind: 'LynqForm',
      metadata: { name: 'web', namespace, generation: 1 },
      spec: formSpec('a'),
    });
    server = openInMemoryRowServer();
    put(['acme', '1', 'pro'], ['beta', '1', 'free'], ['gone', '0', 'free']);
    now = new Date(1_790_000_000_000);
    proofs = [];
    const source: RowSource = {
      ...server.source,
      read: async (asked, onRow) => {
        const proof = await server.source.read(asked, onRow);
        proofs.push(proof);
        duringRead();
        duringRead = () => undefined;
        return proof;
      },
    };
    running = await startProcess(cluster, { now: () => now }, source);
    for (let round = 0; round < 4; round += 1) await sync();
  });
  afterEach(() => running.die());

  function put(...rows: readonly (readonly (string | null)[])[]): void {
    server.tables.set('app.nodes', { columns: ['id', 'active', 'plan'], rows });
  }

  /** One sync, after which the nodes that it made have runs. */
  async function sync(): Promise<SyncOutcome> {
    now = new Date(now.getTime() + 1_000);
    const outcome = await syncHub(running.deps, request, { signal: new AbortController().signal });
    for (const node of cluster.objects('LynqNode'))
      running.deps.runs.running(namespace, textAt(node, 'metadata', 'name') ?? '');
    return outcome;
  }

  const writes = (from: number) =>
    cluster.calls
      .slice(from)
      .filter(({ verb }) => !['get', 'list'].includes(verb))
      .map(({ verb, ref }) => `${verb} ${ref.kind} ${ref.name ?? ''}`);
  const statusOf = (object: JsonObject | undefined): JsonObject => (object?.['status'] ?? {}) as JsonObject;

  it('concludes the same without looking at a row while nothing changes, and says when it was', async () => {
    const before = statusOf(await cluster.get(hubRef));
    const place = cluster.calls.length;
    expect(await sync()).toEqual({
      kind: 'synced',
      counts: { rows: 3, active: 2, frozen: 0, held: 0, created: 0, updated: 0, removed: 0 },
      page: { births: [] },
    });
    expect(proofs.at(-1)?.unchanged).toBe(true);
    expect(writes(place)).toEqual(['patch LynqHub customers']);
    const after = statusOf(await cluster.get(hubRef));
    expect(after).toEqual({ ...before, lastSyncTime: after['lastSyncTime'] });
    expect(after['lastSyncTime']).not.toBe(before['lastSyncTime']);
  });

  it.each<readonly [string, () => unknown, readonly string[]]>([
    [
      'a value of a row',
      () => put(['acme', '1', 'free'], ['beta', '1', 'free'], ['gone', '0', 'free']),
      ['patch LynqNode acme-web'],
    ],
    [
      'the set of rows',
      () => put(['acme', '1', 'pro'], ['beta', '1', 'free'], ['new', '1', 'free']),
      ['create LynqNode new-web'],
    ],
    [
      'a row that is active no more',
      () => put(['acme', '1', 'pro'], ['beta', '0', 'free']),
      ['delete LynqNode beta-web'],
    ],
    [
      'a form',
      () => cluster.patch(formRef, 'merge', { spec: formSpec('b') }, { manager }),
      ['patch LynqNode acme-web', 'patch LynqNode beta-web'],
    ],
    [
      'a LynqNode, by hand',
      () =>
        cluster.patch(
          nodeRef,
          'merge',
          { metadata: { annotations: { 'lynq.sh/extra': '{"plan":"max"}' } } },
          { manager },
        ),
      ['patch LynqNode acme-web'],
    ],
    [
      'what the hub maps',
      () => cluster.patch(hubRef, 'merge', { spec: { extraValueMappings: { plan: null, tier: 'plan' } } }, { manager }),
      ['patch LynqNode acme-web', 'patch LynqNode beta-web'],
    ],
  ])('looks at every row again when something has changed in %s', async (_, change, expected) => {
    await change();
    const place = cluster.calls.length;
    await sync();
    expect(proofs.at(-1)?.unchanged).toBeUndefined();
    expect(writes(place)).toEqual(expect.arrayContaining([...expected]));
  });

  it('offers a node as a birth whose run is found missing', async () => {
    running.deps.runs.missing(namespace, 'beta-web');
    expect(await sync()).toMatchObject({ page: { births: [{ node: 'beta-web' }] } });
  });

  it('makes a LynqNode again that was deleted without its finalizer', async () => {
    await cluster.patch(nodeRef, 'merge', { metadata: { finalizers: [] } }, { manager });
    await cluster.delete(nodeRef, textAt(await cluster.get(nodeRef), 'metadata', 'uid') ?? '');
    const place = cluster.calls.length;
    await sync();
    expect(writes(place)).toContain('create LynqNode acme-web');
  });

  it('remembers nothing while deletions of the last hour count, which the clock alone takes away', async () => {
    put(['acme', '1', 'pro']);
    for (let round = 0; round < 4; round += 1) {
      await sync();
      await cluster.patch({ ...nodeRef, name: 'beta-web' }, 'merge', { metadata: { finalizers: [] } }, { manager });
    }
    expect(proofs.slice(-3).map(({ unchanged }) => unchanged)).toEqual([undefined, undefined, undefined]);
    now = new Date(now.getTime() + 3_600_000);
    for (let round = 0; round < 4; round += 1) await sync();
    expect(proofs.at(-1)?.unchanged).toBe(true);
  });

  it('does not take a form that has just gone for one whose nodes stay', async () => {
    await cluster.delete(formRef, textAt(await cluster.get(formRef), 'metadata', 'uid') ?? '');
    const place = cluster.calls.length;
    for (let round = 0; round < 4; round += 1) await sync();
    expect(writes(place).filter((write) => write.includes('LynqNode'))).toEqual([]);
    now = new Date(now.getTime() + 31_000);
    await sync();
    expect(writes(place)).toEqual(expect.arrayContaining(['delete LynqNode acme-web', 'delete LynqNode beta-web']));
  });

  it('keeps the nodes of a form that is replaced again, however long after the first time', async () => {
    const place = cluster.calls.length;
    for (let round = 0; round < 2; round += 1) {
      const object = await cluster.get(formRef);
      await cluster.delete(formRef, textAt(object, 'metadata', 'uid') ?? '');
      await sync();
      const metadata = { name: 'web', namespace, generation: 1 };
      cluster.seed({ apiVersion, kind: 'LynqForm', metadata, spec: formSpec('a') });
      await sync();
      now = new Date(now.getTime() + 60_000);
    }
    expect(writes(place).filter((write) => write.startsWith('delete LynqNode'))).toEqual([]);
  });

  it('looks at every row when a node has changed while the rows were read', async () => {
    duringRead = () => {
      const node = cluster.objects('LynqNode').find((object) => textAt(object, 'metadata', 'name') === 'acme-web');
      const version = String(Number(textAt(node, 'metadata', 'resourceVersion')) + 1_000);
      running.deps.nodes.observe({
        ...node,
        metadata: { ...(node?.['metadata'] as JsonObject), resourceVersion: version },
        status: { failedResources: 1, conditions: [{ type: 'Ready', status: 'False' }] },
      });
    };
    await sync();
    expect(proofs.slice(-2).map(({ unchanged }) => unchanged)).toEqual([true, undefined]);
    expect(statusOf(await cluster.get(hubRef))).toMatchObject({ failed: 1 });
  });

  it('looks at every row when a LynqNode of another hub in the namespace has gone, which may have left objects', async () => {
    const spec = { uid: 'lost', templateRef: 'other' };
    const metadata = { name: 'lost-web', namespace, labels: { 'lynq.sh/hub': 'others' } };
    cluster.seed({ apiVersion, kind: 'LynqNode', metadata, spec });
    await sync();
    await sync();
    expect(proofs.at(-1)?.unchanged).toBe(true);
    const ref = { ...nodeRef, name: 'lost-web' };
    await cluster.delete(ref, textAt(await cluster.get(ref), 'metadata', 'uid') ?? '');
    await sync();
    expect(proofs.at(-1)?.unchanged).toBeUndefined();
  });

  it('goes on with what a LynqNode has left until it is gone', async () => {
    const labels = { 'lynq.sh/node': 'lost-web', 'lynq.sh/node-namespace': namespace };
    const annotations = { 'lynq.sh/deletion-policy': 'Delete' };
    const metadata = { name: 'lost-cfg', namespace, labels, annotations };
    const stray = cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, 'lynq-operator');
    running.deps.children.observe(stray);
    const refuse = cluster.intercept(({ verb, ref }) =>
      verb === 'delete' && ref.name === 'lost-cfg'
        ? { answer: { kind: 'refused', reason: 'Forbidden', message: 'not now' } }
        : undefined,
    );
    for (let round = 0; round < 3; round += 1) await sync();
    expect(proofs.slice(-3).map(({ unchanged }) => unchanged)).not.toContain(true);
    refuse();
    await sync();
    expect(cluster.objects('ConfigMap')).toEqual([]);
  });

  it('asks Temporal for its runs once in ten seconds, and at every sync when there was something to do', async () => {
    let asked = 0;
    const count = async () => {
      asked += 1;
      return 99;
    };
    const directory = { ...noRuns, count };
    const settled = new Proxy(running.deps.runs, {
      get: (runs, name) => (name === 'isSettled' ? () => true : Reflect.get(runs, name, runs)),
    });
    const deps = { ...running.deps, directory, runs: settled };
    const syncAt = async (seconds: number) => {
      now = new Date(1_790_000_100_000 + seconds * 1_000);
      await syncHub(deps, request, { signal: new AbortController().signal });
    };
    for (const seconds of [0, 3, 6, 9, 12]) await syncAt(seconds);
    expect(asked).toBe(2);
    put(['acme', '1', 'free'], ['beta', '1', 'free'], ['gone', '0', 'free']);
    for (const seconds of [13, 14]) await syncAt(seconds);
    expect(asked).toBe(3);
  });
});
