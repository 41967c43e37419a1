import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keepEach } from '../../../tools/histories/record.ts';
import type { StackEndpoints } from '../stack-setup.ts';
import { type Audit, openAudit } from './audit.ts';
import { type Cluster, conditionOf, type KubeObject, lynqPath, openCluster } from './cluster.ts';
import { type Database, openDatabase } from './database.ts';
import { type Engine, openEngine } from './engine.ts';
import { eventually, notYet, type Patience, there } from './eventually.ts';
import {
  crdsAreServed,
  type Ended,
  kubectl,
  lynq,
  type Program,
  workerProcess,
  type WorkerProcess,
} from './programs.ts';

export const seedForms = ['data-tier', 'api-tier', 'web-tier', 'worker-tier'] as const;
export type SeedForm = (typeof seedForms)[number];

/** What the seed's forms make, by form: how many objects. */
export const resourcesOf = { 'data-tier': 6, 'api-tier': 2, 'web-tier': 3, 'worker-tier': 1 } as const satisfies Record<
  SeedForm,
  number
>;

/** A file of the seed, byte for byte. */
export const seedFile = (name: string): string =>
  readFileSync(new URL(`../../../examples/multi-tier/${name}.yaml`, import.meta.url), 'utf8');

export interface WorldOptions {
  /** Names everything that must not meet other files: namespace, database, task queue. */
  readonly name: string;
  readonly namespace?: string;
  readonly database?: string;
  readonly reader?: string;
  readonly password?: string;
  readonly schema?: string;
  /** Further variables of the worker's environment. */
  readonly settings?: Readonly<Record<string, string>>;
  /** What is started as the worker; the sources of this checkout when absent. */
  readonly program?: Program;
}

/** All a test file works with: a namespace with the database's Secret, a database, and the worker as a process. */
export interface World {
  readonly stack: StackEndpoints;
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly audit: Audit;
  readonly engine: Engine;
  readonly database: Database;
  readonly worker: WorkerProcess;
  lynq(args: readonly string[], input?: string): Promise<Ended>;
  kubectl(args: readonly string[]): Promise<Ended>;
  /** The seed's hub with the stack's address and this interval. */
  hubText(syncInterval: string, changes?: Readonly<Record<string, string>>): string;
  /** A form of the seed, its bytes, in this world's namespace. */
  formText(form: SeedForm, changes?: Readonly<Record<string, string>>): string;
  /** `lynq apply -f` of a file with this text. @throws with its output when it fails. */
  apply(text: string): Promise<Ended>;
  applyAll(...texts: readonly string[]): Promise<void>;
  node(name: string): Promise<KubeObject | undefined>;
  nodes(): Promise<readonly KubeObject[]>;
  hub(name?: string): Promise<KubeObject>;
  ready(names: readonly string[], patience?: Patience): Promise<readonly KubeObject[]>;
  /** Waits until these LynqNodes are gone. */
  gone(names: readonly string[], patience?: Patience): Promise<void>;
  /** Deletes all hubs of the namespace, waits until they and their nodes are gone, and ends the worker. */
  close(): Promise<void>;
}

export const nodesOf = (uid: string): readonly string[] => seedForms.map((form) => `${uid}-${form}`);

export async function openWorld(stack: StackEndpoints, options: WorldOptions): Promise<World> {
  const namespace = options.namespace ?? `e2e-${options.name}`;
  const database = await openDatabase(stack.mysqlUrl, {
    name: options.database ?? `e2e_${options.name.replaceAll('-', '_')}`,
    reader: options.reader ?? `reader_${options.name.replaceAll('-', '_')}`,
    password: options.password ?? `reader's "pass" of ${options.name}`,
    ...(options.schema === undefined ? {} : { schema: options.schema }),
  });
  const cluster = openCluster(stack.kubeconfig);
  await prepareNamespace(cluster, namespace, database.password);
  const engine = await openEngine(stack.temporalAddress);
  const worker = workerProcess(stack, { LYNQ_TASK_QUEUE: `e2e-${options.name}`, ...options.settings }, options.program);
  await worker.start();
  await crdsAreServed((path) => cluster.list(path)).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${worker.output()}`);
  });
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-e2e-'));
  const apply = async (text: string): Promise<Ended> => {
    const file = join(folder, 'applied.yaml');
    writeFileSync(file, text);
    const ended = await lynq(stack, ['apply', '-f', file, '-n', namespace]);
    if (ended.code !== 0) throw new Error(`lynq apply ended with ${ended.code}\n${ended.stdout}${ended.stderr}`);
    return ended;
  };
  const node = (name: string) => cluster.find(lynqPath(namespace, 'lynqnodes', name));
  return {
    stack,
    namespace,
    cluster,
    audit: openAudit(stack.auditLog),
    engine,
    database,
    worker,
    lynq: (args, input) => lynq(stack, ['-n', namespace, ...args], input),
    kubectl: (args) => kubectl(stack, args),
    hubText: (interval, changes = {}) =>
      replaced(seedFile('hub'), {
        'mysql.internal.svc.cluster.local': database.host,
        'port: 3306': `port: ${database.port}`,
        'syncInterval: 1m': `syncInterval: ${interval}`,
        ...renamed('nodes_db', database.name),
        ...renamed('lynq_reader', database.reader),
        ...renamed('namespace: lynq-system', `namespace: ${namespace}`),
        ...changes,
      }),
    formText: (form, changes = {}) =>
      replaced(seedFile(form), { ...renamed('namespace: lynq-system', `namespace: ${namespace}`), ...changes }),
    apply,
    applyAll: async (...texts) => {
      await apply(texts.join('\n---\n'));
    },
    node,
    nodes: () => cluster.list(lynqPath(namespace, 'lynqnodes')),
    hub: (name = 'multi-tier-nodes') => cluster.get(lynqPath(namespace, 'lynqhubs', name)),
    ready: (names, patience) =>
      eventually(
        `LynqNodes ${names.join(', ')} are Ready`,
        async () => {
          const found = await Promise.all(names.map(node));
          const ready = found.flatMap((one) => (isReady(one) ? [one] : []));
          return ready.length === names.length
            ? there(ready)
            : notYet(found.map((one, index) => stateOf(names[index]!, one)));
        },
        { withinMs: 90_000, ...patience },
      ),
    gone: (names, patience) =>
      eventually(
        `LynqNodes ${names.join(', ')} are gone`,
        async () => {
          const left = (await Promise.all(names.map(node))).filter((one) => one !== undefined);
          return left.length === 0 ? there(undefined) : notYet(left.map((one) => stateOf(one.metadata.name, one)));
        },
        { withinMs: 90_000, ...patience },
      ),
    close: async () => {
      try {
        await removeHubs(cluster, namespace);
        const version = process.env['LYNQ_RECORD_HISTORIES'];
        if (version !== undefined) await keepEach(engine.client, `TaskQueue = "e2e-${options.name}"`, { version });
      } finally {
        await worker.stop();
        await Promise.all([engine.close(), database.close()]);
        await cluster.close();
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

export function isReady(node: KubeObject | undefined): node is KubeObject {
  const condition = conditionOf(node, 'Ready');
  return condition?.status === 'True' && node?.status.readyResources === node?.status.desiredResources;
}

/** One line about a node, for messages. */
export function stateOf(name: string, node: KubeObject | undefined): string {
  if (node === undefined) return `${name}: absent`;
  const { readyResources, desiredResources, resources } = node.status ?? {};
  const conditions = (node.status?.conditions ?? []) as readonly { type: string; status: string; message: string }[];
  return `${name}: ${readyResources}/${desiredResources}${node.metadata.deletionTimestamp ? ' deleting' : ''} ${conditions
    .map(({ type, status, message }) => `${type}=${status} (${message})`)
    .join(', ')} ${JSON.stringify(resources ?? [])}`;
}

/** Replaces each text; it must be there, so that a changed example does not silently test something else. */
export function replaced(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    if (!changed.includes(from)) throw new Error(`"${from}" is not in the text`);
    return changed.replaceAll(from, to);
  }, text);
}

const renamed = (from: string, to: string): Record<string, string> => (from === to ? {} : { [from]: to });

async function prepareNamespace(cluster: Cluster, namespace: string, password: string): Promise<void> {
  const present = await cluster.find(`/api/v1/namespaces/${namespace}`);
  if (present === undefined) {
    await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  }
  await setSecret(cluster, namespace, 'mysql-credentials', { password });
}

export async function setSecret(
  cluster: Cluster,
  namespace: string,
  name: string,
  stringData: Readonly<Record<string, string>>,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData };
  if ((await cluster.find(`${path}/${name}`)) === undefined) await cluster.create(path, body);
  else await cluster.merge(`${path}/${name}`, body);
}

/** Deletes all hubs of a namespace and waits until they and their nodes are gone: a worker of a later test would go on with them. */
export async function removeHubs(cluster: Cluster, namespace: string): Promise<void> {
  const hubs = await cluster.list(lynqPath(namespace, 'lynqhubs'));
  for (const { metadata } of hubs) await cluster.remove(lynqPath(namespace, 'lynqhubs', metadata.name));
  await eventually(
    `hubs and nodes of ${namespace} are gone`,
    async () => {
      const left = [
        ...(await cluster.list(lynqPath(namespace, 'lynqhubs'))),
        ...(await cluster.list(lynqPath(namespace, 'lynqnodes'))),
      ];
      return left.length === 0 ? there(undefined) : notYet(left.map((one) => stateOf(one.metadata.name, one)));
    },
    { withinMs: 90_000 },
  );
}
