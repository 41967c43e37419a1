import { setTimeout as sleep } from 'node:timers/promises';
import { countByKind, isWorkerWrite } from '../demo/audit.ts';
import type { Session } from '../demo/session.ts';
import { seconds } from '../demo/text.ts';
import type { WorkerProcess } from '../demo/worker-process.ts';
import { cpuBetween, loadText, requestsBetween, snapshot, type Snapshot } from './cost.ts';
import { untilQuiet } from './fleet.ts';
import { temporalChecks } from './limits.ts';
import type { BenchResult, Check } from './report.ts';
import {
  applyHub,
  type Bench,
  configForm,
  createNamespaces,
  type HubPlace,
  provision,
  seed,
  uids,
  withBench,
} from './setup.ts';

/** Issue 6: settling grows with the nodes and not faster, and a fleet at rest costs next to nothing. */
export const b6 = {
  name: 'B6',
  title: "the seed's forms: four times the rows until all LynqNodes are Ready, divided by once; then a fleet at rest",
  limit: 4.6,
  /** Of the fleet at rest; the four times are a twentieth of it. */
  rows: 2_000,
  mostRequestsASecond: 1,
  /** Of one core, worker and Temporal together. */
  mostCpuPercent: 5,
};

const rounds = 2;
/** Until a new fleet is at rest; at rest; and at rest without a worker, for what the others ask. Milliseconds. */
const times = { calm: 30_000, rest: 300_000, still: 60_000 };
/** Below the stated size, where the figures count for nothing but that they can be had. */
const shortTimes: typeof times = { calm: 5_000, rest: 30_000, still: 20_000 };
const fleet: HubPlace = { hub: 'fleet', table: 'fleet' };

export function runB6(session: Session, rows: number): Promise<readonly BenchResult[]> {
  return withBench(session, async (bench) => {
    await createNamespaces(bench);
    const worker = await session.startWorker();
    await applyHub(bench, { forms: seed, syncInterval: '0s' });
    const many = Math.max(4, Math.round(rows / 20));
    const settled = await settleTimes(bench, worker, many);
    const idle = await idleFleet(bench, worker, rows);
    const one = (label: string, text: string) => ({ label, floor: [], ours: [text] });
    const limits = await temporalChecks(bench.temporal);
    return [
      {
        ...b6,
        statedRows: b6.rows,
        rows,
        nodes: rows + rounds * (many + many / 4) * seed.names.length,
        sides: { unit: 'ms', floor: `${many} LynqNodes`, ours: `${many * seed.names.length} LynqNodes` },
        floor: settled.map(({ few }) => few),
        ours: settled.map(({ all }) => all),
        checks: [...idle.checks, ...limits],
        costs: idle.lines.map(([label, text]) => one(label, text)),
      },
    ];
  });
}

interface Settled {
  readonly few: number;
  readonly all: number;
}

/** From the INSERT, told by notify, until the last LynqNode is Ready; a quarter of the rows, then all. */
async function settleTimes(bench: Bench, worker: WorkerProcess, many: number): Promise<readonly Settled[]> {
  await provision(bench, worker, { rows: ['bench-warm'], forms: seed, notify: true });
  const found: Settled[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const settle = async (side: string, rows: number): Promise<number> => {
      await untilQuiet(bench);
      return (await provision(bench, worker, { rows: uids(side, round, rows), forms: seed, notify: true })).ms;
    };
    const few = await settle('few', many / 4);
    const all = await settle('all', many);
    found.push({ few, all });
    bench.session.printer.line(`round ${round}: ${seconds(few)} and ${seconds(all)}`);
  }
  return found;
}

interface Idle {
  readonly checks: readonly Check[];
  readonly lines: readonly (readonly [string, string])[];
}

async function idleFleet(bench: Bench, worker: WorkerProcess, rows: number): Promise<Idle> {
  const { session } = bench;
  const { calm, rest, still: stillMs } = rows < b6.rows ? shortTimes : times;
  const forms = configForm(1, fleet);
  await applyHub(bench, { forms, syncInterval: '30s', place: fleet });
  const { ms } = await provision(bench, worker, { rows: uids('fleet', 1, rows), forms, place: fleet, notify: true });
  session.printer.line(`a fleet of ${rows} in ${seconds(ms)}`);
  await sleep(calm, undefined, { signal: session.signal });
  const mark = session.audit.mark();
  const before = await snapshot(session, worker.process.pid);
  await sleep(rest, undefined, { signal: session.signal });
  const after = await snapshot(session, worker.process.pid);
  const load = loadText();
  const writes = session.audit.since(mark).filter(isWorkerWrite);
  await worker.stop();
  const still = await snapshot(session);
  await sleep(stillMs, undefined, { signal: session.signal });
  const others = requestsBetween(still, await snapshot(session));
  const requests = ownRequests(requestsBetween(before, after), others, rest / stillMs);
  return idleFigures({ before, after, writes, requests, load, idleMs: rest });
}

/** Requests of the worker: those that were fewer, by time, when it had stopped. */
function ownRequests(
  busy: ReadonlyMap<string, number>,
  still: ReadonlyMap<string, number>,
  share: number,
): readonly (readonly [string, number])[] {
  return [...busy].map(([kind, count]) => [kind, Math.round(count - share * (still.get(kind) ?? 0))] as const);
}

interface Rest {
  readonly before: Snapshot;
  readonly after: Snapshot;
  readonly writes: Parameters<typeof countByKind>[0];
  readonly requests: readonly (readonly [string, number])[];
  readonly load: string;
  readonly idleMs: number;
}

const counts = (found: readonly (readonly [string, number])[]): string =>
  found.map(([kind, count]) => `${kind} ${count}`).join(', ');

function idleFigures({ before, after, writes, requests, load, idleMs }: Rest): Idle {
  const long = idleMs / 1_000;
  const own = requests.filter(([, count]) => count > 0).toSorted(([, a], [, b]) => b - a);
  const percent = (name: string): number => (100 * cpuBetween(before, after, name)) / long;
  const others = writes.filter(({ resource }) => resource !== 'lynqhubs/status').length;
  const aSecond = own.reduce((sum, [, count]) => sum + count, 0) / long;
  const together = percent('worker') + percent('temporal');
  return {
    checks: [
      { label: 'at rest: writes other than the status of the hub', value: others, atMost: 0, unit: '' },
      {
        label: 'at rest: API requests beside watches',
        value: aSecond,
        atMost: b6.mostRequestsASecond,
        unit: 'a second',
      },
      { label: 'at rest: worker and Temporal', value: together, atMost: b6.mostCpuPercent, unit: '% of a core' },
    ],
    lines: [
      ['writes at rest', counts(countByKind(writes))],
      ['requests at rest', counts(own)],
      ['worker at rest', `${percent('worker').toFixed(1)} % of a core`],
      ['Temporal at rest', `${percent('temporal').toFixed(1)} % of a core`],
      ['load average after', load],
    ],
  };
}
