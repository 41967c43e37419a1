import { textAt } from '../domain/api/json.ts';
import type { Context } from './context.ts';
import type { Engine, SyncRun } from './engine.ts';
import { CommandError } from './errors.ts';
import { conditionOf, kinds, refOf } from './kinds.ts';
import { type Look, type WaitLimit, waitUntil } from './wait.ts';

export interface HubName {
  readonly namespace: string;
  readonly hub: string;
}

/** Asks for a sync of a hub and says so; false when the hub has no schedule, which is said too. */
export async function requestSync(
  context: Context,
  engine: Engine,
  { namespace, hub, remark = '' }: HubName & { readonly remark?: string },
): Promise<boolean> {
  const result = await engine.syncHub(namespace, hub);
  if (result.kind === 'sent') {
    context.out.write(`${kinds.hub.resource}/${hub} sync requested${remark}\n`);
    return true;
  }
  context.err.write(
    `Error: LynqHub ${namespace}/${hub} has no schedule in Temporal at ${engine.address}\n` +
      '  The worker makes it within seconds of the hub; check that it is running and uses this Temporal namespace.\n',
  );
  return false;
}

/** Runs of syncs that have begun. */
export type Syncs = ReadonlySet<string>;

/**
 * To be asked before a sync is: one that has begun by then may have read the table too early. That the others began later needs no clock, of which this
 * machine, Temporal, the worker and the API server have one each; and the hub's lastSyncTime says when a sync ended, not when it read.
 */
export async function syncsNow(engine: Engine, { namespace, hub }: HubName): Promise<Syncs> {
  return new Set((await engine.hubSyncs(namespace, hub))?.map(({ runId }) => runId));
}

/**
 * Resolves when a sync has ended that is not one of `before`: the one that was asked for, or one that the schedule began in between.
 *
 * @throws CommandError at once when the hub was not synced (code 1), or when the time is over (code 4).
 */
export async function waitForSync(
  context: Context,
  engine: Engine,
  { namespace, hub, before, ...limit }: HubName & WaitLimit & { readonly before: Syncs },
): Promise<void> {
  let run: SyncRun | undefined;
  const look = async (): Promise<Look<string | undefined>> => {
    const runs = run === undefined ? await engine.hubSyncs(namespace, hub) : [];
    if (runs === undefined) return { kind: 'done', value: 'it has no schedule any more' };
    run ??= runs.find(({ runId }) => !before.has(runId));
    if (run === undefined) return { kind: 'notYet', text: 'the sync has not begun' };
    const state = await engine.syncState(run);
    if (state.kind === 'running') return { kind: 'notYet', text: 'the sync is under way' };
    return {
      kind: 'done',
      value:
        state.kind === 'failed'
          ? `the sync failed: ${state.message}`
          : await hindrance(context, { namespace, hub }, state.outcome),
    };
  };
  const problem = await waitUntil(context, { what: `the sync of LynqHub ${namespace}/${hub}`, look, ...limit });
  if (problem === undefined) return;
  throw new CommandError(`LynqHub ${namespace}/${hub} was not synced: ${problem}`, {
    fix: `see how it is: lynq status ${hub} -n ${namespace}`,
  });
}

/** Why a sync came to nothing; undefined when it did. */
async function hindrance(context: Context, { namespace, hub }: HubName, outcome: string): Promise<string | undefined> {
  if (outcome === 'gone') return 'it is not there any more';
  if (outcome === 'removing') return 'it is being deleted';
  if (outcome === 'paused') return 'it is paused or released, or another operator or installation holds it';
  if (outcome !== 'unread') return undefined;
  const object = await (await context.services.cluster()).get(refOf(kinds.hub, namespace, hub));
  return `its table could not be read: ${textAt(conditionOf(object ?? {}, 'Ready'), 'message') ?? ''}`;
}
