import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { promisify } from 'node:util';
import { stackStatus } from '../../stack/index.ts';
import type { Session } from '../demo/session.ts';
import { cpuSecondsOf } from '../demo/worker-process.ts';
import { median } from './report.ts';

const execute = promisify(execFile);

/** Counters at one moment; differences of two say what lay between. */
export interface Snapshot {
  /** Processor seconds by process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** GET and LIST requests of all clients, controllers included: the audit log has writes only. */
  readonly reads: number;
  /** All requests but watches, by verb and resource. */
  readonly requests: ReadonlyMap<string, number>;
}

/** Load average of the last minute: what else the machine had to do. */
export function loadText(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

export async function snapshot(session: Session, workerPid?: number): Promise<Snapshot> {
  const servers = (stackStatus(session.folder.dataDir) ?? []).map(({ name, pid }) => [name, pid] as const);
  const usage = process.cpuUsage();
  const cpu = Object.fromEntries([...servers, ['worker', workerPid] as const].map(([name, pid]) => [name, cpuOf(pid)]));
  const raw = await execute(session.endpoints.kubectl, ['get', '--raw', '/metrics'], {
    env: session.environment,
    maxBuffer: 64 * 2 ** 20,
  });
  return {
    cpu: { ...cpu, bench: (usage.user + usage.system) / 1e6 },
    reads: readRequests(raw.stdout),
    requests: requestCounts(raw.stdout),
  };
}

function cpuOf(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    return cpuSecondsOf(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? 0;
  } catch {
    return 0;
  }
}

/** Sum of apiserver_request_total over GET and LIST. */
export function readRequests(metrics: string): number {
  return metrics
    .split('\n')
    .filter((line) => line.startsWith('apiserver_request_total{') && /verb="(GET|LIST)"/.test(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** apiserver_request_total without watches, by `VERB resource`. */
export function requestCounts(metrics: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const line of metrics.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const verb = /verb="([A-Z]+)"/.exec(line)?.[1] ?? '';
    if (verb === 'WATCH' || verb === 'CONNECT') continue;
    const key = `${verb} ${/resource="([^"]*)"/.exec(line)?.[1] || 'other'}`;
    counts.set(key, (counts.get(key) ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1)));
  }
  return counts;
}

/** Requests between two snapshots, those that there were. */
export function requestsBetween(before: Snapshot, after: Snapshot): ReadonlyMap<string, number> {
  const differences = [...after.requests].map(
    ([key, count]) => [key, count - (before.requests.get(key) ?? 0)] as const,
  );
  return new Map(differences.filter(([, count]) => count > 0));
}

/** The most frequent reads between two snapshots, of all clients. */
export function readsByKind(before: Snapshot, after: Snapshot): string {
  return [...requestsBetween(before, after)]
    .filter(([key]) => /^(GET|LIST) /.test(key))
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, mostKinds)
    .map(([key, count]) => `${key} ${count}`)
    .join(', ');
}

const mostKinds = 8;

/** Requests to write Events between two snapshots, of all clients: the audit log leaves Events out. */
export function eventWrites(before: Snapshot, after: Snapshot): string {
  const writes = [...requestsBetween(before, after)].filter(([key]) => /^(POST|PATCH|PUT|APPLY) events$/.test(key));
  return String(writes.reduce((sum, [, count]) => sum + count, 0));
}

/** Memory of a process as Linux counts it, MiB: now and at most so far. */
export function memoryOf(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (field: string): number =>
    Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN) / 1024);
  return { now: read('VmRSS'), most: read('VmHWM') };
}

/** Processor seconds of one process between two snapshots. */
export function cpuBetween(before: Snapshot, after: Snapshot, name: string): number {
  return (after.cpu[name] ?? 0) - (before.cpu[name] ?? 0);
}

/**
 * Processor seconds between two snapshots: their sum, which tells more than the clock on a machine that has other work, and by process, the
 * largest first.
 */
export function cpuCosts(before: Snapshot, after: Snapshot): Readonly<Record<string, string>> {
  const used = Object.entries(after.cpu).map(([name, total]) => [name, total - (before.cpu[name] ?? 0)] as const);
  const sum = used.reduce((total, [, seconds]) => total + seconds, 0);
  return { 'CPU seconds': sum.toFixed(1), 'CPU seconds by process': byProcess(used) };
}

function byProcess(seconds: readonly (readonly [string, number])[]): string {
  return seconds
    .filter(([, used]) => used >= 0.05)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, used]) => `${name} ${used.toFixed(1)}`)
    .join(', ');
}

/** Median and maximum with the sum. */
export function spread(values: readonly number[]): string {
  const sum = values.reduce((a, b) => a + b, 0);
  return `${median(values)} (at most ${Math.max(...values)}, together ${sum})`;
}
