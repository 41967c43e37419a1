import { existsSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endProcess, type Ending, lastLines, type ProcessRef, spawnDetached } from '../../stack/processes.ts';
import { ToolError } from './failure.ts';

export const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** Our worker as a process of its own. */
export interface WorkerProcess {
  readonly process: ProcessRef;
  readonly logFile: string;
  /** How it ended, once it has. */
  ended(): string | undefined;
  /** Processor time used so far, seconds; undefined where there is no /proc. */
  cpuSeconds(): number | undefined;
  stop(): Promise<void>;
}

/** The worker as a checkout runs it, from its sources; `builtWorker` is what an image or the package has, after `npm run build`. */
const workerOfSources = ['tools/run.mjs', 'worker/main.ts'] as const;
export const builtWorker = ['bin/lynq-worker.mjs'] as const;

export interface WorkerOptions {
  /** Of Node; default: from the sources. */
  readonly args?: readonly string[] | undefined;
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Called as soon as there is a process, so that it can be put on record. */
  readonly onSpawn: (process: ProcessRef) => void;
  readonly onWait: (elapsedMs: number) => void;
  readonly signal: AbortSignal;
}

const readyWithinMs = 60_000;
const stopWithinMs = 30_000;
const readyMark = '"msg":"worker ready"';

/** Starts the worker and returns when it says that it is ready. It has a process group of its own, so that Ctrl-C reaches only us. */
export async function startWorker(options: WorkerOptions): Promise<WorkerProcess> {
  const { logFile, environment } = options;
  const logStart = existsSync(logFile) ? statSync(logFile).size : 0;
  const { args = workerOfSources } = options;
  const spawned = spawnDetached({ file: process.execPath, args, env: environment, cwd: checkout }, logFile);
  let ending: Ending | undefined;
  void spawned.ending.then((how) => {
    ending = how;
  });
  if (spawned.process === undefined) throw cannotStart(await spawned.ending, logFile);
  const target = spawned.process;
  options.onSpawn(target);
  const worker: WorkerProcess = {
    process: target,
    logFile,
    ended: () => (ending === undefined ? undefined : endingText(ending)),
    cpuSeconds: () => cpuSeconds(target.pid),
    stop: async () => {
      await endProcess(target, stopWithinMs);
    },
  };
  try {
    await untilReady(worker, logStart, options);
  } catch (error) {
    await worker.stop();
    throw error;
  }
  return worker;
}

async function untilReady(worker: WorkerProcess, logStart: number, options: WorkerOptions): Promise<void> {
  const startedAt = performance.now();
  while (!readFileSync(worker.logFile).subarray(logStart).includes(readyMark)) {
    options.signal.throwIfAborted();
    const how = worker.ended();
    if (how !== undefined) throw stopped(worker, how);
    const elapsed = performance.now() - startedAt;
    if (elapsed > readyWithinMs) throw stopped(worker, `not ready after ${readyWithinMs / 1000} s`);
    options.onWait(elapsed);
    await sleep(100);
  }
}

/** The error for a worker that is gone or never came. */
export function stopped(worker: WorkerProcess, how: string): ToolError {
  return new ToolError(`the worker stopped (${how})`, {
    details: workerLogTail(worker.logFile),
    fix: `read the whole log, ${worker.logFile}, and start again`,
  });
}

function cannotStart(how: Ending, logFile: string): ToolError {
  return new ToolError(`the worker cannot be started: ${endingText(how)}`, { fix: `look into ${logFile}` });
}

/** The end of the worker's log under a heading. */
export function workerLogTail(logFile: string): readonly string[] {
  return [`last lines of the worker's log (${logFile}):`, ...lastLines(logFile, 12).map((line) => `| ${line}`)];
}

function endingText(how: Ending): string {
  return how.kind === 'ended' ? how.how : how.reason;
}

/** Linux counts in ticks of a hundredth second on every platform Node runs on. */
const ticksPerSecond = 100;

function cpuSeconds(pid: number): number | undefined {
  try {
    return cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** User and system time, fields 14 and 15 of /proc/PID/stat; the name before them may hold spaces and `)`. */
export function cpuSecondsOf(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isNaN(ticks) ? undefined : ticks / ticksPerSecond;
}
