import { join } from 'node:path';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { nodeName } from '../../domain/identity.ts';
import { labels } from '../../domain/keys.ts';
import { countByKind, isWorkerWrite } from '../demo/audit.ts';
import { lynq } from '../demo/commands.ts';
import { createDatabase, type Database, hostAndPort, openDatabase, schemaFile } from '../demo/database.ts';
import { ToolError } from '../demo/failure.ts';
import { adaptHub } from '../demo/hub-text.ts';
import { makeReaderPassword, type Session } from '../demo/session.ts';
import { forms, namespace, nodeKind, nodeView } from '../demo/stage.ts';
import { counted, seconds } from '../demo/text.ts';
import { checkout, type WorkerProcess } from '../demo/worker-process.ts';
import { Arrivals } from './arrivals.ts';
import { cpuCosts, openTemporal, snapshot, type TemporalReader } from './cost.ts';
import { measureFloor, removeNodes } from './floor.ts';
import { forRow, kindsOf, rowModel, type RowModel } from './model.ts';
import type { BenchResult, CostLine } from './report.ts';

/** Issue 3: rows inserted at once through the seed's four forms until all LynqNodes are Ready, divided by the floor of the same run. */
export const b0 = {
  name: 'B0',
  title: "rows at once, the seed's four forms, INSERT to all LynqNodes Ready",
  limit: 3.9,
  rows: 25,
};

const rounds = 2;
const floorNamespace = 'lynq-bench-floor';
const warm = 'bench-warm';

interface Bench {
  readonly session: Session;
  readonly database: Database;
  readonly temporal: TemporalReader;
  readonly rows: number;
}

/** One measured side of a round. */
interface Measured {
  readonly ms: number;
  readonly costs: Readonly<Record<string, string>>;
  readonly syncWaitMs: number;
}

export async function runB0(session: Session, rows: number): Promise<BenchResult> {
  const database = await openDatabase(session.endpoints.mysqlUrl);
  const temporal = await openTemporal(session);
  try {
    return await measure({ session, database, temporal, rows });
  } finally {
    await database.close();
    await temporal.close();
  }
}

async function measure(bench: Bench): Promise<BenchResult> {
  const { session, rows } = bench;
  const model = await learn(bench);
  const floor: Measured[] = [];
  const ours: Measured[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    floor.push(await floorRound(bench, model, round));
    ours.push(await oursRound(bench, round));
    session.printer.line(
      `round ${round}: floor ${seconds(floor.at(-1)?.ms ?? 0)}, ours ${seconds(ours.at(-1)?.ms ?? 0)}`,
    );
  }
  return {
    name: b0.name,
    title: b0.title,
    limit: b0.limit,
    statedRows: b0.rows,
    rows,
    nodes: rows * forms.length,
    floor: floor.map(({ ms }) => ms),
    ours: ours.map(({ ms }) => ms),
    syncWait: ours.map(({ syncWaitMs }) => syncWaitMs),
    costs: costLines(floor, ours),
  };
}

function costLines(floor: readonly Measured[], ours: readonly Measured[]): readonly CostLine[] {
  const names = [...new Set([...floor, ...ours].flatMap(({ costs }) => Object.keys(costs)))];
  const cells = (side: readonly Measured[], label: string): readonly string[] =>
    side.map(({ costs }) => costs[label] ?? '');
  return names.map((label) => ({ label, floor: cells(floor, label), ours: cells(ours, label) }));
}

/** Sets everything up and lets our system provision one row, to see what it writes for it. */
async function learn(bench: Bench): Promise<RowModel> {
  const { session, database } = bench;
  await createNamespaces(session);
  const worker = await session.startWorker();
  await applyHub(session, database);
  const mark = session.audit.mark();
  await provision(bench, worker, [warm]);
  const writes = session.audit.since(mark);
  const { cluster } = session.opened;
  const nodes = await cluster.list(nodeKind, { namespace, labelSelector: `${labels.uid}=${warm}` });
  const secrets = await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: `node-${warm}` });
  const model = rowModel({ uid: warm, writes, secrets, nodes, nodeNamespace: floorNamespace });
  session.printer.line(
    `what is written for a row: ${kindsOf([...model.namespaces, ...model.objects])}, ${model.nodes.length} LynqNodes`,
  );
  if (model.namespaces.length !== 1 || model.objects.length !== 11 || model.nodes.length !== 4) {
    throw new ToolError(`12 objects and 4 LynqNodes were expected for a row, which are the seed's`, {
      fix: 'see whether the forms in examples/multi-tier were changed',
    });
  }
  await worker.stop();
  return model;
}

async function createNamespaces(session: Session): Promise<void> {
  const { cluster } = session.opened;
  for (const name of [namespace, floorNamespace]) {
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
    await cluster.apply({ apiVersion: 'v1', kind: 'Namespace', name }, body, { manager: 'lynq-bench', force: true });
  }
}

async function applyHub(session: Session, database: Database): Promise<void> {
  const password = makeReaderPassword(session.folder);
  await createDatabase(database, join(checkout, schemaFile), password);
  const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'mysql-credentials' };
  const data = { password: Buffer.from(password).toString('base64') };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secret.name, namespace }, data };
  await session.opened.cluster.apply(secret, body, { manager: 'lynq-bench', force: true });
  const hub = readFileSync(join(checkout, 'examples/multi-tier/hub.yaml'), 'utf8');
  writeFileSync(session.folder.hub, adaptHub(hub, { ...hostAndPort(session.endpoints.mysqlUrl), syncInterval: '5s' }));
  const files = [session.folder.hub, ...forms.map((form) => `examples/multi-tier/${form}.yaml`)];
  await lynq(session, ['apply', ...files.flatMap((file) => ['-f', file])]);
}

/** The worker is not running meanwhile: the floor has the machine for itself. */
async function floorRound({ session, rows }: Bench, model: RowModel, round: number): Promise<Measured> {
  const models = uids('floor', round, rows).map((uid) => forRow(model, uid));
  const before = await snapshot(session);
  const ms = await measureFloor(session, models);
  const after = await snapshot(session);
  await removeNodes(session, models);
  const reads = String(after.reads - before.reads);
  const writes = models.reduce(
    (sum, one) => sum + one.namespaces.length + one.objects.length + 2 * one.nodes.length,
    0,
  );
  return {
    ms,
    syncWaitMs: 0,
    costs: { writes: String(writes), 'GET and LIST of all clients': reads, ...cpuCosts(before, after) },
  };
}

/** A fresh worker gets one row first, so that neither side is measured cold. */
async function oursRound(bench: Bench, round: number): Promise<Measured> {
  const { session, temporal, rows } = bench;
  const worker = await session.startWorker();
  await provision(bench, worker, [`${warm}-${round}`]);
  await sleep(2_000);
  const before = await snapshot(session, worker.process.pid);
  const mark = session.audit.mark();
  const names = uids('ours', round, rows);
  const { committed, ms } = await provision(bench, worker, names);
  const after = await snapshot(session, worker.process.pid);
  await sleep(2_000);
  const writes = session.audit.since(mark).filter(isWorkerWrite);
  const first = writes.find(({ verb, resource }) => verb === 'create' && resource === 'lynqnodes')?.at ?? committed;
  const began = (await temporal.syncBefore(first)) ?? first;
  const cost = await temporal.nodes(
    namespace,
    names.flatMap((uid) => forms.map((form) => nodeName(uid, form))),
  );
  await worker.stop();
  return {
    ms,
    syncWaitMs: Math.max(0, began - committed),
    costs: {
      writes: String(writes.length),
      ...Object.fromEntries(countByKind(writes).map(([kind, count]) => [`  ${kind}`, String(count)])),
      'GET and LIST of all clients': String(after.reads - before.reads),
      ...cpuCosts(before, after),
      'history events a node': cost.events,
      'activities a node': cost.activities,
      'workflow tasks a node': cost.workflowTasks,
    },
  };
}

/** Inserts rows in one statement and waits until all their LynqNodes are Ready; the clock starts when the INSERT is committed. */
async function provision(
  { session, database }: Bench,
  worker: WorkerProcess,
  rows: readonly string[],
): Promise<{ readonly committed: number; readonly ms: number }> {
  const wanted = rows.flatMap((uid) => forms.map((form) => nodeName(uid, form)));
  const arrivals = new Arrivals(session, new Set(wanted), readyName);
  await arrivals.watch([nodeKind], { namespace });
  const committed = await database.run(
    `INSERT INTO nodes (node_id) VALUES ${rows.map((uid) => `('${uid}')`).join(', ')}`,
  );
  const startedAt = performance.now();
  await arrivals.complete(`${counted(wanted.length, 'LynqNode')} become Ready`, worker);
  return { committed, ms: performance.now() - startedAt };
}

function readyName(node: JsonObject): string | undefined {
  return nodeView(node).ready ? textAt(node, 'metadata', 'name') : undefined;
}

function uids(side: string, round: number, rows: number): readonly string[] {
  return Array.from({ length: rows }, (_, index) => `${side}-${round}-${String(index + 1).padStart(5, '0')}`);
}
