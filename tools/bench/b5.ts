import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { planHash } from '../../domain/deletion-guard.ts';
import { labels, annotations, apiVersion } from '../../domain/keys.ts';
import type { KindRef, ObjectRef } from '../../domain/ports.ts';
import { type AuditWrite, countByKind, isWorkerWrite } from '../demo/audit.ts';
import { ToolError } from '../demo/failure.ts';
import type { Session } from '../demo/session.ts';
import { namespace, nodeKind } from '../demo/stage.ts';
import type { WorkerProcess } from '../demo/worker-process.ts';
import { seconds } from '../demo/text.ts';
import { Arrivals } from './arrivals.ts';
import { cpuCosts, eventWrites, loadText, readsByKind, snapshot } from './cost.ts';
import { untilQuiet } from './fleet.ts';
import { keyOf, measureFloor, writeAll } from './floor.ts';
import { temporalChecks } from './limits.ts';
import { forRow, refOf, rowModel, type RowModel } from './model.ts';
import { type BenchResult, costLines } from './report.ts';
import {
  applyHub,
  type Bench,
  createNamespaces,
  nodesOf,
  provision,
  seed,
  seedHubRef,
  uids,
  withBench,
} from './setup.ts';

/** Issue 6: the rows of all these nodes are deleted and the deletion guard's hold is approved. */
export const b5 = {
  name: 'B5',
  title:
    "rows of the seed's four forms deleted, approval to the last LynqNode and pod gone, divided by raw deletes of the same",
  limit: 1.5,
  rows: 100,
};

const floorNamespace = 'lynq-bench-floor';
const warm = 'bench-warm';
const rounds = 3;

interface Measured {
  readonly ms: number;
  readonly costs: Readonly<Record<string, string>>;
}

export function runB5(session: Session, rows: number): Promise<readonly BenchResult[]> {
  return withBench(session, async (bench) => {
    const { model, deleted } = await learn(bench);
    const floorRound = (round: number) => rawDelete(bench, model, { rows: uids('floor', round, rows), deleted });
    const floor = [await floorRound(1)];
    const ours: Measured[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      ours.push(await approvedDelete(bench, { rows: uids('ours', round, rows), warmUp: `${warm}-${round}` }));
      floor.push(await floorRound(round + 1));
      const around = floor.slice(-2).map(({ ms }) => seconds(ms));
      session.printer.line(`round ${round}: floor ${around.join(' and ')}, ours ${seconds(ours.at(-1)?.ms ?? 0)}`);
    }
    return [
      {
        ...b5,
        flanked: true,
        statedRows: b5.rows,
        rows,
        nodes: rows * seed.names.length,
        floor: floor.map(({ ms }) => ms),
        ours: ours.map(({ ms }) => ms),
        checks: await temporalChecks(bench.temporal),
        costs: costLines(floor, ours),
      },
    ];
  });
}

/** What our system writes for a row, and what of it it deletes again when the row goes. */
async function learn(bench: Bench): Promise<{ readonly model: RowModel; readonly deleted: ReadonlySet<string> }> {
  const { session } = bench;
  await createNamespaces(bench, [floorNamespace]);
  const worker = await session.startWorker();
  await applyHub(bench, { forms: seed, syncInterval: '0s' });
  const mark = session.audit.mark();
  await provision(bench, worker, { rows: [warm], forms: seed, notify: true });
  const { cluster } = session.opened;
  const nodes = await cluster.list(nodeKind, { namespace, labelSelector: `${labels.uid}=${warm}` });
  const secrets = await cluster.list({ apiVersion: 'v1', kind: 'Secret' }, { namespace: `node-${warm}` });
  const writes = session.audit.since(mark);
  const model = rowModel({ uid: warm, writes, secrets, nodes, hubNamespace: namespace, nodeNamespace: floorNamespace });
  const deletions = session.audit.mark();
  await removeOne(bench, worker, warm);
  const deleted = session.audit.since(deletions).filter((write) => isWorkerWrite(write) && write.verb === 'delete');
  await worker.stop();
  return { model, deleted: new Set(deleted.map(deletedKey)) };
}

/** One row alone is within the guard's budget, unless a round before it has spent that. */
async function removeOne(bench: Bench, worker: WorkerProcess, row: string): Promise<void> {
  const { session, database, temporal } = bench;
  const gone = await nodesGone(session, [row]);
  await database.run(`DELETE FROM nodes WHERE node_id = '${row}'`);
  const { result } = await temporal.sync(seedHubRef);
  if ((result.counts?.held ?? 0) > 0) await approve(bench, [row]);
  await gone.complete('the LynqNodes of one row go', worker);
}

const deletedKey = ({ resource, name }: AuditWrite): string => `${resource} ${name}`;

/** Plurals as the audit log has them. */
function isDeleted(deleted: ReadonlySet<string>, body: JsonObject): boolean {
  const kind = (textAt(body, 'kind') ?? '').toLowerCase();
  const plural = kind.endsWith('s') ? `${kind}es` : `${kind}s`;
  return deleted.has(`${plural} ${textAt(body, 'metadata', 'name') ?? ''}`);
}

async function nodesGone(session: Session, rows: readonly string[]): Promise<Arrivals> {
  const gone = new Arrivals(session, new Set(nodesOf(rows, seed)), {
    whenGone: (node) => textAt(node, 'metadata', 'name'),
  });
  await gone.watch([nodeKind], { namespace });
  return gone;
}

/** The same objects deleted in a tight loop, sixteen requests at a time, until a watch has seen them all go. The worker is stopped. */
async function rawDelete(
  { session }: Bench,
  model: RowModel,
  work: { readonly rows: readonly string[]; readonly deleted: ReadonlySet<string> },
): Promise<Measured> {
  const models = work.rows.map((uid) => forRow(model, uid));
  await measureFloor(session, models);
  const going = [...model.objects, ...model.nodes.map(({ object }) => object)].map((body) =>
    isDeleted(work.deleted, body),
  );
  const bodies = models.flatMap((one) =>
    [...one.objects, ...one.nodes.map(({ object }) => object)].filter((_, index) => going[index] === true),
  );
  const kinds = [...new Map(bodies.map(refOf).map((ref): [string, KindRef] => [ref.kind, ref])).values()];
  const known = await uidsOf(session, bodies.map(refOf), kinds);
  const gone = new Arrivals(session, new Set(bodies.map(keyOf)), { whenGone: keyOf });
  await gone.watch(
    kinds.map(({ apiVersion: version, kind }) => ({ apiVersion: version, kind })),
    {},
  );
  const before = await snapshot(session);
  const startedAt = performance.now();
  await writeAll(
    session,
    bodies.map((body) => async () => {
      await session.opened.cluster.delete(refOf(body), known.get(keyOf(body)) ?? '');
    }),
  );
  await gone.complete('the objects of the floor go');
  const ms = performance.now() - startedAt;
  const after = await snapshot(session);
  return { ms, costs: { writes: String(bodies.length), ...cpuCosts(before, after), 'load average after': loadText() } };
}

const pod: KindRef = { apiVersion: 'v1', kind: 'Pod' };

/** Pods that go with their Deployments; those of a retained StatefulSet stay. */
async function podsOf(session: Session, rows: readonly string[]): Promise<readonly string[]> {
  const spaces = new Set(rows.map((uid) => `node-${uid}`));
  const pods = await session.opened.cluster.list(pod, {});
  const going = pods.filter((item) => {
    const owners = listAt(item, 'metadata', 'ownerReferences');
    const isOfDeployment = owners.some((owner) => textAt(owner, 'kind') === 'ReplicaSet');
    return isOfDeployment && spaces.has(textAt(item, 'metadata', 'namespace') ?? '');
  });
  return going.map((item) => keyOf({ ...item, ...pod }));
}

async function uidsOf(
  session: Session,
  refs: readonly ObjectRef[],
  kinds: readonly KindRef[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set(refs.map(({ kind, namespace: space = '', name }) => `${kind} ${space}/${name}`));
  const known = new Map<string, string>();
  for (const kind of kinds) {
    for (const object of await session.opened.cluster.list(kind, {})) {
      const key = keyOf({ ...object, kind: kind.kind });
      if (wanted.has(key)) known.set(key, textAt(object, 'metadata', 'uid') ?? '');
    }
  }
  if (known.size === wanted.size) return known;
  throw new ToolError(`of ${wanted.size} objects of the floor ${known.size} are there`, { fix: 'start again' });
}

async function approve({ session }: Bench, rows: readonly string[]): Promise<void> {
  const ref = { apiVersion, kind: 'LynqHub', namespace, name: seedHubRef.hub };
  const body = { metadata: { annotations: { [annotations.approveDeletions]: planHash(rows) } } };
  const result = await session.opened.cluster.patch(ref, 'merge', body, { manager: 'lynq-bench' });
  if (result.kind !== 'ok') throw new ToolError(`the approval is ${result.kind}`, { fix: 'start again' });
}

async function hold(bench: Bench, rows: readonly string[]): Promise<void> {
  await bench.database.run(`DELETE FROM nodes WHERE node_id IN (${rows.map((uid) => `'${uid}'`).join(', ')})`);
  const { result } = await bench.temporal.sync(seedHubRef);
  if (result.counts?.held === rows.length) return;
  throw new ToolError(`the guard should hold ${rows.length} rows, the sync said ${JSON.stringify(result)}`, {
    fix: 'measure more than 10 rows',
  });
}

/** Ours: the sync holds the deletion, and the clock starts with the approval. The worker has removed a row before, so that neither side runs cold. */
async function approvedDelete(
  bench: Bench,
  { rows, warmUp }: { readonly rows: readonly string[]; readonly warmUp: string },
): Promise<Measured> {
  const { session } = bench;
  const worker: WorkerProcess = await session.startWorker();
  await provision(bench, worker, { rows: [...rows, warmUp], forms: seed, notify: true });
  await untilQuiet(bench);
  await removeOne(bench, worker, warmUp);
  await untilQuiet(bench);
  await hold(bench, rows);
  await untilQuiet(bench);
  const gone = await nodesGone(session, rows);
  const pods = new Arrivals(session, new Set(await podsOf(session, rows)), { whenGone: keyOf });
  await pods.watch([pod], {});
  const before = await snapshot(session, worker.process.pid);
  const mark = session.audit.mark();
  const startedAt = performance.now();
  await approve(bench, rows);
  await gone.complete('the LynqNodes go', worker);
  await pods.complete('their pods go', worker);
  const ms = performance.now() - startedAt;
  const after = await snapshot(session, worker.process.pid);
  const writes = session.audit.since(mark).filter(isWorkerWrite);
  await untilQuiet(bench);
  await worker.stop();
  return {
    ms,
    costs: {
      writes: String(writes.length),
      ...Object.fromEntries(countByKind(writes).map(([kind, count]) => [`  ${kind}`, String(count)])),
      'GET and LIST of all clients': String(after.reads - before.reads),
      'reads by kind': readsByKind(before, after),
      'Events of all clients': eventWrites(before, after),
      ...cpuCosts(before, after),
      'load average after': loadText(),
    },
  };
}
