import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { workflowIds } from '../../domain/identity.ts';
import { stackStatus } from '../../stack/index.ts';
import type { Session } from '../demo/session.ts';
import { cpuSecondsOf } from '../demo/worker-process.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import { median } from './report.ts';

const execute = promisify(execFile);

/** Counters at one moment; differences of two say what lay between. */
export interface Snapshot {
  /** Processor seconds by process. */
  readonly cpu: Readonly<Record<string, number>>;
  /** GET and LIST requests of all clients, controllers included: the audit log has writes only. */
  readonly reads: number;
}

export async function snapshot(session: Session, workerPid?: number): Promise<Snapshot> {
  const servers = (stackStatus(session.folder.dataDir) ?? []).map(({ name, pid }) => [name, pid] as const);
  const usage = process.cpuUsage();
  const cpu = Object.fromEntries([...servers, ['worker', workerPid] as const].map(([name, pid]) => [name, cpuOf(pid)]));
  const raw = await execute(session.endpoints.kubectl, ['get', '--raw', '/metrics'], {
    env: session.environment,
    maxBuffer: 64 * 2 ** 20,
  });
  return { cpu: { ...cpu, bench: (usage.user + usage.system) / 1e6 }, reads: readRequests(raw.stdout) };
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

/** What the nodes cost in Temporal. */
export interface TemporalCost {
  readonly events: string;
  readonly activities: string;
  readonly workflowTasks: string;
}

export interface TemporalReader {
  nodes(namespace: string, names: readonly string[]): Promise<TemporalCost>;
  /** Start of the last sync that began before a moment, milliseconds since 1970. */
  syncBefore(at: number): Promise<number | undefined>;
  close(): Promise<void>;
}

export async function openTemporal(session: Session): Promise<TemporalReader> {
  const { temporalAddress, temporalNamespace } = session.endpoints;
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection, namespace: temporalNamespace });
  return {
    nodes: (namespace, names) => nodeCosts(client, namespace, names),
    async syncBefore(at) {
      let latest: number | undefined;
      for await (const run of client.workflow.list({ query: `WorkflowType='${workflowTypes.hubSync}'` })) {
        const start = run.startTime.getTime();
        if (start <= at && start > (latest ?? 0)) latest = start;
      }
      return latest;
    },
    close: () => connection.close(),
  };
}

async function nodeCosts(client: Client, namespace: string, names: readonly string[]): Promise<TemporalCost> {
  const events: number[] = [];
  const activities: number[] = [];
  const workflowTasks: number[] = [];
  for (const name of names) {
    const history = await client.workflow.getHandle(workflowIds.node(namespace, name)).fetchHistory();
    const list = history.events ?? [];
    events.push(list.length);
    activities.push(list.filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled != null).length);
    workflowTasks.push(list.filter(({ workflowTaskCompletedEventAttributes: completed }) => completed != null).length);
  }
  return { events: spread(events), activities: spread(activities), workflowTasks: spread(workflowTasks) };
}

/** Median and maximum with the sum. */
export function spread(values: readonly number[]): string {
  const sum = values.reduce((a, b) => a + b, 0);
  return `${median(values)} (at most ${Math.max(...values)}, together ${sum})`;
}
