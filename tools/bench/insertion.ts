import { setTimeout as sleep } from 'node:timers/promises';
import { labels } from '../../domain/keys.ts';
import { countByKind, isWorkerWrite } from '../demo/audit.ts';
import { ToolError } from '../demo/failure.ts';
import type { Session } from '../demo/session.ts';
import { namespace, nodeKind } from '../demo/stage.ts';
import { seconds } from '../demo/text.ts';
import { cpuCosts, eventWrites, loadText, readsByKind, snapshot } from './cost.ts';
import { measureFloor, removeNodes } from './floor.ts';
import { temporalChecks } from './limits.ts';
import { forRow, kindsOf, rowModel, type RowModel } from './model.ts';
import { type BenchResult, costLines } from './report.ts';
import { applyHub, type Bench, createNamespaces, type FormSet, nodesOf, provision, uids, withBench } from './setup.ts';

/** Rows inserted at once, and the hub told of it, until all their LynqNodes are Ready, divided by the floor of the same run. */
export interface Insertion {
  readonly name: string;
  readonly title: string;
  readonly limit: number;
  readonly statedRows: number;
  readonly rounds: number;
  readonly forms: FormSet;
  /** What is written for one row: namespaces, other objects. */
  readonly expected: { readonly namespaces: number; readonly objects: number };
}

const floorNamespace = 'lynq-bench-floor';
const warm = 'bench-warm';

interface Run extends Bench {
  readonly kind: Insertion;
  readonly rows: number;
}

/** One measured side of a round. */
interface Measured {
  readonly ms: number;
  readonly costs: Readonly<Record<string, string>>;
  readonly syncWaitMs: number;
}

export function runInsertion(kind: Insertion, session: Session, rows: number): Promise<BenchResult> {
  return withBench(session, (bench) => measure({ ...bench, kind, rows }));
}

async function measure(run: Run): Promise<BenchResult> {
  const { session, rows, kind } = run;
  const model = await learn(run);
  const floor: Measured[] = [await floorRound(run, model, 1)];
  const ours: Measured[] = [];
  for (let round = 1; round <= kind.rounds; round += 1) {
    ours.push(await oursRound(run, round));
    floor.push(await floorRound(run, model, round + 1));
    const around = floor.slice(-2).map(({ ms }) => seconds(ms));
    session.printer.line(`round ${round}: floor ${around.join(' and ')}, ours ${seconds(ours.at(-1)?.ms ?? 0)}`);
  }
  return {
    flanked: true,
    name: kind.name,
    title: kind.title,
    limit: kind.limit,
    statedRows: kind.statedRows,
    rows,
    nodes: rows * kind.forms.names.length,
    floor: floor.map(({ ms }) => ms),
    ours: ours.map(({ ms }) => ms),
    syncWait: ours.map(({ syncWaitMs }) => syncWaitMs),
    checks: await temporalChecks(run.temporal),
    costs: costLines(floor, ours),
  };
}

/** Sets everything up and lets our system provision one row, to see what it writes for it. */
async function learn(run: Run): Promise<RowModel> {
  const { session, kind } = run;
  await createNamespaces(run, [floorNamespace]);
  const worker = await session.startWorker();
  await applyHub(run, { forms: kind.forms, syncInterval: '1m' });
  const mark = session.audit.mark();
  await provision(run, worker, { rows: [warm], forms: kind.forms, notify: true });
  const writes = session.audit.since(mark);
  const { cluster } = session.opened;
  const nodes = await cluster.list(nodeKind, { namespace, labelSelector: `${labels.uid}=${warm}` });
  const secrets = await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: `node-${warm}` });
  const model = rowModel({ uid: warm, writes, secrets, nodes, hubNamespace: namespace, nodeNamespace: floorNamespace });
  session.printer.line(
    `what is written for a row: ${kindsOf([...model.namespaces, ...model.objects])}, ${model.nodes.length} LynqNodes`,
  );
  const { expected, forms } = kind;
  const found = [model.namespaces.length, model.objects.length, model.nodes.length];
  if (found.join() !== [expected.namespaces, expected.objects, forms.names.length].join()) {
    throw new ToolError(`other objects were expected for a row, found ${found.join(', ')}`, {
      fix: 'see whether the forms in examples/multi-tier were changed',
    });
  }
  await worker.stop();
  return model;
}

/** The worker is not running meanwhile: the floor has the machine for itself. */
async function floorRound({ session, rows }: Run, model: RowModel, round: number): Promise<Measured> {
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
    costs: {
      writes: String(writes),
      'GET and LIST of all clients': reads,
      'reads by kind': readsByKind(before, after),
      'Events of all clients': eventWrites(before, after),
      ...cpuCosts(before, after),
      'load average after': loadText(),
    },
  };
}

/** A fresh worker gets one row first, so that neither side is measured cold. */
async function oursRound(run: Run, round: number): Promise<Measured> {
  const { session, temporal, rows } = run;
  const { forms } = run.kind;
  const worker = await session.startWorker();
  await provision(run, worker, { rows: [`${warm}-${round}`], forms, notify: true });
  await sleep(2_000);
  const before = await snapshot(session, worker.process.pid);
  const mark = session.audit.mark();
  const names = uids('ours', round, rows);
  const { committed, ms } = await provision(run, worker, { rows: names, forms, notify: true });
  const after = await snapshot(session, worker.process.pid);
  const load = loadText();
  await sleep(2_000);
  const writes = session.audit.since(mark).filter(isWorkerWrite);
  const first = writes.find(({ verb, resource }) => verb === 'create' && resource === 'lynqnodes')?.at ?? committed;
  const began = (await temporal.syncBefore(first)) ?? first;
  const cost = await temporal.nodes(namespace, nodesOf(names, forms));
  await worker.stop();
  return {
    ms,
    syncWaitMs: Math.max(0, began - committed),
    costs: {
      writes: String(writes.length),
      ...Object.fromEntries(countByKind(writes).map(([kind, count]) => [`  ${kind}`, String(count)])),
      'GET and LIST of all clients': String(after.reads - before.reads),
      'reads by kind': readsByKind(before, after),
      'Events of all clients': eventWrites(before, after),
      ...cpuCosts(before, after),
      'load average after': load,
      'history events a node': cost.events,
      'activities a node': cost.activities,
      'workflow tasks a node': cost.workflowTasks,
    },
  };
}
