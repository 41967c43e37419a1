import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { nodeName } from '../../domain/identity.ts';
import { apiVersion } from '../../domain/keys.ts';
import { lynq } from '../demo/commands.ts';
import {
  createDatabase,
  type Database,
  databaseName,
  hostAndPort,
  openDatabase,
  readerName,
  schemaFile,
} from '../demo/database.ts';
import { adaptHub } from '../demo/hub-text.ts';
import { makeReaderPassword, type Session } from '../demo/session.ts';
import { forms as seedForms, hubName, namespace, nodeKind, nodeView } from '../demo/stage.ts';
import { counted } from '../demo/text.ts';
import { checkout, type WorkerProcess } from '../demo/worker-process.ts';
import { Arrivals } from './arrivals.ts';
import { openTemporal, type TemporalReader } from './temporal.ts';

/** A hub and the table it reads. */
export interface HubPlace {
  readonly hub: string;
  readonly table: string;
}

export const seedHub: HubPlace = { hub: hubName, table: 'nodes' };

/** What every benchmark works with: a stack, its database and its Temporal. */
export interface Bench {
  readonly session: Session;
  readonly database: Database;
  readonly temporal: TemporalReader;
}

/** Forms of a benchmark: files of the example, or objects of its own. */
export interface FormSet {
  readonly names: readonly string[];
  /** Files under the checkout that `lynq apply` takes. */
  readonly files: readonly string[];
  readonly objects: readonly JsonObject[];
}

/** The seed's four forms: twelve objects a row, four of them workloads. */
export const seed: FormSet = {
  names: seedForms,
  files: seedForms.map((form) => `examples/multi-tier/${form}.yaml`),
  objects: [],
};

/** One form with so many ConfigMaps a row, beside its LynqNode. */
export function configForm(configMaps: number, { hub } = seedHub): FormSet {
  const name = 'settings';
  const entries = Array.from({ length: configMaps }, (_, index) => ({
    id: `settings-${index + 1}`,
    nameTemplate: `{{ .uid }}-settings-${index + 1}`,
    spec: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      data: { customer: '{{ .uid }}', replicas: '{{ .webReplicas }}', memory: '{{ .dbMemory }}' },
    },
  }));
  const spec = { hubId: hub, configMaps: entries };
  return {
    names: [name],
    files: [],
    objects: [{ apiVersion, kind: 'LynqForm', metadata: { name, namespace }, spec }],
  };
}

/** Opens what a benchmark works with, and closes it whatever happens. */
export async function withBench<T>(session: Session, work: (bench: Bench) => Promise<T>): Promise<T> {
  const database = await openDatabase(session.endpoints.mysqlUrl);
  const temporal = await openTemporal(session);
  try {
    return await work({ session, database, temporal });
  } finally {
    await database.close();
    await temporal.close();
  }
}

export async function createNamespaces({ session }: Bench, others: readonly string[] = []): Promise<void> {
  for (const name of [namespace, ...others]) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await session.opened.cluster.apply({ apiVersion: 'v1', kind: 'Namespace', name }, body, {
      manager: 'lynq-bench',
      force: true,
    });
  }
}

export interface HubSetup {
  readonly forms: FormSet;
  readonly syncInterval: string;
  readonly place?: HubPlace;
}

/** The seed's table and hub, or others like them, pointed at the stack, and the forms. The namespaces are there, the worker runs. */
export async function applyHub({ session, database }: Bench, setup: HubSetup): Promise<void> {
  const { forms, syncInterval, place = seedHub } = setup;
  const password = makeReaderPassword(session.folder);
  await createDatabase(database, join(checkout, schemaFile), password);
  if (place.table !== seedHub.table) {
    await database.run(`CREATE TABLE IF NOT EXISTS ${place.table} LIKE ${seedHub.table}`);
    await database.run(`GRANT SELECT ON ${databaseName}.${place.table} TO '${readerName}'@'%'`);
  }
  const { cluster } = session.opened;
  const write = { manager: 'lynq-bench', force: true };
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'mysql-credentials' };
  const data = { password: Buffer.from(password).toString('base64') };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret.name, namespace }, data };
  await cluster.apply(secret, body, write);
  const example = readFileSync(join(checkout, 'examples/multi-tier/hub.yaml'), 'utf8');
  const hub = example
    .replace(`name: ${seedHub.hub}`, `name: ${place.hub}`)
    .replace(`table: ${seedHub.table}`, `table: ${place.table}`);
  writeFileSync(session.folder.hub, adaptHub(hub, { ...hostAndPort(session.endpoints.mysqlUrl), syncInterval }));
  await lynq(session, ['apply', ...[session.folder.hub, ...forms.files].flatMap((file) => ['-f', file])]);
  for (const object of forms.objects) {
    const ref = { apiVersion, kind: 'LynqForm', namespace, name: textAt(object, 'metadata', 'name') ?? '' };
    await cluster.apply(ref, object, write);
  }
}

export const seedHubRef = { namespace, hub: hubName };

/** Names of LynqNodes of rows. */
export function nodesOf(rows: readonly string[], forms: FormSet): readonly string[] {
  return rows.flatMap((uid) => forms.names.map((form) => nodeName(uid, form)));
}

/** Rows as one INSERT takes them; a statement is kept below the server's packet limit. */
const rowsAnInsert = 5_000;

async function insert(database: Database, { table }: HubPlace, rows: readonly string[]): Promise<number> {
  let committed = Date.now();
  for (let start = 0; start < rows.length; start += rowsAnInsert) {
    const values = rows.slice(start, start + rowsAnInsert).map((uid) => `('${uid}')`);
    committed = await database.run(`INSERT INTO ${table} (node_id) VALUES ${values.join(', ')}`);
  }
  return committed;
}

export interface Provisioned {
  /** When the last INSERT was committed, milliseconds since 1970. */
  readonly committed: number;
  /** From then until the last LynqNode was seen Ready. */
  readonly ms: number;
}

export interface Provisioning {
  readonly rows: readonly string[];
  readonly forms: FormSet;
  readonly place?: HubPlace;
  readonly notify?: boolean;
}

/** Inserts rows and waits until all their LynqNodes are Ready. With `notify` the hub is told, as `lynq notify` does. */
export async function provision(
  { session, database, temporal }: Bench,
  worker: WorkerProcess,
  work: Provisioning,
): Promise<Provisioned> {
  const { place = seedHub } = work;
  const wanted = nodesOf(work.rows, work.forms);
  const arrivals = new Arrivals(session, new Set(wanted), { whenThere: readyName });
  await arrivals.watch([nodeKind], { namespace });
  const committed = await insert(database, place, work.rows);
  const startedAt = performance.now();
  if (work.notify === true) await temporal.notify({ namespace, hub: place.hub });
  await arrivals.complete(`${counted(wanted.length, 'LynqNode')} become Ready`, worker);
  return { committed, ms: performance.now() - startedAt };
}

function readyName(node: JsonObject): string | undefined {
  return nodeView(node).ready ? textAt(node, 'metadata', 'name') : undefined;
}

/** Names of rows that no other round has. */
export function uids(side: string, round: number, rows: number, from = 1): readonly string[] {
  return Array.from({ length: rows }, (_, index) => `${side}-${round}-${String(index + from).padStart(5, '0')}`);
}
