import { setTimeout as sleep } from 'node:timers/promises';
import { isWorkerWrite } from '../demo/audit.ts';
import { counted, seconds } from '../demo/text.ts';
import type { WorkerProcess } from '../demo/worker-process.ts';
import { applyHub, type Bench, configForm, createNamespaces, provision, uids } from './setup.ts';

/** Many rows with one form of one ConfigMap each: what a fleet costs at rest, and a change in it. */
export const fleetForm = configForm(1);

export interface Fleet extends Bench {
  readonly worker: WorkerProcess;
  /** How often what varies is measured; less below the stated size. */
  readonly repeats: number;
}

/** Rows in one step of growth: the sync that makes their LynqNodes and the births after it stay well within their time limits. */
const step = 2_000;

export const fleetUid = (index: number): string => uids('fleet', 1, 1, index)[0] ?? '';

/** Opens a hub without timer and provisions rows by real births, until they are all Ready and nothing is written any more. */
export async function openFleet(bench: Bench, repeats: number): Promise<Fleet> {
  await createNamespaces(bench);
  const worker = await bench.session.startWorker();
  await applyHub(bench, { forms: fleetForm, syncInterval: '0s' });
  return { ...bench, worker, repeats };
}

export async function growFleet(fleet: Fleet, from: number, to: number): Promise<void> {
  for (let made = from; made < to; made += step) {
    const rows = uids('fleet', 1, Math.min(step, to - made), made + 1);
    const { ms } = await provision(fleet, fleet.worker, { rows, forms: fleetForm, notify: true });
    fleet.session.printer.line(
      `${counted(made + rows.length, 'LynqNode')}: ${counted(rows.length, 'row')} in ${seconds(ms)}`,
    );
  }
  await untilQuiet(fleet);
}

const quietMs = 5_000;

/** Waits until the worker has written nothing for a while, LynqNodes and counts in statuses included. */
export async function untilQuiet({ session }: Pick<Fleet, 'session'>): Promise<void> {
  for (;;) {
    const mark = session.audit.mark();
    await sleep(quietMs, undefined, { signal: session.signal });
    if (session.audit.since(mark).filter(isWorkerWrite).length === 0) return;
  }
}
