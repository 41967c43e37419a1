import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SyncOutcome } from '../../../../activities/contract.ts';
import { syncHub } from '../../../../activities/hub/sync.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type MemoryRowServer, openInMemoryRowServer } from '../../../support/in-memory-row-source.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const request = { namespace, hub: 'customers' };
const hubRef = { apiVersion, kind: 'LynqHub', namespace, name: 'customers' };
const formRef = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
const manager = 'kubectl';

const hub: JsonObject = {
  apiVersion,
  kind: 'LynqHub',
  metadata: { name: 'customers', namespace, generation: 1 },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '0s',
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
  },
};

const form: JsonObject = {
  apiVersion,
  kind: 'LynqForm',
  metadata: { name: 'web', namespace, generation: 1 },
  spec: {
    hubId: 'customers',
    configMaps: [{ id: 'cfg', nameTemplate: '{{ .uid }}-cfg', spec: { apiVersion: 'v1', kind: 'ConfigMap' } }],
  },
};

/** When a form counts as deleted, with several workers that share nothing but the cluster. */
describe('activities/hub/absent-forms', () => {
  let cluster: FakeCluster;
  let server: MemoryRowServer;
  let workers: readonly FakeProcess[];
  let now: Date;
  let duringRead: () => unknown = () => undefined;

  const start = (): Promise<FakeProcess> =>
    startProcess(
      cluster,
      { now: () => now },
      {
        ...server.source,
        read: async (asked, onRow) => {
          const proof = await server.source.read(asked, onRow);
          const react = duringRead;
          duringRead = () => undefined;
          await react();
          return proof;
        },
      },
    );

  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, manager);
    const password = { password: Buffer.from('secret').toString('base64') };
    cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace }, data: password }, manager);
    cluster.seed(hub);
    cluster.seed(form);
    server = openInMemoryRowServer();
    server.tables.set('app.nodes', {
      columns: ['id', 'active'],
      rows: [
        ['acme', '1'],
        ['beta', '1'],
      ],
    });
    now = new Date(1_790_000_000_000);
    workers = [await start(), await start()];
    for (let round = 0; round < 2; round += 1) for (const worker of [0, 1]) await sync(worker);
    expect(cluster.objects('LynqNode')).toHaveLength(2);
  });
  afterEach(() => {
    for (const worker of workers) worker.die();
  });

  /** One sync on a worker, so many seconds after the one before. */
  async function sync(worker: number, seconds = 1): Promise<SyncOutcome> {
    now = new Date(now.getTime() + seconds * 1_000);
    const { deps } = workers[worker] ?? failed(worker);
    const outcome = await syncHub(deps, request, { signal: new AbortController().signal });
    for (const node of cluster.objects('LynqNode'))
      deps.runs.running(namespace, textAt(node, 'metadata', 'name') ?? '');
    return outcome;
  }
  const failed = (worker: number): never => {
    throw new Error(`there is no worker ${worker}`);
  };
  const remove = async (): Promise<void> =>
    void (await cluster.delete(formRef, textAt(await cluster.get(formRef), 'metadata', 'uid') ?? ''));
  const makeAgain = (): void => void cluster.seed(form);
  const breakTable = (broken: boolean): void => void (server.state.port = broken ? 1 : 3306);
  const deleted = (): readonly string[] =>
    cluster.calls.flatMap(({ verb, ref }) => (verb === 'delete' && ref.kind === 'LynqNode' ? [ref.name ?? ''] : []));
  const absent = async () => listAt(await cluster.get(hubRef), 'status', 'absentForms');

  it('keeps its nodes when it is replaced twice, whichever worker meets the gaps and whichever sees it between them', async () => {
    await remove();
    await sync(0);
    makeAgain();
    await sync(1);
    await sync(1, 30);
    await remove();
    await sync(0);
    expect(deleted()).toEqual([]);
  });

  it('counts as deleted after two looks half a minute apart, whichever workers look, restarted or not', async () => {
    await remove();
    await sync(0);
    expect(await absent()).toMatchObject([{ name: 'web' }]);
    workers = [workers[0] ?? failed(0), await start()];
    await sync(1, 20);
    expect(deleted()).toEqual([]);
    await sync(1, 11);
    expect(deleted()).toEqual(['acme-web', 'beta-web']);
  });

  it('is asked for once more before its nodes go: when it is there again nothing of it is removed', async () => {
    await remove();
    await sync(0);
    duringRead = makeAgain;
    await expect(sync(0, 31)).rejects.toMatchObject({ type: 'ClusterStale' });
    expect(deleted()).toEqual([]);
    await sync(0);
    expect(await absent()).toEqual([]);
    expect(deleted()).toEqual([]);
  });

  it('keeps its nodes when a sync that was frozen wakes up in a later gap', async () => {
    await remove();
    await sync(0);
    // While the first worker reads: the form returns, the second worker sees that, and the form is replaced again.
    duringRead = async () => {
      makeAgain();
      await sync(1);
      await remove();
    };
    await expect(sync(0, 31)).rejects.toMatchObject({ type: 'ClusterStale' });
    expect(deleted()).toEqual([]);
    expect(await absent()).toEqual([]);
  });

  it('is not said to be absent by a sync that looked before it returned', async () => {
    await remove();
    duringRead = async () => {
      makeAgain();
      await sync(1);
    };
    await sync(0);
    expect(await absent()).toEqual([]);
  });

  it('is looked for by syncs that cannot read the table, too', async () => {
    await remove();
    breakTable(true);
    expect(await sync(0)).toMatchObject({ kind: 'unread' });
    expect(await absent()).toMatchObject([{ name: 'web' }]);
    makeAgain();
    await sync(1);
    expect(await absent()).toEqual([]);
    breakTable(false);
    await remove();
    await sync(0, 31);
    expect(deleted()).toEqual([]);
  });

  it('begins to be absent anew when nobody has looked for long, as while the hub is paused', async () => {
    await remove();
    await sync(0);
    await cluster.patch(hubRef, 'merge', { spec: { paused: true } }, { manager });
    await sync(0, 3_600);
    await cluster.patch(hubRef, 'merge', { spec: { paused: false } }, { manager });
    await sync(0);
    expect(deleted()).toEqual([]);
    await sync(1, 31);
    expect(deleted()).toEqual(['acme-web', 'beta-web']);
  });

  it('takes its nodes with it also of rows that are held or frozen, while those of other forms stay', async () => {
    const uids = Array.from({ length: 12 }, (_, index) => `r${index + 10}`);
    const rows = (...names: readonly string[]) =>
      void server.tables.set('app.nodes', { columns: ['id', 'active'], rows: names.map((name) => [name, '1']) });
    cluster.seed({ ...form, metadata: { name: 'other', namespace, generation: 1 } });
    rows('acme', 'beta', ...uids);
    await sync(0);
    // A table that was truncated, and a row that is written twice.
    rows('acme', 'ACME', 'beta');
    await sync(0);
    const held = async () => {
      const { status } = (await cluster.get(hubRef)) as { status: { rows: { held: number; frozen: number } } };
      return [status.rows.held, status.rows.frozen];
    };
    expect(await held()).toEqual([12, 2]);
    expect(deleted()).toEqual([]);

    await remove();
    await sync(0);
    await sync(0, 31);

    const all = ['acme', 'beta', ...uids];
    expect(deleted().toSorted()).toEqual(all.map((uid) => `${uid}-web`));
    expect(await held()).toEqual([12, 2]);
  });
});
