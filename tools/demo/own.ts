import { readFileSync, rmSync, mkdtempSync, openSync, closeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { openCluster, type OpenedCluster } from '../../adapters/kubernetes/index.ts';
import { isJsonObject, type JsonObject, textAt } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { KindRef, Logger, ObjectRef } from '../../domain/ports.ts';
import { readCrds } from '../../deploy/crds.ts';
import { type CleanupStep, leftBehind, runEach } from './cleanup.ts';
import { openDatabase, type Database, hostAndPort } from './database.ts';
import { ToolError } from './failure.ts';
import { openOwnTemporal, type OwnServers, type OwnTemporal } from './own-servers.ts';
import type { Printer } from './printer.ts';
import { nodeReport, nodeView } from './stage.ts';
import { seconds } from './text.ts';
import { checkout, startWorker, workerLogTail } from './worker-process.ts';

/** A short story on servers of the person: everything is named before anything is done, and taken away again at the end. */
export interface OwnOptions {
  readonly servers: OwnServers;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly printer: Printer;
  readonly signal: AbortSignal;
  /** Asks the person; false ends without having done anything. */
  readonly confirm: () => Promise<boolean>;
}

const home = 'lynq-demo';
const customer = 'demo-customer';
const customerNamespace = `node-${customer}`;
const database = 'lynq_demo';
const reader = 'lynq_demo_reader';
const forms = ['data-tier', 'api-tier', 'web-tier', 'worker-tier'] as const;
const hubName = 'multi-tier-nodes';
const waitMs = 180_000;

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const hubKind: KindRef = { apiVersion, kind: 'LynqHub' };
const nodeKind: KindRef = { apiVersion, kind: 'LynqNode' };
const crdRef = (name: string): ObjectRef => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name,
});
const namespaceRef = (name: string): ObjectRef => ({ apiVersion: 'v1', kind: 'Namespace', name });
const crdNames = readCrds().map((crd) => textAt(crd, 'metadata', 'name') ?? '');

interface Own {
  readonly options: OwnOptions;
  readonly opened: OpenedCluster;
  readonly temporal: OwnTemporal;
  readonly database: Database;
  readonly taskQueue: string;
  /** What of the database this run has made: nothing else is taken away. */
  readonly made: Set<Made>;
}

type Made = 'database' | 'account';

/** Plays the story; true when it was played, false when the person did not want it. */
export async function playOnOwnServers(options: OwnOptions): Promise<boolean> {
  const opened = await openCluster({ kubeconfig: options.servers.kubeconfig, logger: silent });
  const temporal = await openOwnTemporal();
  const own: Own = {
    options,
    opened,
    temporal,
    database: await openDatabase(options.servers.mysqlUrl),
    taskQueue: `lynq-demo-${randomBytes(4).toString('hex')}`,
    made: new Set(),
  };
  try {
    name(own);
    await refuseWhatIsThere(own);
    if (!(await options.confirm())) return false;
    await play(own);
    return true;
  } finally {
    await Promise.allSettled([opened.close(), temporal.close(), own.database.close()]);
  }
}

function name({ options, opened, temporal }: Own): void {
  const { printer, servers } = options;
  const { host, port } = hostAndPort(servers.mysqlUrl);
  printer.heading('On your own servers');
  printer.block([
    `Kubernetes   ${opened.server}, context ${opened.context}`,
    `Temporal     ${temporal.address}, namespace ${temporal.namespace}`,
    `MySQL        ${host}:${port}`,
    '',
    'What is made there, and taken away at the end:',
    `  namespaces ${home} and ${customerNamespace} with what is in them, and the CRDs of Lynq if there are none`,
    `  search attributes in Temporal that are missing; runs that have ended stay in its history as long as you keep any`,
    `  database ${database} and account ${reader}`,
  ]);
}

/** Nothing that is there already may be touched, and no hub of somebody else may see our worker. */
async function refuseWhatIsThere({ opened, database: sql }: Own): Promise<void> {
  const { cluster } = opened;
  const found: string[] = [];
  for (const namespace of [home, customerNamespace]) {
    if ((await cluster.get(namespaceRef(namespace))) !== undefined) found.push(`namespace ${namespace}`);
  }
  if ((await cluster.kindInfo(hubKind)) !== undefined) {
    for (const hub of await cluster.list(hubKind, {})) {
      found.push(`LynqHub ${textAt(hub, 'metadata', 'namespace') ?? ''}/${textAt(hub, 'metadata', 'name') ?? ''}`);
    }
  }
  const rows = await sql.rows(`SHOW DATABASES LIKE '${database.replaceAll('_', '\\_')}'`);
  if (rows > 0) found.push(`database ${database}`);
  if ((await sql.rows(`SELECT 1 FROM mysql.user WHERE user = '${reader}'`)) > 0) found.push(`account ${reader}`);
  if (found.length === 0) return;
  throw new ToolError('these servers are not free for a try', {
    details: found,
    fix: 'use servers without hubs; if an interrupted try left this, delete it by hand',
  });
}

async function play(own: Own): Promise<void> {
  const { options, temporal } = own;
  const installed = await absentCrds(own);
  const leases = await leaseNames(own);
  const added = await temporal.addAttributes();
  const folder = mkdtempSync(join(tmpdir(), 'lynq-demo-'));
  const steps = [
    ...removalSteps(own, { installed, leases }),
    { what: 'search attributes', run: () => temporal.removeAttributes(added) },
    { what: folder, run: async () => rmSync(folder, { recursive: true, force: true }) },
  ];
  const { failure, stayed } = await withWorker(own, join(folder, 'worker.log')).catch((error: unknown) => ({
    failure: error,
    stayed: [],
  }));
  const failed = [...stayed, ...(await runEach(steps))];
  if (failed.length > 0) throw leftBehind(failed, failure);
  options.printer.line('your servers are as they were');
  if (failure !== undefined) throw failure;
}

/** The story with a worker beside it, which first finishes the nodes and then ends, whatever happened. */
async function withWorker(
  own: Own,
  logFile: string,
): Promise<{ readonly failure: unknown; readonly stayed: readonly string[] }> {
  const { options } = own;
  closeSync(openSync(logFile, 'a'));
  const worker = await startWorker({
    environment: { ...present(options.environment), LYNQ_TASK_QUEUE: own.taskQueue },
    logFile,
    signal: options.signal,
    onSpawn: () => undefined,
    onWait: (elapsed) => options.printer.waiting(`the worker starts (${seconds(elapsed)})`),
  });
  let failure: unknown;
  try {
    await story(own);
  } catch (error) {
    failure = options.signal.aborted ? error : withLog(error, logFile);
  }
  options.printer.heading('Taking everything away again');
  const stayed = await runEach([
    { what: `LynqHub ${home}/${hubName} and its nodes`, run: () => removeHub(own) },
    { what: `worker, process ${worker.process.pid}`, run: () => worker.stop() },
  ]);
  return { failure, stayed };
}

const withLog = (error: unknown, logFile: string): ToolError =>
  new ToolError(error instanceof Error ? error.message : String(error), {
    details: workerLogTail(logFile),
    fix: 'what was made is taken away again; read the log above',
  });

interface Before {
  /** The definitions that were not there. */
  readonly installed: readonly string[];
  readonly leases: ReadonlySet<string>;
}

/** What is taken away once the worker has ended. Of the database only what this run has made. */
function removalSteps(own: Own, { installed, leases }: Before): readonly CleanupStep[] {
  const sql = (part: Made, statement: string) => async () => {
    if (own.made.has(part)) await own.database.run(statement);
  };
  return [
    { what: `namespaces ${home} and ${customerNamespace}`, run: () => removeNamespaces(own) },
    ...installed.map((crd) => ({ what: `definition ${crd}`, run: () => deleteObject(own, crdRef(crd)) })),
    {
      what: `leases in namespace ${own.opened.namespace}`,
      run: async () => {
        for (const lease of await leaseNames(own)) {
          if (!leases.has(lease)) await deleteObject(own, leaseRef(own, lease));
        }
      },
    },
    { what: `database ${database}`, run: sql('database', `DROP DATABASE ${database}`) },
    { what: `account ${reader}`, run: sql('account', `DROP USER '${reader}'@'%'`) },
  ];
}

const present = (environment: OwnOptions['environment']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );

async function absentCrds({ opened }: Own): Promise<readonly string[]> {
  const found = await Promise.all(crdNames.map((crd) => opened.cluster.get(crdRef(crd))));
  return crdNames.filter((_, index) => found[index] === undefined);
}

const leaseKind: KindRef = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
const leaseRef = ({ opened }: Own, lease: string): ObjectRef => ({
  ...leaseKind,
  namespace: opened.namespace,
  name: lease,
});

async function leaseNames({ opened }: Own): Promise<ReadonlySet<string>> {
  const leases = await opened.cluster.list(leaseKind, { namespace: opened.namespace });
  return new Set(
    leases.map((lease) => textAt(lease, 'metadata', 'name') ?? '').filter((text) => text.startsWith('lynq')),
  );
}

async function story(own: Own): Promise<void> {
  const { options, database: sql } = own;
  const { printer } = options;
  printer.heading('1. A namespace, a table, a hub and four forms');
  const password = randomBytes(18).toString('base64url');
  await createTable(own, password);
  await apply(own, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } });
  const metadata = { name: 'mysql-credentials', namespace: home };
  await apply(own, { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { password } });
  await until(own, 'the API server serves the CRDs of the worker', () => areServed(own));
  for (const file of ['hub', ...forms]) await apply(own, adapted(file, hostAndPort(options.servers.mysqlUrl)));
  printer.heading('2. One row becomes a four-tier environment');
  const inserted = await sql.run(`INSERT INTO ${database}.nodes (node_id) VALUES ('${customer}')`);
  await untilReady(own);
  printer.line(`all ${forms.length} LynqNodes are Ready, ${seconds(Date.now() - inserted)} after the commit`);
  printer.heading('3. The row is deactivated, and returns');
  await sql.run(`UPDATE ${database}.nodes SET is_active = FALSE`);
  await until(own, 'the LynqNodes are gone', async () => (await nodesOf(own)).length === 0);
  printer.line('the LynqNodes are gone; the database is retained, with what it needs');
  await sql.run(`UPDATE ${database}.nodes SET is_active = TRUE`);
  await untilReady(own);
  printer.line('the customer is back');
}

/** That they are missing may have been learnt a moment ago, before the worker made them; such an answer is kept for some seconds. */
async function areServed({ opened }: Own): Promise<boolean> {
  const kinds = ['LynqHub', 'LynqForm', 'LynqNode'].map((kind) => opened.cluster.kindInfo({ apiVersion, kind }));
  return (await Promise.all(kinds)).every((info) => info !== undefined);
}

async function createTable({ database: sql, options, made }: Own, password: string): Promise<void> {
  const schema = readFileSync(join(checkout, 'examples/multi-tier/schema.sql'), 'utf8');
  await sql.run(`CREATE DATABASE ${database}`);
  made.add('database');
  await sql.run(schema.replace('CREATE TABLE nodes', `CREATE TABLE ${database}.nodes`));
  await sql.run(`CREATE USER '${reader}'@'%' IDENTIFIED BY '${password}'`);
  made.add('account');
  await sql.run(`GRANT SELECT ON ${database}.nodes TO '${reader}'@'%'`);
  options.printer.line(`database ${database} with table nodes, and account ${reader}`);
}

/** A file of the example in our namespace; its unquoted templates are read as `lynq apply` reads them. */
function adapted(file: string, { host, port }: { readonly host: string; readonly port: number }): JsonObject {
  const text = readFileSync(join(checkout, `examples/multi-tier/${file}.yaml`), 'utf8')
    .replaceAll(/: (\{\{.*\}\})$/gm, ": '$1'")
    .replaceAll('namespace: lynq-system', `namespace: ${home}`)
    .replace('host: mysql.internal.svc.cluster.local', `host: ${host}`)
    .replace('port: 3306', `port: ${port}`)
    .replace('syncInterval: 1m', 'syncInterval: 5s')
    .replace('database: nodes_db', `database: ${database}`)
    .replace('username: lynq_reader', `username: ${reader}`);
  const object = parse(text) as JsonObject;
  if (!isJsonObject(object))
    throw new ToolError(`examples/multi-tier/${file}.yaml is no object`, { fix: 'restore it' });
  return object;
}

async function apply({ opened, options }: Own, object: JsonObject): Promise<void> {
  const ref: ObjectRef = {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name') ?? '',
  };
  const result = await opened.cluster.apply(ref, object, { manager: 'lynq-demo', force: false });
  if (result.kind === 'ok') return options.printer.line(`${ref.kind} ${ref.name}`);
  const why = result.kind === 'refused' ? result.message : result.kind;
  throw new ToolError(`${ref.kind} ${ref.name} cannot be written: ${why}`, { fix: 'use an account that may' });
}

const nodesOf = ({ opened }: Own): Promise<readonly JsonObject[]> => opened.cluster.list(nodeKind, { namespace: home });

async function untilReady(own: Own): Promise<void> {
  try {
    await until(own, `the ${forms.length} LynqNodes are Ready`, async () => {
      const nodes = (await nodesOf(own)).map(nodeView);
      return nodes.length === forms.length && nodes.every(({ ready }) => ready);
    });
  } catch (error) {
    own.options.printer.block((await nodesOf(own)).flatMap(nodeReport));
    throw error;
  }
}

async function until({ options }: Pick<Own, 'options'>, what: string, look: () => Promise<boolean>): Promise<void> {
  const startedAt = performance.now();
  while (!(await look())) {
    options.signal.throwIfAborted();
    const elapsed = performance.now() - startedAt;
    if (elapsed > waitMs) throw new Error(`${what}: not within ${waitMs / 1000} s`);
    options.printer.waiting(`${what} (${seconds(elapsed)})`);
    await sleep(300);
  }
}

/** While the worker still runs: it finishes the nodes. Being asked to stop does not end this. */
async function removeHub(own: Own): Promise<void> {
  const { cluster } = own.opened;
  if ((await cluster.kindInfo(hubKind)) === undefined) return;
  const asked = { options: { ...own.options, signal: new AbortController().signal } };
  await deleteObject(own, { ...hubKind, namespace: home, name: hubName });
  await until(asked, 'hub and nodes are gone', async () => {
    const hubs = await cluster.list(hubKind, { namespace: home });
    return hubs.length === 0 && (await nodesOf(own)).length === 0;
  });
}

async function removeNamespaces(own: Own): Promise<void> {
  const asked = { options: { ...own.options, signal: new AbortController().signal } };
  for (const namespace of [home, customerNamespace]) await deleteObject(own, namespaceRef(namespace));
  for (const namespace of [home, customerNamespace]) {
    await until(asked, `namespace ${namespace} is gone`, async () => {
      return (await own.opened.cluster.get(namespaceRef(namespace))) === undefined;
    });
  }
}

async function deleteObject({ opened }: Own, ref: ObjectRef): Promise<void> {
  const object = await opened.cluster.get(ref);
  if (object !== undefined) await opened.cluster.delete(ref, textAt(object, 'metadata', 'uid') ?? '');
}
