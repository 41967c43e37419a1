import { type Client, ScheduleNotFoundError, WorkflowFailedError } from '@temporalio/client';
import { type Json, textAt } from '../domain/api/json.ts';
import { workflowIds } from '../domain/identity.ts';
import type { SyncRun, SyncState } from './engine.ts';

/** What Temporal knows of the syncs of a hub, in the words of the domain. */

/** Temporal names the latest ten and those under way. */
export async function readHubSyncs(
  client: Client,
  namespace: string,
  hub: string,
): Promise<readonly SyncRun[] | undefined> {
  try {
    const { info } = await client.schedule.getHandle(workflowIds.schedule(namespace, hub)).describe();
    const actions = [...info.recentActions.map(({ action }) => action), ...info.runningActions];
    const runs = actions.map(({ workflow: { workflowId, firstExecutionRunId: runId } }) => ({ workflowId, runId }));
    return [...new Map(runs.map((run) => [run.runId, run])).values()];
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** A sync with many births goes on in further runs of the same workflow: the latest one says how it ends. */
export async function readSyncState(client: Client, { workflowId }: SyncRun): Promise<SyncState> {
  const handle = client.workflow.getHandle(workflowId);
  const { status } = await handle.describe();
  if (status.name === 'RUNNING' || status.name === 'CONTINUED_AS_NEW') return { kind: 'running' };
  try {
    return { kind: 'ended', outcome: textAt((await handle.result()) as Json, 'outcome') ?? '' };
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    return { kind: 'failed', message: deepest(error) };
  }
}

/** What was really said: a failed run wraps the failure of its activity. */
function deepest(error: Error): string {
  return error.cause instanceof Error ? deepest(error.cause) : error.message;
}
