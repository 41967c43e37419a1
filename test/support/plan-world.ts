import type { PlanningPorts } from '../../activities/plan/deps.ts';
import { planWorld, renderRow } from '../../activities/plan/index.ts';
import type { Planner } from '../../client/planner.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import { ScopePolicy } from '../../domain/api/scope.ts';
import { hubKeySecret } from '../../domain/identity.ts';
import type { Logger } from '../../domain/ports.ts';
import { createFakeCluster, type FakeCluster } from './fake-cluster.ts';
import { type MemoryRowServer, openInMemoryRowServer } from './in-memory-row-source.ts';

/** A hub with its table, and the real planner over both. */
export interface PlanWorld {
  readonly cluster: FakeCluster;
  /** What the planner reaches the world through. */
  readonly ports: PlanningPorts;
  readonly planner: Planner;
  /** Replaces the rows: id, active, plan, token. */
  setRows(rows: readonly (readonly (string | null)[])[]): void;
}

export const planHub: JsonObject = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqHub',
  metadata: { name: 'shop', namespace: 'lynq-system' },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '5s',
      mysql: {
        host: 'db.test',
        port: 3306,
        username: 'lynq_reader',
        passwordRef: { name: 'db', key: 'password' },
        database: 'app',
        table: 'nodes',
      },
    },
    valueMappings: { uid: 'id', activate: 'active' },
    extraValueMappings: { plan: 'plan' },
    secretValueMappings: { token: 'token' },
  },
};

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

export function openPlanWorld(now: Date): PlanWorld {
  const cluster = createFakeCluster({ now: () => now });
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) {
    cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind });
  }
  cluster.seed(planHub);
  const data = { password: Buffer.from('secret').toString('base64') };
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'lynq-system' }, data });
  const server = openInMemoryRowServer();
  const { ports, planner } = plannerOver(cluster, server, now);
  return {
    cluster,
    ports,
    planner,
    setRows(rows) {
      server.tables.set('app.nodes', { columns: ['id', 'active', 'plan', 'token'], rows });
    },
  };
}

/** The key that a worker makes with the first node of the hub. */
export function seedHubKey(cluster: FakeCluster): void {
  const data = { key: Buffer.alloc(32, 'k').toString('base64') };
  const metadata = { name: hubKeySecret('shop'), namespace: 'lynq-system' };
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata, data });
}

/** The real planner over a cluster and a database server in memory. */
export function plannerOver(
  cluster: FakeCluster,
  { source }: MemoryRowServer,
  now: Date,
): Pick<PlanWorld, 'ports' | 'planner'> {
  const scope = { policy: ScopePolicy.parse({}), workerNamespace: 'elsewhere' };
  const ports: PlanningPorts = { cluster, rows: source, clock: { now: () => now }, logger: silent, scope };
  const attempt = { signal: new AbortController().signal };
  return {
    ports,
    planner: {
      plan: (request, onProgress) => planWorld(ports, request, attempt, onProgress),
      render: (request) => renderRow(ports, request, attempt),
    },
  };
}
