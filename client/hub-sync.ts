import { at, type JsonObject, textAt } from '../domain/api/json.ts';
import { annotations } from '../domain/keys.ts';
import type { Context } from './context.ts';
import type { Engine, SyncRun } from './engine.ts';
import { CommandError } from './errors.ts';
import { conditionOf, kinds, refOf } from './kinds.ts';
import { isLeaving } from './targets.ts';
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

/** Why a sync came to nothing, and what to do about it. */
export interface Hindrance {
  readonly why: string;
  readonly fix?: string;
}

/** Why nothing is done for a hub, as far as the hub itself says so. */
export function standstillOf(hub: JsonObject | undefined, { namespace, hub: name }: HubName): Hindrance | undefined {
  if (hub === undefined) return { why: 'it is not there any more' };
  if (isLeaving(hub)) return { why: 'it is being deleted' };
  if (at(hub, 'spec', 'paused') === true)
    return { why: 'it is paused', fix: `let it go on: lynq resume hub/${name} -n ${namespace}` };
  if (textAt(hub, 'metadata', 'annotations', annotations.released) === undefined) return undefined;
  return { why: 'it is released to another operator', fix: `take it up again: lynq adopt ${name} -n ${namespace}` };
}

/** @param what What has come of it. */
export function hindered(
  { namespace, hub }: HubName,
  { why, fix }: Hindrance,
  what: 'was not synced' | 'is not acted on any more' = 'was not synced',
): CommandError {
  return new CommandError(`LynqHub ${namespace}/${hub} ${what}: ${why}`, {
    fix: fix ?? `see how it is: lynq status ${hub} -n ${namespace}`,
  });
}

/**
 * Waits for the schedule of a hub, which the worker makes when it sees the hub, asks for a sync, and resolves when that or a later one has ended: what was
 * written before is in it.
 *
 * @throws CommandError as `waitForSync`.
 */
export async function syncAndWait(
  context: Context,
  engine: Engine,
  { namespace, hub, ...limit }: HubName & WaitLimit,
): Promise<void> {
  const look = async (): Promise<Look<true>> =>
    (await engine.hubSyncs(namespace, hub)) === undefined
      ? { kind: 'notYet', text: `it has no schedule in Temporal at ${engine.address}` }
      : { kind: 'done', value: true };
  await waitUntil(context, {
    what: `a worker to take LynqHub ${namespace}/${hub} up`,
    look,
    fix: 'no worker seems to serve it: check that one is running, and that it uses this cluster and this Temporal namespace',
    ...limit,
  });
  const before = await syncsNow(engine, { namespace, hub });
  await engine.syncHub(namespace, hub);
  await waitForSync(context, engine, { namespace, hub, before, ...limit });
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
  const look = async (): Promise<Look<Hindrance | undefined>> => {
    const runs = run === undefined ? await engine.hubSyncs(namespace, hub) : [];
    if (runs === undefined) return { kind: 'done', value: { why: 'it has no schedule any more' } };
    run ??= runs.find(({ runId }) => !before.has(runId));
    if (run === undefined) return { kind: 'notYet', text: 'the sync has not begun' };
    const state = await engine.syncState(run);
    if (state.kind === 'running') return { kind: 'notYet', text: 'the sync is under way' };
    return {
      kind: 'done',
      value:
        state.kind === 'failed'
          ? { why: `the sync failed: ${state.message}` }
          : await hindranceOf(context, { namespace, hub }, state.outcome),
    };
  };
  const hindrance = await waitUntil(context, { what: `the sync of LynqHub ${namespace}/${hub}`, look, ...limit });
  if (hindrance !== undefined) throw hindered({ namespace, hub }, hindrance);
}

/** Outcomes of a sync that did nothing, where the hub does not say more. */
const idle: Readonly<Record<string, string>> = {
  gone: 'it is not there any more',
  removing: 'it is being deleted',
  paused: 'it is paused or released, or another operator or installation holds it',
};

async function hindranceOf(context: Context, name: HubName, outcome: string): Promise<Hindrance | undefined> {
  const why = idle[outcome];
  if (why === undefined && outcome !== 'unread') return undefined;
  const hub = (await (await context.services.cluster()).get(refOf(kinds.hub, name.namespace, name.hub))) ?? {};
  const said = (type: string): string => textAt(conditionOf(hub, type), 'message') ?? '';
  if (why === undefined) return { why: `its table could not be read: ${said('Ready')}` };
  if (outcome !== 'paused') return { why };
  const held = textAt(conditionOf(hub, 'OtherOperator'), 'status') === 'True';
  return standstillOf(hub, name) ?? { why: held ? `another operator holds it: ${said('OtherOperator')}` : why };
}
