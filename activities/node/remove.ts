import { type Json, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import type { LynqNodeStatus } from '../../domain/api/node.ts';
import { removalRecord } from '../../domain/creation.ts';
import { removalEvents } from '../../domain/events.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { removalBlockers } from '../../domain/form-order.ts';
import { annotations, finalizers, managers } from '../../domain/keys.ts';
import { latestLooks, waitingForForm } from '../../domain/looking.ts';
import { paceOf } from '../../domain/pacing.ts';
import { removalKey } from '../../domain/removal-plan.ts';
import { presentPolicies } from '../../domain/unread-needs.ts';
import { changeKeys, type Subscription } from '../../domain/watching.ts';
import type { NodeProgress, NodeRef, RemovedNode, RemoveOutcome } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { tellNode } from '../events.ts';
import { siblingsOf } from './boundaries.ts';
import { isReleased, nodeRef, type ReadNode, readNode } from './gather.ts';
import { readPeerRecord } from './peer-record.ts';
import { asRecorded, withPresentPolicies } from './present-policies.ts';
import { dropGenerated } from './generated.ts';
import { Removal } from './removal.ts';
import { tellBlocked } from './removal-events.ts';
import { removalStatus } from './removal-status.ts';
import { writeNodeStatus } from './status-writer.ts';

const sliceMilliseconds = latestLooks.leavingSeconds * 1_000;

/** How a removal goes about it: how long it waits for what is to go before it ends as `waiting`, and before it says so in the status. */
export interface RemovalManner {
  readonly waitMilliseconds: number;
  /** By how many nodes are under way, where it is not given. */
  readonly silenceMilliseconds?: number;
  /** Reads the LynqNode, where that is not a GET of its own. */
  readonly read?: typeof readNode;
}

const ownManner: RemovalManner = { waitMilliseconds: 60_000 };

/**
 * Takes away what a deleted LynqNode has on record, in reverse order, and releases its finalizer when every object that is to go is proven gone
 * and every one that is to stay is marked. Starts only from a deletionTimestamp (decisions.md section 4).
 */
export async function removeNode(
  deps: Deps,
  request: NodeRef,
  attempt: Attempt,
  manner = ownManner,
): Promise<RemoveOutcome> {
  const leave = deps.runs.enter(request.namespace, request.node);
  const subscription = deps.changes.subscribe();
  try {
    subscription.add(changeKeys.node(request.namespace, request.node));
    const read = await (manner.read ?? readNode)(deps, request);
    if (read === undefined || read.node.metadata.deletionTimestamp === undefined) {
      deps.runs.missing(request.namespace, request.node);
      return { kind: 'removed' };
    }
    return await removeRead({ deps, read, attempt, subscription }, manner);
  } finally {
    subscription.close();
    leave(new Map());
  }
}

/** The same for a LynqNode that has just been read, within an activity that is about it and listens for its changes. */
export async function removeRead(
  reading: Omit<Work, 'removal' | 'manner'>,
  manner = ownManner,
): Promise<RemoveOutcome> {
  const { deps, read, subscription } = reading;
  if (isReleased(read)) return { kind: 'waiting', progress: nothing, retryAfterSeconds: 60 };
  const unsaid = deps.unsaid.take(read.identity.nodeUid, read.node.status);
  const { attempt: made, inventory = await readPeerRecord(deps, read) } = unsaid?.status ?? read.node.status ?? {};
  const record = removalRecord(made, inventory);
  const present = (await isAbandoned(reading))
    ? asRecorded(record)
    : await withPresentPolicies(deps, read.identity, record, reading.attempt.signal);
  const removal = new Removal(deps, read, { entries: presentPolicies(present), present, reason: 'LynqNodeDeleted' });
  for (const { namespace, name } of siblingsOf(deps, read.identity)) subscription.add(changeKeys.node(namespace, name));
  return takeAway({ ...reading, removal, manner });
}

/** A released node is the other operator's to remove. */
const nothing: NodeProgress = { entries: [], ready: 0, failed: 0, desired: 0 };

/** Nodes of the row's other forms that depend on this one and are being deleted too: they go first. */
function blockersOf({ deps, read, removal }: Work): readonly string[] {
  const { identity, node } = read;
  const children = new Map(removal.entries.map((entry) => [removalKey(entry), entry]));
  const self = { name: identity.name, form: identity.form, deleting: true, dependsOn: node.status?.dependsOn ?? [] };
  return removalBlockers({ ...self, children }, siblingsOf(deps, identity));
}

interface Work {
  readonly deps: Deps;
  readonly read: ReadNode;
  readonly removal: Removal;
  readonly attempt: Attempt;
  readonly subscription: Subscription;
  readonly manner: RemovalManner;
}

async function takeAway(work: Work): Promise<RemoveOutcome> {
  const { deps, removal, attempt, subscription, manner } = work;
  const started = deps.clock.now().getTime();
  let lookedAt = started;
  removal.subscribe(subscription);
  let said = work.read.node.status;
  for (;;) {
    if (!(await isThere(work))) return removed(deps, work.read);
    if (await isAbandoned(work)) return abandon(work);
    const blockers = blockersOf(work);
    if (blockers.length > 0) removal.hold(`${waitingForForm} LynqNode ${blockers.join(', ')} goes first`);
    else await removal.proceed(attempt.signal);
    if (blockers.length === 0 && removal.isDone()) {
      if (fatesOf(removal).retained === 0) await dropGenerated(deps, work.read.identity);
      return release(work);
    }
    const elapsed = deps.clock.now().getTime() - started;
    const quietFor = manner.silenceMilliseconds ?? paceOf(deps.runs.busy()).silenceMilliseconds;
    if (elapsed >= quietFor) said = await report(work, said);
    if (elapsed >= manner.waitMilliseconds)
      return { kind: 'waiting', progress: progressOf(removal), retryAfterSeconds: 5 };
    lookedAt = await listen(work, elapsed < quietFor ? quietFor - elapsed : sliceMilliseconds, lookedAt);
  }
}

/** Waits for news of what is still to go. What no watch tells of is asked after when nothing was heard for a while. Returns when all was last asked after. */
async function listen(
  { deps, removal, attempt, subscription }: Work,
  milliseconds: number,
  lookedAt: number,
): Promise<number> {
  const changed = await subscription.next(milliseconds, attempt.signal);
  const now = deps.clock.now().getTime();
  const isLong = changed.size === 0 || now - lookedAt >= sliceMilliseconds;
  removal.lookAgain(isLong ? undefined : changed);
  return isLong ? now : lookedAt;
}

/**
 * Whether the very LynqNode is still there. Another removal of it may have come first, on another worker, and the row returned since: what is there now is
 * the next LynqNode's. The watch is asked, and the API server where that shows another one or none.
 */
async function isThere({ deps, read }: Work): Promise<boolean> {
  const { namespace, name, nodeUid } = read.identity;
  if (deps.nodes.get(namespace, name)?.nodeUid === nodeUid) return true;
  return textAt(await deps.cluster.get(nodeRef({ namespace, node: name })), 'metadata', 'uid') === nodeUid;
}

/**
 * A person has given this very node up: what is left of it is to stay (decisions.md section 4). Often said while a removal waits, so the watch is asked;
 * that it is so is then read from the API server.
 */
async function isAbandoned({ deps, read }: Pick<Work, 'deps' | 'read'>): Promise<boolean> {
  const { namespace, name, nodeUid } = read.identity;
  const asRead = read.node.metadata.annotations?.[annotations.abandon];
  if (asRead !== nodeUid && deps.nodes.get(namespace, name)?.abandon !== nodeUid) return false;
  const object = await deps.cluster.get(nodeRef({ namespace, node: name }));
  const given = textAt(object, 'metadata', 'annotations', annotations.abandon);
  return given === nodeUid && textAt(object, 'metadata', 'uid') === nodeUid;
}

async function abandon(work: Work): Promise<RemoveOutcome> {
  const { deps, read, removal, attempt } = work;
  const left = await removal.abandon(attempt.signal);
  const { namespace, name } = read.identity;
  deps.logger.warn('a node was abandoned, its objects stay', { namespace, node: name, objects: left });
  tellNode(deps, read.identity, removalEvents.nodeAbandoned(left));
  return release(work);
}

/** A quick removal writes no status; a slow one, by the measure of how many are under way, says what it waits for, once per change. */
async function report({ deps, read, removal }: Work, said: LynqNodeStatus | undefined): Promise<LynqNodeStatus> {
  const status = removalStatus(read.node.status, removal, deps.clock.now());
  if (said !== undefined && essenceOf(said) === essenceOf(status)) return said;
  if ((await writeNodeStatus(deps, read, status)) === 'written') tellBlocked(deps, read, removal, said);
  return status;
}

function essenceOf({ resources }: LynqNodeStatus): string {
  return JSON.stringify((resources ?? []).map(({ id, state, reason }) => [id, state, reason]));
}

/** The LynqNode as it is now: as it was read, unless the watch or a write of ours has shown a newer one since. */
async function presentNode({ deps, read }: Work): Promise<JsonObject | undefined> {
  const { namespace, name } = read.identity;
  const known = deps.nodes.get(namespace, name)?.resourceVersion;
  if (known !== undefined && known === textAt(read.object, 'metadata', 'resourceVersion')) return read.object;
  return deps.cluster.get(nodeRef({ namespace, node: name }));
}

function fatesOf({ fates }: Removal): NonNullable<RemovedNode['objects']> {
  const retained = [...fates.values()].filter((fate) => fate === 'retained').length;
  return { removed: fates.size - retained, retained };
}

async function release(work: Work): Promise<RemovedNode> {
  const { deps, read, removal } = work;
  const objects = fatesOf(removal);
  const { namespace, name } = read.identity;
  const object = await presentNode(work);
  if (object === undefined || textAt(object, 'metadata', 'uid') !== read.identity.nodeUid)
    return { ...removed(deps, read), objects };
  const body = { metadata: { uid: read.identity.nodeUid, ...withoutFinalizer(object) } };
  const result = await deps.cluster.patch(nodeRef({ namespace, node: name }), 'merge', body, {
    manager: managers.apply,
  });
  if (result.kind === 'ok') tellNode(deps, read.identity, removalEvents.nodeDeleted(name));
  if (result.kind === 'missing') return { ...removed(deps, read), objects };
  if (result.kind === 'ok') return { ...removed(deps, read, othersIn(object).length === 0), objects };
  throw new LynqFailure('ClusterStale', `finalizer of LynqNode ${namespace}/${name} could not be released yet`, {
    namespace,
    node: name,
  });
}

/**
 * Our finalizer taken off this version of a LynqNode. Where it is the last one the object goes with that very write, and who has written which field of it with
 * it; to work that out all the same costs the API server a good part of the request, so it is told to forget it.
 */
function withoutFinalizer(object: JsonObject): JsonObject {
  const others = othersIn(object);
  const resourceVersion = textAt(object, 'metadata', 'resourceVersion') ?? '';
  const forgotten = others.length === 0 ? { managedFields: [{}] } : {};
  return { resourceVersion, finalizers: others, ...forgotten };
}

const othersIn = (object: JsonObject): readonly Json[] =>
  listAt(object, 'metadata', 'finalizers').filter((finalizer) => finalizer !== finalizers.node);

/** That it is gone is not left to the watch to tell: a sync that comes before that does would start a run of it once more. */
function removed(deps: Deps, { identity }: ReadNode, isGone = true): RemovedNode {
  if (isGone) deps.nodes.forget(identity);
  deps.runs.missing(identity.namespace, identity.name);
  return { kind: 'removed' };
}

function progressOf(removal: Removal): NodeProgress {
  const entries = removal.remaining().map((entry) => {
    const reason = removal.reasons.get(removalKey(entry)) ?? 'WaitsForDependents';
    return { id: entry.id, kind: entry.kind, name: entry.name, state: 'Deleting' as const, reason };
  });
  return { entries, ready: 0, failed: 0, desired: removal.entries.length };
}
