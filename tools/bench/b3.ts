import { setTimeout as sleep } from 'node:timers/promises';
import { createConnection } from 'mysql2';
import { countByKind, isWorkerWrite } from '../demo/audit.ts';
import { databaseName } from '../demo/database.ts';
import { ToolError } from '../demo/failure.ts';
import { cpuBetween, loadText, memoryOf, requestsBetween, type Snapshot, snapshot } from './cost.ts';
import type { Fleet } from './fleet.ts';
import { temporalChecks } from './limits.ts';
import { type BenchResult, type Check, median } from './report.ts';
import { seedHubRef } from './setup.ts';
import type { TimedSync } from './temporal.ts';

/** Issue 6: a sync that finds nothing to do, divided by streaming the same SELECT with mysql2 and nothing else. */
export const b3 = {
  name: 'B3',
  title: 'no-op sync of a fleet of one form with one ConfigMap, divided by streaming the same SELECT with mysql2',
  limit: 3,
  rows: 20_000,
  mostRequests: 5,
  mostMemoryMiB: 500,
};

/** Longer than an answer about other operators holds: each sync asks for itself. */
const apartMs = 4_000;

/** What syncs that had nothing to do cost beside time, each. */
export interface NoopCost {
  readonly requests: number;
  readonly requestKinds: string;
  readonly writes: number;
  readonly writeKinds: string;
}

interface Noop extends NoopCost {
  readonly streamMs: readonly number[];
  readonly syncMs: readonly number[];
  readonly memory: { readonly now: number; readonly most: number };
  readonly workerCpuMs: number;
  readonly temporalCpuMs: number;
  readonly limits: readonly Check[];
  readonly openRuns: number;
}

/** The columns that the hub maps, as text, in one stream of rows that are thrown away. */
const columns = [
  'node_id',
  'is_active',
  'web_replicas',
  'api_replicas',
  'worker_replicas',
  'db_cpu_request',
  'db_memory_request',
  'db_storage_size',
  'enable_analytics',
  'enable_notifications',
];

function streamRows(url: string, expected: number): Promise<number> {
  const connection = createConnection({ uri: url, database: databaseName });
  return new Promise((resolve, reject) => {
    connection.once('error', reject);
    connection.query('SELECT 1', () => {
      const startedAt = performance.now();
      let rows = 0;
      const stream = connection.query(`SELECT ${columns.join(', ')} FROM nodes`).stream();
      stream.on('data', () => {
        rows += 1;
      });
      stream.once('error', reject);
      stream.once('end', () => {
        const ms = performance.now() - startedAt;
        connection.destroy();
        if (rows === expected) resolve(ms);
        else reject(new ToolError(`the table has ${rows} rows, not ${expected}`, { fix: 'start again' }));
      });
    });
  });
}

function requireNoop({ result }: TimedSync, rows: number): void {
  const { counts, outcome, started } = result;
  if (outcome === 'synced' && started === 0 && counts?.rows === rows) {
    if (counts.created + counts.updated + counts.removed === 0) return;
  }
  throw new ToolError(`a sync without anything to do was expected, not ${JSON.stringify(result)}`, {
    fix: 'see the log of the worker',
  });
}

/** What Temporal still does for a run that has ended is over by then, as it is between syncs that a schedule starts. */
const settleMs = 1_000;

/** Counts that changed are brought up to date for a while after the last change. */
const calmMs = 30_000;

/**
 * Syncs one after the other; what else the cluster does in as long a time without them is taken off. Of each kind of request the median of the syncs counts:
 * the list of everything that a worker makes every ten minutes falls into one of them at most.
 */
async function noopCost(fleet: Fleet, rows: number): Promise<NoopCost & { readonly syncs: readonly TimedSync[] }> {
  const { session, temporal, worker, repeats } = fleet;
  await sleep(calmMs, undefined, { signal: session.signal });
  const still = await snapshot(session, worker.process.pid);
  await sleep(repeats * apartMs, undefined, { signal: session.signal });
  const mark = session.audit.mark();
  const snapshots = [await snapshot(session, worker.process.pid)];
  const syncs: TimedSync[] = [];
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const begun = performance.now();
    const sync = await temporal.sync(seedHubRef);
    requireNoop(sync, rows);
    syncs.push(sync);
    await sleep(Math.max(0, apartMs - (performance.now() - begun)), undefined, { signal: session.signal });
    snapshots.push(await snapshot(session, worker.process.pid));
  }
  const writes = session.audit.since(mark).filter(isWorkerWrite);
  const each = requestsOfEach(still, snapshots);
  return {
    syncs,
    requests: Math.round(each.reduce((sum, [, count]) => sum + count, 0)),
    requestKinds: each.map(([kind, count]) => `${kind} ${count.toFixed(1)}`).join(', '),
    writes: writes.length / repeats,
    writeKinds: countByKind(writes)
      .map(([kind, count]) => `${kind} ${count / repeats}`)
      .join(', '),
  };
}

/** Requests of a sync by kind. `snapshots`: before the first sync and after each; `still`: as long before the first of them as all syncs took. */
function requestsOfEach(still: Snapshot, snapshots: readonly Snapshot[]): readonly (readonly [string, number])[] {
  const [first, ...later] = snapshots;
  if (first === undefined) return [];
  const idle = requestsBetween(still, first);
  const windows = later.map((after, at) => requestsBetween(snapshots[at] ?? first, after));
  const kinds = new Set(windows.flatMap((window) => [...window.keys()]));
  return [...kinds]
    .map((kind) => {
      const besides = (idle.get(kind) ?? 0) / later.length;
      return [kind, median(windows.map((window) => (window.get(kind) ?? 0) - besides))] as const;
    })
    .filter(([, count]) => count >= 0.5);
}

/** At a tenth of the size: requests must not grow with the rows. */
export async function smallNoop(fleet: Fleet, rows: number): Promise<NoopCost> {
  return noopCost(fleet, rows);
}

export async function largeNoop(fleet: Fleet, rows: number): Promise<Noop> {
  const { session, worker, temporal, repeats } = fleet;
  const cost = await noopCost(fleet, rows);
  const memory = memoryOf(worker.process.pid);
  const openRuns = await temporal.openNodes();
  const streamMs: number[] = [];
  const syncMs: number[] = [];
  const before = await snapshot(session, worker.process.pid);
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    await sleep(settleMs, undefined, { signal: session.signal });
    streamMs.push(await streamRows(session.endpoints.mysqlUrl, rows));
    const sync = await temporal.sync(seedHubRef);
    requireNoop(sync, rows);
    syncMs.push(sync.ms);
  }
  const after = await snapshot(session, worker.process.pid);
  return {
    ...cost,
    streamMs,
    syncMs,
    memory,
    openRuns,
    workerCpuMs: (1_000 * cpuBetween(before, after, 'worker')) / repeats,
    temporalCpuMs: (1_000 * cpuBetween(before, after, 'temporal')) / repeats,
    limits: await temporalChecks(temporal),
  };
}

export function noopResult(
  size: { readonly rows: number; readonly few: number },
  small: NoopCost,
  large: Noop,
): BenchResult {
  const { rows, few } = size;
  const one = (label: string, text: string) => ({ label, floor: [], ours: [text] });
  return {
    name: b3.name,
    title: b3.title,
    limit: b3.limit,
    rows,
    statedRows: b3.rows,
    nodes: rows,
    floor: large.streamMs,
    ours: large.syncMs,
    checks: [
      { label: 'API requests a sync', value: large.requests, atMost: b3.mostRequests, unit: '' },
      { label: `API requests a sync with ${few} rows`, value: small.requests, atMost: large.requests, unit: '' },
      { label: 'writes a sync', value: large.writes, atMost: 1, unit: '' },
      { label: 'memory of the worker', value: large.memory.now, atMost: b3.mostMemoryMiB, unit: 'MiB' },
      ...large.limits,
    ],
    costs: [
      one('requests a sync', large.requestKinds),
      one('writes a sync', large.writeKinds),
      one('memory of the worker at most so far', `${large.memory.most} MiB`),
      one('CPU of the worker a sync', `${Math.round(large.workerCpuMs)} ms`),
      one('CPU of Temporal a sync', `${Math.round(large.temporalCpuMs)} ms`),
      one('open runs in Temporal', String(large.openRuns)),
      one('load average after', loadText()),
    ],
  };
}
