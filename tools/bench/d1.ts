import { setTimeout as sleep } from 'node:timers/promises';
import { countByKind, isWorkerWrite } from '../demo/audit.ts';
import type { Session } from '../demo/session.ts';
import { seconds } from '../demo/text.ts';
import { requestCounts, requestsBetween } from './api-requests.ts';
import { loadText } from './cost.ts';
import { driftForm, widgetDefinition, widgetsRef } from './d1-kinds.ts';
import { type Repair, repairAll } from './d1-repair.ts';
import { untilQuiet } from './fleet.ts';
import { type BenchResult, type CostLine, median } from './report.ts';
import { applyHub, type Bench, createNamespaces, type FormSet, provision, seed, uids, withBench } from './setup.ts';

/** Issue 5: what someone changes on an object of a node is put right at once, and a node that nobody touches is not written. */
export const d1 = {
  name: 'D1',
  title: 'an object changed or deleted by hand, from the event that tells of it to the event that it is right again',
  limit: 1,
  /** Rows with the seed's forms and one of many kinds; in each row another trouble in turn. */
  rows: 8,
  mostRepairMs: 2_000,
};

/** At rest a node goes through a full comparison at least once in this time, by the default of LYNQ_RELIST_SECONDS. Milliseconds. */
const restMs = 610_000;
const shortRestMs = 30_000;

export function runD1(session: Session, rows: number): Promise<readonly BenchResult[]> {
  return withBench(session, async (bench) => {
    await createNamespaces(bench);
    await session.opened.cluster.create(widgetsRef, widgetDefinition, { manager: 'lynq-bench' });
    const worker = await session.startWorker();
    const forms: FormSet = {
      names: [...seed.names, ...driftForm.names],
      files: seed.files,
      objects: driftForm.objects,
    };
    await applyHub(bench, { forms, syncInterval: '60s' });
    const customers = uids('drift', 1, rows);
    await provision(bench, worker, { rows: customers, forms, notify: true });
    await untilQuiet(bench);
    const repairs = await repairAll(bench, worker, customers);
    await untilQuiet(bench);
    return [driftResult(rows, forms, repairs, await atRest(bench, rows < d1.rows ? shortRestMs : restMs))];
  });
}

interface Rest {
  readonly ms: number;
  readonly writes: number;
  readonly hubWrites: number;
  readonly written: string;
  readonly reads: string;
}

/** What is written and read while nobody does anything. */
async function atRest({ session }: Bench, ms: number): Promise<Rest> {
  session.printer.line(`at rest for ${seconds(ms)}`);
  const mark = session.audit.mark();
  const before = await requestCounts(session);
  await sleep(ms, undefined, { signal: session.signal });
  const requests = requestsBetween(before, await requestCounts(session));
  const all = session.audit.since(mark).filter(isWorkerWrite);
  const writes = all.filter(({ resource }) => resource !== 'lynqhubs/status');
  const counted = ['configmaps', 'deployments', 'services', 'lynqnodes'].flatMap((resource) =>
    ['GET', 'LIST'].map((verb) => `${verb} ${resource} ${requests.get(`${verb} ${resource}`) ?? 0}`),
  );
  return {
    ms,
    writes: writes.length,
    hubWrites: all.length - writes.length,
    written: countByKind(writes)
      .map(([kind, count]) => `${kind} ${count}`)
      .join(', '),
    reads: counted.join(', '),
  };
}

const one = (label: string, text: string): CostLine => ({ label, floor: [], ours: [text] });

/** Median and longest of the repairs of each group. */
function groups(repairs: readonly Repair[], pick: (repair: Repair) => string): readonly CostLine[] {
  return [...new Set(repairs.map(pick))].map((label) => {
    const times = repairs.filter((repair) => pick(repair) === label).map(({ ms }) => ms);
    return one(`  ${label}`, `${Math.round(median(times))} ms, ${Math.round(Math.max(...times))} ms`);
  });
}

function driftResult(rows: number, forms: FormSet, repairs: readonly Repair[], rest: Rest): BenchResult {
  const times = repairs.map(({ ms }) => ms);
  const label = `at rest for ${seconds(rest.ms)}: writes other than the status of the hub`;
  return {
    ...d1,
    rows,
    statedRows: d1.rows,
    nodes: rows * forms.names.length,
    sides: { unit: 'ms', floor: 'at most', ours: 'event to event' },
    floor: [d1.mostRepairMs],
    ours: times,
    checks: [
      { label: `median of ${times.length} repairs`, value: median(times), atMost: d1.mostRepairMs, unit: 'ms' },
      { label, value: rest.writes, atMost: 0, unit: '' },
    ],
    costs: [
      one('median and longest', ''),
      ...groups(repairs, ({ trouble }) => trouble),
      ...groups(repairs, ({ kind }) => kind),
      one('written at rest', rest.written === '' ? 'nothing' : rest.written),
      one('hub status at rest', String(rest.hubWrites)),
      one('read at rest, by all clients', rest.reads),
      one('load average after', loadText()),
    ],
  };
}
