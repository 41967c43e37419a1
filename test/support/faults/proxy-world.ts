import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Audit, openAudit } from '../e2e/audit.ts';
import { type Cluster, type KubeObject, lynqPath, openCluster } from '../e2e/cluster.ts';
import { type Database, openDatabase } from '../e2e/database.ts';
import { eventually, notYet, type Patience, there } from '../e2e/eventually.ts';
import { hubObject } from '../e2e/manifests.ts';
import { crdsAreServed, workerProcess, type WorkerProcess } from '../e2e/programs.ts';
import { isReady, setSecret, stateOf } from '../e2e/world.ts';
import type { StackEndpoints } from '../stack-setup.ts';
import { foreignPrefix, plantForeign, type Planted } from './foreign.ts';
import { type ApiProxy, openProxy, type PassedCall } from './proxy.ts';
import { changes, describeCall } from './proxy-rules.ts';

/** One worker behind one fault proxy, and a database; scenarios run in it side by side. The tests' own requests go past the proxy. */
export interface ProxyWorld {
  readonly stack: StackEndpoints;
  readonly cluster: Cluster;
  readonly database: Database;
  readonly worker: WorkerProcess;
  readonly proxy: ApiProxy;
  readonly audit: Audit;
  /** Where the log of the API server was when this world began. */
  readonly begun: number;
  /** Objects of others, with forged marks, beside the scenarios. */
  readonly foreign: Planted[];
  /** A folder of this world, for files. */
  readonly folder: string;
  /** Makes a namespace with a hub of its own and these forms; the table is empty. */
  scenario(name: string, options?: ScenarioOptions): Promise<Scenario>;
  close(): Promise<void>;
}

export interface ProxyWorldOptions {
  readonly name: string;
  /** Of the worker's kubeconfig; default: the stack's administrator. */
  readonly user?: Readonly<Record<string, unknown>>;
  readonly settings?: Readonly<Record<string, string>>;
}

/** Fields of a form below `spec`, by form name. */
export type Forms = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface ScenarioOptions {
  readonly forms?: Forms;
  readonly rows?: readonly string[];
  readonly syncInterval?: string;
}

/** A hub with its namespace and table, apart from all others. */
export interface Scenario {
  readonly namespace: string;
  /** Another namespace, for objects that are not beside their node. Made with the scenario. */
  readonly outside: string;
  readonly table: string;
  insert(...uids: readonly string[]): Promise<void>;
  /** The number that the forms' `{{ .counter }}` shows. */
  count(uid: string, counter: number): Promise<void>;
  remove(uid: string): Promise<void>;
  addForm(name: string, spec: Readonly<Record<string, unknown>>): Promise<void>;
  changeForm(name: string, spec: Readonly<Record<string, unknown>>): Promise<void>;
  node(name: string): Promise<KubeObject | undefined>;
  ready(names: readonly string[], patience?: Patience): Promise<readonly KubeObject[]>;
  gone(names: readonly string[], patience?: Patience): Promise<void>;
  /** Waits for an entry of a node to be in this state, with this reason when one is given. */
  entry(node: string, id: string, state: string, reason?: string): Promise<EntryStatus>;
  get(path: string): Promise<KubeObject>;
  /** Writes of the worker to children in this scenario that the API server carried out. */
  writes(since?: number): readonly PassedCall[];
  /** The same to its LynqNodes, their statuses included. */
  nodeWrites(since?: number): readonly PassedCall[];
  deletes(since?: number): readonly string[];
  /** Waits until the worker has written nothing here for so long. */
  quiet(milliseconds: number, withinMs?: number): Promise<void>;
  /** Deletes the hub and waits until its nodes are gone; the world does it for all that are left. */
  close(): Promise<void>;
}

export interface EntryStatus {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
  readonly message?: string;
}

export const hubName = 'hub';

export async function openProxyWorld(stack: StackEndpoints, options: ProxyWorldOptions): Promise<ProxyWorld> {
  const name = `flt_${options.name.replaceAll('-', '_')}`;
  const schema = 'CREATE TABLE nothing (id INT)';
  const database = await openDatabase(stack.mysqlUrl, {
    name,
    reader: `r_${name}`,
    password: `pass of ${name}`,
    schema,
  });
  const cluster = openCluster(stack.kubeconfig);
  const proxy = await openProxy(stack.kubeconfig);
  const audit = openAudit(stack.auditLog);
  const begun = audit.now();
  const worker = workerProcess(stack, {
    LYNQ_TASK_QUEUE: `faults-${options.name}`,
    ...options.settings,
    KUBECONFIG: proxy.kubeconfig(options.user),
  });
  await worker.start();
  await crdsAreServed((path) => cluster.list(path)).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${worker.output()}`);
  });
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-faults-'));
  const world: Base = { stack, cluster, database, worker, proxy, audit, begun, foreign: [], folder };
  const scenarios: Scenario[] = [];
  return {
    ...world,
    scenario: async (scenarioName, scenarioOptions = {}) => {
      const made = await openScenario(world, `${options.name}-${scenarioName}`, scenarioOptions);
      scenarios.push(made);
      return made;
    },
    close: async () => {
      try {
        proxy.clear();
        await Promise.all(scenarios.map((scenario) => scenario.close()));
      } finally {
        await worker.stop();
        await proxy.close();
        await Promise.all([database.close(), cluster.close()]);
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

async function removeHub(cluster: Cluster, namespace: string): Promise<void> {
  const path = lynqPath(namespace, 'lynqhubs', hubName);
  if ((await cluster.find(path)) === undefined) return;
  await cluster.remove(path);
  await eventually(
    `the hub of ${namespace} and its nodes are gone`,
    async () => {
      const left = [await cluster.find(path), ...(await cluster.list(lynqPath(namespace, 'lynqnodes')))];
      const found = left.filter((one) => one !== undefined);
      return found.length === 0 ? there(undefined) : notYet(found.map((one) => stateOf(one.metadata.name, one)));
    },
    { withinMs: 90_000 },
  );
}

type Base = Omit<ProxyWorld, 'scenario' | 'close'>;

async function openScenario(world: Base, name: string, options: ScenarioOptions): Promise<Scenario> {
  const { cluster, database, proxy } = world;
  const namespace = `flt-${name}`;
  const outside = `${namespace}-out`;
  const table = `t_${name.replaceAll('-', '_')}`;
  for (const space of [namespace, outside]) await makeNamespace(cluster, space);
  const forged = { namespace: outside, node: 'r1-form', nodeNamespace: namespace, prefix: foreignPrefix };
  world.foreign.push(...(await plantForeign(cluster, forged)));
  await setSecret(cluster, namespace, 'mysql-credentials', { password: database.password });
  await database.sql(
    `CREATE TABLE \`${table}\` (id VARCHAR(63) PRIMARY KEY, active INT NOT NULL DEFAULT 1, counter INT NOT NULL DEFAULT 1)`,
  );
  const scenario: Scenario = {
    namespace,
    outside,
    table,
    insert: async (...uids) => {
      if (uids.length > 0)
        await database.sql(`INSERT INTO \`${table}\` (id) VALUES ${uids.map((uid) => `('${uid}')`).join(', ')}`);
    },
    count: async (uid, counter) => {
      await database.sql(`UPDATE \`${table}\` SET counter = ${counter} WHERE id = '${uid}'`);
    },
    remove: async (uid) => {
      await database.sql(`DELETE FROM \`${table}\` WHERE id = '${uid}'`);
    },
    addForm: async (form, spec) => {
      await cluster.create(lynqPath(namespace, 'lynqforms'), formObject(namespace, form, spec));
    },
    changeForm: async (form, spec) => {
      const path = lynqPath(namespace, 'lynqforms', form);
      const { metadata } = await cluster.get(path);
      const { resourceVersion } = metadata;
      const body = formObject(namespace, form, spec);
      await cluster.call('PUT', path, { ...body, metadata: { ...body.metadata, resourceVersion } });
    },
    node: (node) => cluster.find(lynqPath(namespace, 'lynqnodes', node)),
    ready: (names, patience) =>
      eventually(
        `LynqNodes ${names.join(', ')} of ${namespace} are Ready`,
        async () => {
          const found = await Promise.all(names.map((one) => scenario.node(one)));
          const ready = found.flatMap((one) => (isReady(one) && one.status.observedInput !== undefined ? [one] : []));
          return ready.length === names.length
            ? there(ready)
            : notYet(found.map((one, at) => stateOf(names[at]!, one)));
        },
        { withinMs: 90_000, everyMs: 300, ...patience },
      ),
    gone: (names, patience) =>
      eventually(
        `LynqNodes ${names.join(', ')} of ${namespace} are gone`,
        async () => {
          const left = (await Promise.all(names.map((one) => scenario.node(one)))).filter((one) => one !== undefined);
          return left.length === 0 ? there(undefined) : notYet(left.map((one) => stateOf(one.metadata.name, one)));
        },
        { withinMs: 90_000, everyMs: 300, ...patience },
      ),
    entry: (node, id, state, reason) =>
      eventually(
        `entry ${id} of ${namespace}/${node} is ${state} ${reason ?? ''}`,
        async () => {
          const found = await scenario.node(node);
          const entry = ((found?.status?.resources ?? []) as readonly EntryStatus[]).find((one) => one.id === id);
          const right = entry?.state === state && (reason === undefined || entry.reason === reason);
          return right ? there(entry) : notYet(stateOf(node, found));
        },
        { withinMs: 90_000, everyMs: 200 },
      ),
    get: (path) => cluster.get(path),
    writes: (since = 0) =>
      proxy.calls.filter(
        (call) =>
          call.at >= since && changes(call) && isHere(call, [namespace, outside]) && (call.upstream ?? 999) < 300,
      ),
    nodeWrites: (since = 0) =>
      proxy
        .of({ namespace, resource: 'lynqnodes' })
        .filter((call) => call.at >= since && changes(call) && (call.upstream ?? 999) < 300),
    deletes: (since = 0) =>
      scenario
        .writes(since)
        .filter(({ verb }) => verb === 'delete')
        .map(describeCall),
    quiet: (milliseconds, withinMs = 60_000) =>
      eventually(
        `${namespace} is quiet`,
        () => {
          const last = proxy.calls.findLast((call) => changes(call) && isHere(call, [namespace, outside]));
          return Date.now() - (last?.at ?? 0) >= milliseconds ? there(undefined) : notYet(describeCall(last!));
        },
        { withinMs, everyMs: 300 },
      ),
    close: () => removeHub(cluster, namespace),
  };
  for (const [form, spec] of Object.entries(options.forms ?? {})) await scenario.addForm(form, spec);
  await scenario.insert(...(options.rows ?? []));
  const hub = {
    name: hubName,
    namespace,
    database,
    table,
    extra: { counter: 'counter' },
    syncInterval: options.syncInterval ?? '5s',
  };
  await cluster.create(lynqPath(namespace, 'lynqhubs'), hubObject(hub));
  return scenario;
}

/** Objects of customers; LynqNodes, hubs, events and the like are bookkeeping, as is the hub's key: no object of these tests is a Secret that is created. */
function isHere({ namespace, resource, verb }: PassedCall, spaces: readonly string[]): boolean {
  const isKey = resource === 'secrets' && verb === 'create';
  return spaces.includes(namespace) && !isKey && !/^(lynq|events|leases|controllerrevisions)/.test(resource);
}

function formObject(namespace: string, name: string, spec: Readonly<Record<string, unknown>>) {
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name, namespace },
    spec: { hubId: hubName, ...spec },
  };
}

export async function makeNamespace(cluster: Cluster, name: string): Promise<void> {
  if ((await cluster.find(`/api/v1/namespaces/${name}`)) !== undefined) return;
  await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}
