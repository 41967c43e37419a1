import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type WorkflowExecutionInfo,
} from '@temporalio/client';
import type { HubRef } from '../../activities/contract.ts';
import { defaultTaskQueue, workflowIds } from '../../domain/identity.ts';
import type { SyncResult } from '../../workflows/hub-sync.ts';
import { workflowTypes } from '../../workflows/messages.ts';
import type { Session } from '../demo/session.ts';
import { spread } from './cost.ts';

/** What the nodes cost in Temporal. */
export interface TemporalCost {
  readonly events: string;
  readonly activities: string;
  readonly workflowTasks: string;
}

/** One sync as a run of its own, timed by Temporal's clock. */
export interface TimedSync {
  readonly ms: number;
  readonly result: SyncResult;
}

/** What one history holds of that which Temporal limits. */
export interface HistorySize {
  readonly events: number;
  readonly bytes: number;
  readonly largestPayload: number;
  readonly mostPendingChildren: number;
}

export interface TemporalReader {
  nodes(namespace: string, names: readonly string[]): Promise<TemporalCost>;
  /** Start of the last sync that began before a moment, milliseconds since 1970. */
  syncBefore(at: number): Promise<number | undefined>;
  /** What `lynq notify` does: a sync by the hub's schedule, now. */
  notify(hub: HubRef): Promise<void>;
  /** Runs the workflow of a sync once more and waits for its end. */
  sync(hub: HubRef): Promise<TimedSync>;
  /** Open runs of nodes. */
  openNodes(): Promise<number>;
  /** Of all syncs and of some of the nodes, those with the most events first. */
  histories(nodesAtMost: number): Promise<readonly HistorySize[]>;
  close(): Promise<void>;
}

export async function openTemporal(session: Session): Promise<TemporalReader> {
  const { temporalAddress, temporalNamespace } = session.endpoints;
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection, namespace: temporalNamespace });
  return {
    nodes: (namespace, names) => nodeCosts(client, namespace, names),
    syncBefore: (at) => syncBefore(client, at),
    notify: (hub) => notify(client, hub, session.signal),
    sync: (hub) => timedSync(client, hub),
    openNodes: async () => (await client.workflow.count(openNodesQuery)).count,
    histories: (nodesAtMost) => histories(client, nodesAtMost),
    close: () => connection.close(),
  };
}

const scheduleTries = 300;

/** The schedule of a hub that has just been made may take a moment. */
async function notify(client: Client, { namespace, hub }: HubRef, signal: AbortSignal): Promise<void> {
  const handle = client.schedule.getHandle(workflowIds.schedule(namespace, hub));
  for (let tried = 1; ; tried += 1) {
    try {
      return await handle.trigger(ScheduleOverlapPolicy.BUFFER_ONE);
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError) || tried === scheduleTries) throw error;
      await sleep(100, undefined, { signal });
    }
  }
}

const openNodesQuery = `WorkflowType='${workflowTypes.node}' AND ExecutionStatus='Running'`;

async function syncBefore(client: Client, at: number): Promise<number | undefined> {
  let latest: number | undefined;
  for await (const run of client.workflow.list({ query: `WorkflowType='${workflowTypes.hubSync}'` })) {
    const start = run.startTime.getTime();
    if (start <= at && start > (latest ?? 0)) latest = start;
  }
  return latest;
}

async function timedSync(client: Client, hub: HubRef): Promise<TimedSync> {
  const workflowId = `${workflowIds.sync(hub.namespace, hub.hub)}-bench-${Date.now()}`;
  const handle = await client.workflow.start(workflowTypes.hubSync, {
    workflowId,
    taskQueue: defaultTaskQueue,
    args: [hub],
  });
  const result = (await handle.result()) as SyncResult;
  const { startTime, closeTime } = await handle.describe();
  return { ms: (closeTime?.getTime() ?? Number.NaN) - startTime.getTime(), result };
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

async function histories(client: Client, nodesAtMost: number): Promise<readonly HistorySize[]> {
  const runs: WorkflowExecutionInfo[] = [];
  const ofHubs = `WorkflowType IN ('${workflowTypes.hubSync}', '${workflowTypes.removals}')`;
  for await (const run of client.workflow.list({ query: ofHubs })) runs.push(run);
  const nodes: WorkflowExecutionInfo[] = [];
  for await (const run of client.workflow.list({ query: `WorkflowType='${workflowTypes.node}'` })) nodes.push(run);
  const chosen = nodes.toSorted((a, b) => b.historyLength - a.historyLength).slice(0, nodesAtMost);
  const sizes: HistorySize[] = [];
  for (const run of [...runs, ...chosen]) sizes.push(await historySize(client, run));
  return sizes;
}

async function historySize(client: Client, { workflowId, runId }: WorkflowExecutionInfo): Promise<HistorySize> {
  const handle = client.workflow.getHandle(workflowId, runId);
  const { historyLength, historySize: bytes } = await handle.describe();
  const history = await handle.fetchHistory();
  let pending = 0;
  let most = 0;
  let largestPayload = 0;
  for (const event of history.events ?? []) {
    if (event.startChildWorkflowExecutionInitiatedEventAttributes != null) pending += 1;
    // An abandoned child leaves its parent's list only with the parent; what is limited is what the parent has started.
    most = Math.max(most, pending);
    largestPayload = Math.max(largestPayload, payloadBytes(event));
  }
  return { events: historyLength, bytes: bytes ?? 0, largestPayload, mostPendingChildren: most };
}

/** Bytes of the payloads in an event, wherever in it they stand. */
function payloadBytes(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  if ('payloads' in value && Array.isArray(value.payloads)) {
    return value.payloads.reduce<number>((sum, payload) => sum + dataLength(payload), 0);
  }
  return Math.max(0, ...Object.values(value).map((part) => (part instanceof Uint8Array ? 0 : payloadBytes(part))));
}

function dataLength(payload: unknown): number {
  if (payload === null || typeof payload !== 'object' || !('data' in payload)) return 0;
  return payload.data instanceof Uint8Array ? payload.data.length : 0;
}
