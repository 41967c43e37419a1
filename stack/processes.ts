import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A program with its arguments and its whole environment; nothing is inherited. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** A process that cannot be confused with a later one of the same pid: `identity` holds its start time and program. */
export interface ProcessRef {
  readonly pid: number;
  readonly identity: string;
}

/** How a process ended, in words, or why it never began. */
export type Ending =
  | { readonly kind: 'ended'; readonly how: string }
  | { readonly kind: 'not-begun'; readonly reason: string };

export interface Spawned {
  /** Undefined when the program could not be run at all; then `ending` says why. */
  readonly process: ProcessRef | undefined;
  /** Settles when the process ends while this program still lives. */
  readonly ending: Promise<Ending>;
}

/** Starts a process that outlives this one, its output appended to `logFile`. */
export function spawnDetached(command: CommandLine, logFile: string): Spawned {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a');
  const child = spawn(command.file, [...command.args], {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const ending = new Promise<Ending>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'not-begun', reason: error.message }));
    child.once('exit', (code, signal) =>
      resolve({ kind: 'ended', how: signal === null ? `exit code ${code}` : `signal ${signal}` }),
    );
  });
  child.unref();
  if (child.pid === undefined) return { process: undefined, ending };
  return { process: { pid: child.pid, identity: identityOf(child.pid) ?? '' }, ending };
}

/**
 * Start time and program of a process, or undefined when there is none (a zombie counts as none). Linux reads /proc,
 * other systems ask `ps`.
 */
export function identityOf(pid: number): string | undefined {
  return existsSync('/proc/self/stat') ? identityFromProc(pid) : identityFromPs(pid);
}

function identityFromProc(pid: number): string | undefined {
  try {
    const fields = statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const program = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0] ?? '';
    return fields === undefined ? undefined : `${fields.startTime} ${basename(program)}`;
  } catch {
    return undefined;
  }
}

/** Start time in clock ticks since boot (field 22 of /proc/PID/stat), or undefined for a zombie. Names may hold spaces and `)`. */
export function statFields(stat: string): { readonly startTime: string } | undefined {
  const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTime = afterName[19];
  if (startTime === undefined || afterName[0] === 'Z' || afterName[0] === 'X') return undefined;
  return { startTime };
}

function identityFromPs(pid: number): string | undefined {
  const result = spawnSync('ps', ['-o', 'stat=,lstart=,comm=', '-p', String(pid)], { encoding: 'utf8' });
  const line = result.status === 0 ? result.stdout.trim() : '';
  if (line === '' || line.startsWith('Z')) return undefined;
  return line.slice(line.indexOf(' ')).trim();
}

/** True while that very process lives. */
export function isAlive(process: ProcessRef): boolean {
  return identityOf(process.pid) === process.identity;
}

const killWaitMs = 5_000;

/**
 * Ends that very process: SIGTERM, and SIGKILL after `graceMs` (at once with a grace of 0). A pid that has been given to
 * another process is left alone. Returns false only when the process is still there after SIGKILL.
 */
export async function endProcess(target: ProcessRef, graceMs: number): Promise<boolean> {
  if (graceMs > 0) {
    signal(target, 'SIGTERM');
    if (await goneWithin(target, graceMs)) return true;
  }
  signal(target, 'SIGKILL');
  return goneWithin(target, killWaitMs);
}

function signal(target: ProcessRef, name: 'SIGTERM' | 'SIGKILL'): void {
  if (!isAlive(target)) return;
  try {
    process.kill(target.pid, name);
  } catch {
    // It ended between the look and the signal.
  }
}

async function goneWithin(target: ProcessRef, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  while (isAlive(target)) {
    if (performance.now() > until) return false;
    await sleep(20);
  }
  return true;
}

const tailBytes = 16_384;

/** The last lines of a log file without blank ones; empty when there is no such file. */
export function lastLines(file: string, count: number): readonly string[] {
  if (!existsSync(file)) return [];
  const size = statSync(file).size;
  const buffer = Buffer.alloc(Math.min(size, tailBytes));
  const handle = openSync(file, 'r');
  try {
    readSync(handle, buffer, 0, buffer.length, size - buffer.length);
  } finally {
    closeSync(handle);
  }
  const lines = buffer.toString('utf8').split('\n');
  return lines.filter((line) => line.trim() !== '').slice(-count);
}
