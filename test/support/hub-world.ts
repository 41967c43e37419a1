import type { SyncOutcome } from '../../activities/contract.ts';
import type { Deps } from '../../activities/deps.ts';
import { syncHub } from '../../activities/hub/sync.ts';
import { isJsonObject, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from './fake-cluster.ts';
import { openInMemoryRowServer } from './in-memory-row-source.ts';
import { startProcess } from './node-deps.ts';

/** Hubs over one table in this process: columns `id`, `active`, `plan`, and `token`, which is a secret where a hub says so. */

export const namespace = 'tenants';
export const apiVersion = 'operator.lynq.sh/v1';
const attempt = { signal: new AbortController().signal };

export function hubOf(name: string, spec: JsonObject = {}): JsonObject {
  const mysql = {
    host: 'db.test',
    port: 3306,
    username: 'lynq_reader',
    database: 'app',
    table: 'nodes',
    passwordRef: { name: 'db', key: 'password' },
  };
  return {
    apiVersion,
    kind: 'LynqHub',
    metadata: { name, namespace, generation: 1 },
    spec: {
      source: { type: 'mysql', syncInterval: '5s', mysql },
      valueMappings: { uid: 'id', activate: 'active' },
      extraValueMappings: { plan: 'plan' },
      ...spec,
    },
  };
}

export const withToken: JsonObject = { secretValueMappings: { token: 'token' } };

export function formOf(name: string, hub: string): JsonObject {
  const spec = { apiVersion: 'v1', kind: 'ConfigMap', data: { plan: '{{ .plan }}' } };
  return {
    apiVersion,
    kind: 'LynqForm',
    metadata: { name, namespace, generation: 1 },
    spec: { hubId: hub, configMaps: [{ id: 'cfg', nameTemplate: `{{ .uid }}-${name}`, spec }] },
  };
}

export interface WorldRow {
  readonly id: string;
  readonly plan?: string;
  readonly token?: string;
}

export interface FrozenAs {
  readonly uid: string;
  readonly reason: string;
  readonly message: string;
}

export interface HubWorld {
  readonly cluster: FakeCluster;
  readonly deps: Deps;
  readonly reads: () => number;
  setRows(rows: readonly WorldRow[]): void;
  /** Another server answers under the same name. */
  failOver(): void;
  sync(hub?: string, change?: Partial<Deps>): Promise<SyncOutcome>;
  /** Names of LynqNodes, sorted. */
  nodes(): readonly string[];
  node(name: string): JsonObject | undefined;
  frozen(hub?: string): readonly FrozenAs[];
  status(hub?: string): JsonObject | undefined;
}

export async function openHubWorld(objects: readonly JsonObject[]): Promise<HubWorld> {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, 'kubectl');
  const password = { password: Buffer.from('secret').toString('base64') };
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace }, data: password }, 'kubectl');
  for (const object of objects) cluster.seed(object);
  const server = openInMemoryRowServer();
  const { deps } = await startProcess(cluster, undefined, server.source);
  const find = (kind: string, name: string): JsonObject | undefined =>
    cluster.objects(kind).find((object) => textAt(object, 'metadata', 'name') === name);
  const world: HubWorld = {
    cluster,
    deps,
    reads: () => server.reads(),
    setRows: (rows) => {
      const cells = rows.map(({ id, plan = 'free', token = 'none' }) => [id, '1', plan, token]);
      server.tables.set('app.nodes', { columns: ['id', 'active', 'plan', 'token'], rows: cells });
    },
    failOver: () => {
      server.state.serverId = 'another';
    },
    sync: (hub = 'one', change = {}) => syncHub({ ...deps, ...change }, { namespace, hub }, attempt),
    nodes: () =>
      cluster
        .objects('LynqNode')
        .map((object) => textAt(object, 'metadata', 'name') ?? '')
        .toSorted(),
    node: (name) => find('LynqNode', name),
    frozen: (hub = 'one') =>
      listAt(find('LynqHub', hub), 'status', 'frozenRows').map((row) => ({
        uid: textAt(row, 'uid') ?? '',
        reason: textAt(row, 'reason') ?? '',
        message: textAt(row, 'message') ?? '',
      })),
    status: (hub = 'one') => {
      const found = find('LynqHub', hub)?.['status'];
      return isJsonObject(found) ? found : undefined;
    },
  };
  world.setRows([{ id: 'acme' }]);
  return world;
}
