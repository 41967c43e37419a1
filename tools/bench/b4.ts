import { setTimeout as sleep } from 'node:timers/promises';
import { textAt } from '../../domain/api/json.ts';
import { countByKind, isWorkerWrite } from '../demo/audit.ts';
import { namespace } from '../demo/stage.ts';
import { Arrivals } from './arrivals.ts';
import { loadText } from './cost.ts';
import { type Fleet, fleetUid, untilQuiet } from './fleet.ts';
import { type BenchResult, median } from './report.ts';
import { seedHubRef } from './setup.ts';

/** Issue 6: a change of a row, told by `lynq notify`. */
export const b4 = {
  name: 'B4',
  title: '1 % of the rows changed: writes made, divided by those needed',
  limit: 1.05,
  rows: 20_000,
  mostLatencyMs: 1_000,
};

const configMap = { apiVersion: 'v1', kind: 'ConfigMap' };
/** Latencies for one repeat of what takes longer. */
const latenciesARepeat = 2;
const apartMs = 1_000;

/** Resolves when the ConfigMaps of these rows have the value. */
async function withValue(fleet: Fleet, rows: readonly string[], value: string): Promise<Arrivals> {
  const wanted = new Set(rows.map((uid) => `${uid}-settings-1`));
  const arrivals = new Arrivals(fleet.session, wanted, {
    whenThere: (object) =>
      textAt(object, 'data', 'replicas') === value ? textAt(object, 'metadata', 'name') : undefined,
  });
  await arrivals.watch([configMap], { namespace });
  return arrivals;
}

/** From the commit of an UPDATE of one row to the watch event of its object, milliseconds. */
export async function latencies(fleet: Fleet, rows: number): Promise<readonly number[]> {
  const found: number[] = [];
  const repeats = 1 + latenciesARepeat * fleet.repeats;
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    const uid = fleetUid(1 + Math.floor((repeat * rows) / repeats));
    const value = String(100 + repeat);
    const arrivals = await withValue(fleet, [uid], value);
    await fleet.database.run(`UPDATE nodes SET web_replicas = ${value} WHERE node_id = '${uid}'`);
    const startedAt = performance.now();
    await fleet.temporal.notify(seedHubRef);
    await arrivals.complete(`${uid} has its new value`, fleet.worker);
    found.push(performance.now() - startedAt);
    await sleep(apartMs, undefined, { signal: fleet.session.signal });
  }
  await untilQuiet(fleet);
  return found;
}

interface Share {
  readonly changed: number;
  readonly writes: readonly (readonly [string, number])[];
  readonly made: number;
  readonly ms: number;
}

const changedShare = 100;
/** The LynqNode's new values, its object, its status; and the status of the hub. */
const writesARow = 3;
const writesAHub = 1;

/** Changes every hundredth row at once. */
export async function changeShare(fleet: Fleet, rows: number): Promise<Share> {
  const changed = Array.from({ length: Math.max(1, Math.floor(rows / changedShare)) }, (_, index) =>
    fleetUid(1 + index * changedShare),
  );
  await untilQuiet(fleet);
  const mark = fleet.session.audit.mark();
  const arrivals = await withValue(fleet, changed, '77');
  const names = changed.map((uid) => `'${uid}'`).join(', ');
  await fleet.database.run(`UPDATE nodes SET web_replicas = 77 WHERE node_id IN (${names})`);
  const startedAt = performance.now();
  await fleet.temporal.notify(seedHubRef);
  await arrivals.complete(`${changed.length} objects have their new value`, fleet.worker);
  const ms = performance.now() - startedAt;
  await untilQuiet(fleet);
  const writes = fleet.session.audit.since(mark).filter(isWorkerWrite);
  return { changed: changed.length, writes: countByKind(writes), made: writes.length, ms };
}

export function changeResult(rows: number, latency: readonly number[], share: Share): BenchResult {
  const one = (label: string, text: string) => ({ label, floor: [], ours: [text] });
  const sorted = latency.toSorted((a, b) => a - b);
  return {
    name: b4.name,
    title: b4.title,
    limit: b4.limit,
    rows,
    statedRows: b4.rows,
    nodes: rows,
    sides: { unit: 'writes', floor: 'writes needed', ours: 'writes made' },
    floor: [share.changed * writesARow + writesAHub],
    ours: [share.made],
    checks: [
      {
        label: `one row of ${rows / 10} changed until its object is, median of ${latency.length}`,
        value: median(latency),
        atMost: b4.mostLatencyMs,
        unit: 'ms',
      },
    ],
    costs: [
      one('shortest and longest', `${Math.round(sorted[0] ?? 0)} ms, ${Math.round(sorted.at(-1) ?? 0)} ms`),
      one('until all changed objects are', `${Math.round(share.ms)} ms`),
      ...share.writes.map(([kind, count]) => one(`  ${kind}`, String(count))),
      one('load average after', loadText()),
    ],
  };
}
