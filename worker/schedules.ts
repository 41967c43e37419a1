import {
  type Client,
  isGrpcServiceError,
  type ScheduleDescription,
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleOptions,
  type WorkflowExecutionStatusName,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { HubRef } from '../activities/contract.ts';
import { textAt } from '../domain/api/json.ts';
import { type HubTiming, intervalSeconds } from '../domain/hub-timing.ts';
import { hashText, workflowIds } from '../domain/identity.ts';
import { aboutSync } from '../workflows/about-sync.ts';
import { workflowTypes } from '../workflows/messages.ts';
import { searchAttributes } from '../workflows/search-attributes.ts';
import { endRun } from './temporal.ts';

/** One Temporal Schedule per LynqHub. It follows the hub object; losing it costs nothing but the time until it is made again. */

/** Where in its interval a hub syncs, so that many hubs do not sync at the same moment. */
function offsetSeconds(hub: HubRef, every: number): number {
  return every === 0 ? 0 : Number.parseInt(hashText(`${hub.namespace}/${hub.hub}`, 8), 16) % every;
}

function scheduleOptions(hub: HubRef, timing: HubTiming, taskQueue: string): ScheduleOptions {
  const every = intervalSeconds(timing.syncInterval);
  const about = aboutSync(hub);
  const intervals = every === 0 ? [] : [{ every: `${every}s`, offset: `${offsetSeconds(hub, every)}s` } as const];
  return {
    scheduleId: workflowIds.schedule(hub.namespace, hub.hub),
    spec: { intervals },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: `${Math.max(10, every)}s` },
    action: {
      type: 'startWorkflow',
      workflowType: workflowTypes.hubSync,
      workflowId: workflowIds.sync(hub.namespace, hub.hub),
      taskQueue,
      args: [hub],
      workflowRunTimeout: '15m',
      staticSummary: about.summary,
      staticDetails: about.details,
      typedSearchAttributes: [{ key: searchAttributes.hub, value: hub.hub }],
    },
    state: { paused: timing.paused },
    typedSearchAttributes: [{ key: searchAttributes.hub, value: hub.hub }],
  };
}

/**
 * Makes the schedule, or brings an existing one to the hub's timing and to our task queue. It starts no sync: what Temporal starts together with a schedule does not count as
 * running there, so that the next sync would overlap it. Whoever makes one asks for the first sync (`requestSync`).
 */
export async function ensureSchedule(
  client: Client,
  hub: HubRef,
  timing: HubTiming,
  taskQueue: string,
): Promise<'made' | 'there'> {
  const options = scheduleOptions(hub, timing, taskQueue);
  try {
    await client.schedule.create(options);
    return 'made';
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw answerOf(error);
  }
  const { scheduleId, ...update } = options;
  const handle = client.schedule.getHandle(scheduleId);
  try {
    await handle.update(() => ({ ...update, state: { paused: timing.paused } }));
  } catch (error) {
    throw answerOf(error);
  }
  await endStraySyncs(client, await handle.describe(), taskQueue);
  return 'there';
}

/** What the server answered: the client's own error only says that it failed. */
function answerOf(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  return isGrpcServiceError(cause) ? new Error(cause.details || cause.message, { cause: error }) : error;
}

const strayReason = 'the hub of this sync is held by a worker with another task queue, which starts the next one';

/** A sync that nobody goes on with, since its worker is gone, would hold up the next one until its time is over. */
async function endStraySyncs(client: Client, { info }: ScheduleDescription, taskQueue: string): Promise<void> {
  for (const workflowId of await straySyncs(client, info, taskQueue)) await endRun(client, { workflowId }, strayReason);
}

/** Running syncs of a schedule on another task queue. */
async function straySyncs(
  client: Client,
  { runningActions }: ScheduleDescription['info'],
  taskQueue: string,
): Promise<readonly string[]> {
  const strays: string[] = [];
  for (const { workflow } of runningActions) {
    const { workflowId } = workflow;
    const found = await client.workflow.getHandle(workflowId).describe().catch(undefinedIfGone);
    if (found?.status.name === 'RUNNING' && found.taskQueue !== taskQueue) strays.push(workflowId);
  }
  return strays;
}

function undefinedIfGone(error: unknown): undefined {
  if (!(error instanceof WorkflowNotFoundError)) throw error;
}

/** Starts a sync now, or right after the one that is running; `missing` for a hub without a schedule. */
export async function requestSync(client: Client, hub: HubRef): Promise<'triggered' | 'missing'> {
  try {
    await client.schedule
      .getHandle(workflowIds.schedule(hub.namespace, hub.hub))
      .trigger(ScheduleOverlapPolicy.BUFFER_ONE);
    return 'triggered';
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return 'missing';
    throw error;
  }
}

export async function removeSchedule(client: Client, hub: HubRef): Promise<void> {
  try {
    await client.schedule.getHandle(workflowIds.schedule(hub.namespace, hub.hub)).delete();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
  }
}

interface Vanished {
  /** All hubs that there are, as far as is known. */
  readonly hubs: readonly HubRef[];
  readonly taskQueue: string;
  /** Whether there is no such hub, proven. */
  readonly isGone: (hub: HubRef) => Promise<boolean>;
}

/** Removes schedules of ours whose hub went while nobody watched. Of a hub with a timer a sync would find out, too. */
export async function removeVanished(client: Client, { hubs, taskQueue, isGone }: Vanished): Promise<void> {
  const known = new Set(hubs.map(({ namespace, hub }) => workflowIds.schedule(namespace, hub)));
  for await (const { scheduleId } of client.schedule.list()) {
    if (known.has(scheduleId) || !scheduleId.startsWith(schedulePrefix)) continue;
    const hub = await hubOf(client, scheduleId, taskQueue);
    if (hub !== undefined && (await isGone(hub))) await removeSchedule(client, hub);
  }
}

const schedulePrefix = 'hub/';

/** The hub that a schedule is of; undefined for one that is gone meanwhile, or is another installation's or somebody else's. */
async function hubOf(client: Client, scheduleId: string, taskQueue: string): Promise<HubRef | undefined> {
  try {
    const { action } = await client.schedule.getHandle(scheduleId).describe();
    const [input] = action.args ?? [];
    const [namespace, hub] = [textAt(input, 'namespace'), textAt(input, 'hub')];
    const isOurs = action.workflowType === workflowTypes.hubSync && action.taskQueue === taskQueue;
    if (!isOurs || namespace === undefined || hub === undefined) return undefined;
    return workflowIds.schedule(namespace, hub) === scheduleId ? { namespace, hub } : undefined;
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** What Temporal has of a hub's schedule; it may have lost it. */
export type ScheduleLook =
  | { readonly kind: 'missing' }
  /** Since when its oldest sync has been running; undefined while none is. `last`: the sync that it has started last. */
  | { readonly kind: 'there'; readonly runningSince: Date | undefined; readonly last?: StartedSync | undefined }
  /** It starts syncs on another task queue, or one of them is running there. */
  | { readonly kind: 'astray' };

/** A sync that a schedule has started. */
export interface StartedSync {
  readonly workflowId: string;
  readonly at: Date;
  /** Costs a request. */
  readonly end: () => Promise<SyncEnd>;
}

/** `lost`: it failed or ran out of time; one that a person ended is as it is meant to be. */
export type SyncEnd = 'open' | 'ended' | 'lost';

const ends: Readonly<Partial<Record<WorkflowExecutionStatusName, SyncEnd>>> = {
  RUNNING: 'open',
  CONTINUED_AS_NEW: 'open',
  FAILED: 'lost',
  TIMED_OUT: 'lost',
};

function lastStarted(client: Client, { recentActions }: ScheduleDescription['info']): StartedSync | undefined {
  const last = recentActions.toSorted((a, b) => a.takenAt.getTime() - b.takenAt.getTime()).at(-1);
  if (last === undefined) return undefined;
  const { workflowId } = last.action.workflow;
  return {
    workflowId,
    at: last.takenAt,
    end: async () => {
      const found = await client.workflow.getHandle(workflowId).describe().catch(undefinedIfGone);
      return (found === undefined ? undefined : ends[found.status.name]) ?? 'ended';
    },
  };
}

export async function lookAtSchedule(client: Client, hub: HubRef, taskQueue: string): Promise<ScheduleLook> {
  try {
    const { action, info } = await client.schedule.getHandle(workflowIds.schedule(hub.namespace, hub.hub)).describe();
    const isAstray = action.taskQueue !== taskQueue || (await straySyncs(client, info, taskQueue)).length > 0;
    if (isAstray) return { kind: 'astray' };
    return { kind: 'there', runningSince: oldestRunning(info), last: lastStarted(client, info) };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return { kind: 'missing' };
    throw error;
  }
}

function oldestRunning({ runningActions, recentActions }: ScheduleDescription['info']): Date | undefined {
  const running = new Set(runningActions.map(({ workflow }) => workflow.firstExecutionRunId));
  const begun = recentActions.filter(({ action }) => running.has(action.workflow.firstExecutionRunId));
  const times = begun.map(({ takenAt }) => takenAt.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
