import { expect, inject } from 'vitest';
import { openTcpProxy, type TcpProxy } from '../../contract/row-source.proxy.ts';
import {
  childPath,
  type Condition,
  conditionOf,
  type Json,
  type KubeObject,
  lynqPath,
} from '../../support/e2e/cluster.ts';
import { eventually, notYet, type Patience, there } from '../../support/e2e/eventually.ts';
import { configMapForm, type FormObject, hubObject } from '../../support/e2e/manifests.ts';
import { openWorld, setSecret, type World } from '../../support/e2e/world.ts';
import { foreignPrefix, plantForeign } from '../../support/faults/foreign.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';

/** A hub with a table, a form and a way to its database of its own, so that one test's fault is no other's. */
export interface FaultHub {
  readonly name: string;
  readonly table: string;
  readonly proxy: TcpProxy;
  sql: World['database']['sql'];
  hub(): Promise<KubeObject>;
  condition(type: string): Promise<Condition | undefined>;
  /** Waits until a condition is as wanted: `DeletionHeld=True/EmptyResult`, the reason may be left out. */
  until(type: string, wanted: string, patience?: Patience): Promise<Condition>;
  /** Name of each LynqNode of the hub with its uid; those being deleted are not among them. */
  nodes(): Promise<ReadonlyMap<string, string>>;
  /** Waits for so many living nodes. */
  untilNodes(count: number): Promise<ReadonlyMap<string, string>>;
  /** Waits until so many further syncs have ended completely. */
  untilSynced(times: number): Promise<Json>;
  /** Waits until so many further syncs have ended, whatever they came to. */
  untilTried(times: number): Promise<void>;
  annotate(key: string, value: string): Promise<void>;
  status(): Promise<Json>;
}

export interface FaultWorld {
  readonly world: World;
  /** A hub over a new table with rows `row-0`, `row-1`, …, all its nodes Ready. */
  open(name: string, rows: number, options?: FaultHubOptions): Promise<FaultHub>;
  /** Takes what was done since the world was opened through the rules that hold whatever is broken, and looks whether what is not ours is what it was. */
  expectRulesKept(): Promise<void>;
  close(): Promise<void>;
}

export interface FaultHubOptions {
  readonly syncInterval?: string;
  /** Columns beside `id`, `active` and `size`. */
  readonly columns?: string;
  readonly extra?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Further fields of `source.mysql`. */
  readonly mysql?: Readonly<Record<string, unknown>>;
  readonly form?: FormObject;
  readonly port?: number;
}

/** How long a hub with `syncInterval: 1s` may take when its fault is over: two intervals and 30 s, the R of reliability.md. */
export const withinR: Patience = { withinMs: 32_000 };

/** `status.rows` of a hub as docs/sources.md has it; what is held stands beside what was seen. */
export function addsUp(rows: Readonly<Record<string, number>>): void {
  const { seen, active, inactive, repeated, frozen, provisioned, waiting, failed } = rows;
  expect(seen).toBe((active ?? 0) + (inactive ?? 0) + (repeated ?? 0) + (frozen ?? 0));
  expect(active).toBe((provisioned ?? 0) + (waiting ?? 0) + (failed ?? 0));
}

export async function openFaultWorld(
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<FaultWorld> {
  const world = await openWorld(inject('stack'), { name, settings, schema: 'CREATE TABLE seed (id INT)' });
  const proxies: TcpProxy[] = [];
  const begun = world.audit.now();
  const { namespace } = world;
  // Beside the objects of a hub that no test has: its name is what a row's node may be taken for.
  const place = { namespace, node: 'row-0-forged-form', nodeNamespace: namespace, prefix: foreignPrefix };
  const foreign = await plantForeign(world.cluster, place);
  return {
    world,
    expectRulesKept: () => expectRulesKept({ ...world, foreign }, begun),
    async open(hub, rows, options = {}) {
      const proxy = await openTcpProxy(world.database.host, options.port ?? world.database.port);
      proxies.push(proxy);
      const opened = await openHub(world, { name: hub, rows, proxy, options });
      await opened.untilNodes(rows);
      if (options.syncInterval !== '0s') await opened.untilSynced(1);
      return opened;
    },
    async close() {
      await world.close();
      for (const proxy of proxies) await proxy.close();
    },
  };
}

/** Requests of the worker that made, changed or removed LynqNodes of a hub since a place in the audit log, as `verb name`; status writes left out. */
export const nodeWrites = ({ world }: FaultWorld, hub: FaultHub, place: number): readonly string[] =>
  world.audit
    .ofWorker(place)
    .filter(({ objectRef }) => objectRef?.resource === 'lynqnodes' && objectRef.namespace === world.namespace)
    .filter(({ objectRef }) => objectRef?.subresource === undefined)
    .map(({ verb, objectRef, responseObject }) => `${verb} ${objectRef?.name ?? responseObject?.metadata?.name}`)
    .filter((text) => text.endsWith(`-${hub.name}-form`));

/** Waits until the hub has counted so many of its nodes as Ready: what is ready is counted anew also while the table cannot be read. */
export const untilCounted = (hub: FaultHub, ready: number): Promise<Json> =>
  eventually(`hub ${hub.name} counts ${ready} Ready nodes`, async () => {
    const status = await hub.status();
    return status?.ready === ready ? there(status) : notYet(status ?? 'no status');
  });

/** Changes an object of a node by hand, and waits until it is as the node wants it. */
export async function expectDriftRepaired({ world }: FaultWorld, name: string): Promise<void> {
  const path = childPath('ConfigMap', world.namespace, name);
  const { data } = await world.cluster.get(path);
  await world.cluster.merge(path, { data: { size: 'drifted' } });
  await eventually(`drift of ${name} is repaired`, async () => {
    const found = await world.cluster.get(path);
    return found.data?.['size'] === data?.['size'] ? there(found) : notYet(found.data);
  });
}

export const rowNames = (count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `row-${from + index}`);

export const listOf = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

async function openHub(
  world: World,
  {
    name,
    rows,
    proxy,
    options,
  }: {
    readonly name: string;
    readonly rows: number;
    readonly proxy: TcpProxy;
    readonly options: FaultHubOptions;
  },
): Promise<FaultHub> {
  const { namespace, cluster } = world;
  const table = name.replaceAll('-', '_');
  const extra = { size: 'size', ...options.extra };
  const columns = `id VARCHAR(63), active BOOLEAN DEFAULT TRUE, size INT DEFAULT 1${options.columns ?? ''}`;
  await world.database.sql(`CREATE TABLE \`${table}\` (${columns})`);
  if (rows > 0) {
    const values = rowNames(rows).map((row) => `('${row}')`);
    await world.database.sql(`INSERT INTO \`${table}\` (id) VALUES ${values.join(', ')}`);
  }
  const database = { ...world.database, port: proxy.port };
  const object = hubObject({ name, namespace, database, table, extra, syncInterval: options.syncInterval ?? '1s' });
  const { spec } = object as { readonly spec: Readonly<Record<string, unknown>> };
  const source = spec.source as { readonly mysql: object };
  await cluster.create(lynqPath(namespace, 'lynqhubs'), {
    ...(object as object),
    spec: { ...spec, source: { ...source, mysql: { ...source.mysql, ...options.mysql } }, ...options.spec },
  });
  const data = Object.fromEntries(Object.keys(extra).map((variable) => [variable, `{{ .${variable} }}`]));
  const form = configMapForm({ name: `${name}-form`, namespace, hub: name }, [{ id: 'map', data }]);
  await cluster.create(lynqPath(namespace, 'lynqforms'), options.form ?? form);
  return hubView(world, { name, table, proxy });
}

function hubView(world: World, parts: Pick<FaultHub, 'name' | 'table' | 'proxy'>): FaultHub {
  const { namespace, cluster } = world;
  const path = lynqPath(namespace, 'lynqhubs', parts.name);
  const hub = (): Promise<KubeObject> => cluster.get(path);
  const nodes = async (): Promise<ReadonlyMap<string, string>> => {
    const selector = `?labelSelector=${encodeURIComponent(`lynq.sh/hub=${parts.name}`)}`;
    const all = await cluster.list(`${lynqPath(namespace, 'lynqnodes')}${selector}`);
    const living = all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return new Map(living.map(({ metadata }) => [metadata.name, metadata.uid]));
  };
  return {
    ...parts,
    sql: (statement, values) => world.database.sql(statement, values),
    hub,
    nodes,
    status: async () => (await hub()).status,
    condition: async (type) => conditionOf(await hub(), type),
    until: (type, wanted, patience) => {
      const [status, reason] = wanted.split('/');
      const look = async () => {
        const found = conditionOf(await hub(), type);
        const fits = found?.status === status && (reason === undefined || found?.reason === reason);
        return fits && found !== undefined ? there(found) : notYet((await hub()).status ?? 'no status');
      };
      return eventually(`${type} of hub ${parts.name} is ${wanted}`, look, patience);
    },
    untilNodes: (count) =>
      eventually(
        `hub ${parts.name} has ${count} nodes`,
        async () => {
          const found = await nodes();
          return found.size === count ? there(found) : notYet(`${found.size} ${JSON.stringify((await hub()).status)}`);
        },
        { withinMs: 120_000 },
      ),
    untilSynced: async (times) => {
      const seen = new Set<string>([(await hub()).status?.lastSyncTime ?? '']);
      return eventually(`hub ${parts.name} has synced ${times} times more`, async () => {
        const { status } = await hub();
        seen.add(status?.lastSyncTime ?? '');
        return seen.size > times ? there(status) : notYet(status ?? 'no status');
      });
    },
    untilTried: (times) => untilTried(world, parts.name, times),
    annotate: async (key, value) => {
      await cluster.merge(path, { metadata: { annotations: { [key]: value } } });
    },
  };
}

async function untilTried({ engine, namespace }: World, hub: string, times: number): Promise<void> {
  const ended = async () =>
    (await engine.syncsOf(namespace, hub)).filter(({ status }) => status !== 'RUNNING').map(({ runId }) => runId);
  const before = new Set(await ended());
  await eventually(
    `${times} further syncs of ${hub} have ended`,
    async () => {
      const more = (await ended()).filter((runId) => !before.has(runId)).length;
      return more >= times ? there(more) : notYet(more);
    },
    { withinMs: 120_000 },
  );
}

/** An account of a test's own with these rights: what of a hub's `source.mysql` names it. */
export async function openAccount(
  { world }: FaultWorld,
  name: string,
  rights: readonly string[],
): Promise<{ readonly name: string; readonly mysql: Readonly<Record<string, unknown>> }> {
  const { database, cluster, namespace } = world;
  const account = `'${name}'@'%'`;
  const password = `password of ${name}`;
  await database.sql(`DROP USER IF EXISTS ${account}; CREATE USER ${account} IDENTIFIED BY '${password}'`);
  for (const right of rights) await database.sql(`GRANT ${right} TO ${account}`);
  await setSecret(cluster, namespace, `${name.replaceAll('_', '-')}-credentials`, { password });
  const passwordRef = { name: `${name.replaceAll('_', '-')}-credentials`, key: 'password' };
  return { name: account, mysql: { username: name, passwordRef } };
}
