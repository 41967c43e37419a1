import type { JsonObject } from '../../domain/api/json.ts';
import { type DesiredChild, describeRef } from '../../domain/child.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { isResyncAsked } from '../../domain/node-digest.ts';
import { latestLooks, openPause } from '../../domain/looking.ts';
import type { EntryVerdict } from '../../domain/node-plan.ts';
import { paceOf } from '../../domain/pacing.ts';
import { contestedFields } from '../../domain/policies/contested-fields.ts';
import { withoutFields } from '../../domain/policies/ignored-fields.ts';
import type { FieldConflict } from '../../domain/ports.ts';
import { isNewsOf, waitWords } from '../../domain/wait-words.ts';
import { changeKeys, type Subscription } from '../../domain/watching.ts';
import type { AdvanceOutcome, AdvanceRequest, NodeProgress } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { mustReplan, takeLook } from './adopt.ts';
import { judgeCreation, takeBack } from './creation.ts';
import { gatherNode, type Gathered, type NodePass } from './gather.ts';
import { childEvents } from '../../domain/events.ts';
import { tellChild, tellTransition } from '../events.ts';
import { type Leftovers, removeLeftovers } from './leftovers.ts';
import { isUnheardOf, lookAt } from './observe.ts';
import { PassState } from './pass-state.ts';
import { progressOf, summaryOf } from './progress.ts';
import { removeRead } from './remove.ts';
import { reportUnusable, writeNodeStatus } from './status-writer.ts';
import type { Unsaid } from './unsaid.ts';
import { isSuperseded, subscribeAll, type WaitLimits, waitForChange } from './wait.ts';
import { writeChild } from './write-child.ts';

/**
 * One wave of a node: everything that can go now is applied in parallel, then the wave waits until a member becomes ready, fails or exceeds its
 * timeout. It returns as soon as something else could go, so that a stuck entry never holds another one back, and before a wait of which people
 * could not see what it is for; while many nodes are under way (domain/pacing.ts) it goes on with that itself.
 */
export async function advanceNode(deps: Deps, request: AdvanceRequest, attempt: Attempt): Promise<AdvanceOutcome> {
  const leave = deps.runs.enter(request.namespace, request.node);
  const subscription = deps.changes.subscribe();
  let state: PassState | undefined;
  try {
    subscription.add(changeKeys.node(request.namespace, request.node));
    const gathered = await gatherNode(deps, request);
    if (gathered.kind === 'gone') deps.runs.missing(request.namespace, request.node);
    if (gathered.kind === 'removing') return await removeNow({ deps, read: gathered.read, attempt, subscription });
    if (gathered.kind !== 'pass') return await withoutPass(deps, gathered);
    await Promise.all(kindsOf(gathered.pass).map((kind) => deps.children.track(kind)));
    const unsaid = deps.unsaid.take(gathered.pass.identity.nodeUid, gathered.pass.node.status);
    const force = request.force || isResyncAsked(gathered.pass.object);
    state = new PassState(deps, gathered.pass, force, unsaid);
    subscribeAll(deps, state, subscription);
    return await runSafely({ deps, state, attempt, subscription });
  } finally {
    subscription.close();
    leave(state?.seen() ?? new Map());
  }
}

export interface Wave {
  readonly deps: Deps;
  readonly state: PassState;
  readonly attempt: Attempt;
  readonly subscription: Subscription;
}

/** Whatever ends the pass early, what it has put on record meanwhile is not lost with it where that can be helped. */
async function runSafely(wave: Wave): Promise<AdvanceOutcome> {
  const { deps, state, attempt } = wave;
  try {
    const outcome = (await takeBack(wave)) ?? (await runWave(wave));
    if (outcome.kind === 'superseded') await sayRecord(wave);
    return outcome;
  } catch (error) {
    if (attempt.isStopping?.() === true) await sayRecord(wave).catch(() => undefined);
    else if (!attempt.signal.aborted) deps.unsaid.keep(state.pass.identity.nodeUid, unsaidOf(wave));
    throw error;
  }
}

function unsaidOf({ deps, state }: Wave): Unsaid {
  const now = deps.clock.now();
  return state.unsaid(state.verdicts(now), now);
}

/** Writes what the record has that the LynqNode does not say. */
async function sayRecord(wave: Wave): Promise<void> {
  const { deps, state } = wave;
  if (state.hasUnsaidRecord()) await reportStatus(wave, state.verdicts(deps.clock.now()));
}

function kindsOf(pass: NodePass): readonly DesiredChild['ref'][] {
  const refs = [...pass.entries.values()].flatMap((entry) => (entry.kind === 'desired' ? [entry.child.ref] : []));
  return [...new Map(refs.map((ref) => [`${ref.apiVersion}/${ref.kind}`, ref])).values()];
}

/** A removal is a step of its own, which people can see, while few nodes are under way; else it is begun here, and most come to their end here. */
async function removeNow(removing: Parameters<typeof removeRead>[0]): Promise<AdvanceOutcome> {
  if (paceOf(removing.deps.runs.busy()).wavesMilliseconds === 0) return { kind: 'removing' };
  const outcome = await removeRead(removing);
  return outcome.kind === 'removed' ? outcome : { kind: 'removing' };
}

async function withoutPass(
  deps: Deps,
  gathered: Exclude<Gathered, { kind: 'pass' | 'removing' }>,
): Promise<AdvanceOutcome> {
  switch (gathered.kind) {
    case 'gone':
    case 'paused':
      return { kind: gathered.kind };
    case 'unusable': {
      await reportUnusable(deps, gathered);
      return { kind: 'unusable', reason: gathered.reason };
    }
  }
}

/** Looks at what has to be looked at until every verdict rests on facts. */
async function settleLooks(wave: Wave): Promise<ReadonlyMap<string, EntryVerdict>> {
  const { deps, state, attempt } = wave;
  for (;;) {
    const verdicts = state.verdicts(deps.clock.now());
    const looks = [...verdicts].filter(([, { step }]) => step === 'look').map(([id]) => id);
    if (looks.length === 0) return verdicts;
    await Promise.all(looks.map((id) => look(wave, id, attempt.signal)));
  }
}

async function look({ deps, state }: Wave, id: string, signal: AbortSignal): Promise<void> {
  const child = state.child(id);
  if (child === undefined) return;
  const namespace = child.ref.namespace;
  if (namespace !== undefined && deps.namespaces.state(namespace) !== 'active' && !state.attempts.has(id)) {
    const reason = deps.namespaces.state(namespace) === 'absent' ? 'MissingNamespace' : 'TerminatingNamespace';
    state.observed.set(id, { kind: 'absent' });
    state.attempts.set(id, { kind: 'refused', reason, message: `namespace ${namespace} is not there yet` });
    return;
  }
  const record = state.recordOf(child);
  if (isUnheardOf(deps, child, { news: state.looks.takeFirst(child), atomic: state.creation.kind !== 'none' })) {
    state.observed.set(id, { kind: 'absent', assumed: true });
    return;
  }
  const looked = await lookAt(deps, state.pass, { child, record, signal }).catch((error: unknown) =>
    unreadable(state, id, error),
  );
  if (looked === undefined) return;
  takeLook(state, child, looked);
}

/** What may not be read may not be written either; it holds back nothing but what depends on it. */
function unreadable(state: PassState, id: string, error: unknown): undefined {
  if (!isLynqFailure(error) || error.type !== 'ClusterForbidden') throw error;
  state.attempts.set(id, { kind: 'refused', reason: 'Forbidden', message: error.message });
  state.observed.set(id, { kind: 'absent' });
}

function dueWrites(verdicts: ReadonlyMap<string, EntryVerdict>): readonly string[] {
  return [...verdicts].filter(([, { step }]) => step === 'apply').map(([id]) => id);
}

async function applyAll(wave: Wave, ids: readonly string[]): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      const child = wave.state.child(id);
      if (child !== undefined) await applyOne(wave, child);
    }),
  );
}

function takeWrite({ deps, state }: Wave, child: DesiredChild, object: JsonObject): void {
  if (state.observed.get(child.id)?.kind === 'orphan') tellChild(deps, object, childEvents.markersRemoved());
  state.recordWrite(child, object, deps.clock.now());
  deps.written.add(state.pass.identity.nodeUid, child.id);
}

async function applyOne(wave: Wave, child: DesiredChild): Promise<void> {
  const { deps, state, attempt } = wave;
  const { signal } = attempt;
  const observation = state.observed.get(child.id) ?? { kind: 'unread' as const };
  const counts = !state.forced.has(child.id);
  const acting = { ...deps, cluster: deps.childCluster(state.pass.identity.namespace) };
  const contested = deps.repairs.isRepair(child, deps.clock.now()) ? await contestedNow(acting, child, signal) : [];
  deps.children.judge(child.ref, state.pass.readyWhen.get(child.id));
  const outcome = await writeChild(acting, { child, observation, signal });
  if (outcome.kind === 'written') takeWrite(wave, child, outcome.object);
  if (outcome.kind === 'written' && counts) deps.repairs.wrote(child, contested, deps.clock.now());
  if (outcome.kind === 'stopped') state.attempts.set(child.id, outcome.attempt);
  if (outcome.kind === 'retry') state.lookAgain(child);
}

/** Which fields a repair is about, and who changed them. */
async function contestedNow(deps: Deps, child: DesiredChild, signal: AbortSignal): Promise<readonly FieldConflict[]> {
  const live = await deps.cluster.get(child.ref, signal);
  return live === undefined ? [] : contestedFields(live, withoutFields(child.body, child.ignored));
}

async function reportStatus(
  { deps, state }: Wave,
  verdicts: ReadonlyMap<string, EntryVerdict>,
): Promise<'written' | 'gone'> {
  const before = state.writtenStatus();
  const status = state.takeChangedStatus(verdicts, deps.clock.now());
  if (status === undefined) return 'written';
  const result = await writeNodeStatus(deps, state.pass, status);
  if (result === 'written') tellTransition(deps, state.pass, before, status);
  return result;
}

/** After a wait that was long enough by itself. */
const afterWaitSeconds = 1;

/** Ends a wave when what is on record now asks for another plan, or the creation of the node has failed, with which a resync has come to nothing. */
async function planAnew(wave: Wave, verdicts: ReadonlyMap<string, EntryVerdict>): Promise<AdvanceOutcome | undefined> {
  const isReplanned = mustReplan(wave.state);
  if (!isReplanned && judgeCreation(wave, verdicts) !== 'failed') return undefined;
  await reportStatus(wave, verdicts);
  return isReplanned ? overtaken(wave, verdicts) : superseded(verdicts);
}

/** Whether this activity goes on with the next wave, or leaves it to another one. */
function goesOn({ deps, state }: Wave): boolean {
  const age = deps.clock.now().getTime() - state.begunAt.getTime();
  return state.isForcing() || age < paceOf(deps.runs.busy()).wavesMilliseconds;
}

async function runWave(wave: Wave): Promise<AdvanceOutcome> {
  const { state } = wave;
  let wrote = false;
  for (;;) {
    const verdicts = await settleLooks(wave);
    const other = await planAnew(wave, verdicts);
    if (other !== undefined) return other;
    const due = dueWrites(verdicts);
    if (due.length > 0 && wrote && !goesOn(wave)) return handOver(wave, verdicts, due);
    if (due.length > 0) {
      if (isSuperseded(wave)) return overtaken(wave, verdicts);
      if (state.recordIntent(due) && (await reportStatus(wave, verdicts)) === 'gone') return superseded(verdicts);
      await applyAll(wave, due);
      wrote = due.some((id) => state.appliedAt.has(id));
      continue;
    }
    const ended = await endOrWait(wave, verdicts);
    if (ended !== undefined) return ended;
  }
}

/** Ends a wave because another one can go: that one says what this one did, unless it has been kept back for long. */
async function handOver(
  wave: Wave,
  verdicts: ReadonlyMap<string, EntryVerdict>,
  due: readonly string[],
): Promise<AdvanceOutcome> {
  const { deps, state } = wave;
  const now = deps.clock.now();
  if (state.patience(verdicts, now) > 0) {
    deps.unsaid.keep(state.pass.identity.nodeUid, state.unsaid(verdicts, now));
  } else if ((await reportStatus(wave, verdicts)) === 'gone') return superseded(verdicts);
  const next = due.flatMap((id) => state.child(id) ?? []).map(({ ref }) => describeRef(ref));
  const progress = progressOf(verdicts);
  return { kind: 'advanced', progress, next: summaryOf(next, progress) };
}

function superseded(verdicts: ReadonlyMap<string, EntryVerdict>): AdvanceOutcome {
  return { kind: 'superseded', progress: progressOf(verdicts) };
}

/** Before all was written that a resync asks for. */
function overtaken({ state }: Wave, verdicts: ReadonlyMap<string, EntryVerdict>): AdvanceOutcome {
  return { kind: 'superseded', progress: progressOf(verdicts), ...(state.isForcing() ? { force: true } : {}) };
}

/** What a pass without anything to write waits for; undefined when for nothing. */
function openWait(state: PassState, verdicts: ReadonlyMap<string, EntryVerdict>): WaitLimits | undefined {
  const states = [...verdicts.values()].map(({ status }) => status);
  return openPause(states, state.gate() !== undefined);
}

/** Nothing can be written now: reports, and waits for whatever could change that. */
async function endOrWait(wave: Wave, verdicts: ReadonlyMap<string, EntryVerdict>): Promise<AdvanceOutcome | undefined> {
  const { deps, state } = wave;
  // What could be written was; what waits or was refused has no part in a resync.
  state.forced.clear();
  const open = openWait(state, verdicts);
  if (open === undefined) return settle(wave, verdicts);
  const patience = state.patience(verdicts, deps.clock.now());
  if (patience > 0) {
    const woken = await waitForChange(wave, verdicts, { ...open, atMostMilliseconds: patience });
    if (woken === 'superseded') return superseded(verdicts);
    if (woken === 'changed') return undefined;
  }
  const leftovers = await cleanUp(wave, verdicts);
  if (leftovers === 'gone') return superseded(verdicts);
  if (leftovers.went) return undefined;
  return waitVisibly(wave, verdicts, withLeftovers(open, leftovers));
}

/** Waits, once the run of the node can show what for. */
async function waitVisibly(
  wave: Wave,
  verdicts: ReadonlyMap<string, EntryVerdict>,
  { atMostMilliseconds = Number.POSITIVE_INFINITY, ...limits }: WaitLimits,
): Promise<AdvanceOutcome | undefined> {
  const progress = progressOf(verdicts);
  const silence = silenceToRun(wave, progress);
  const shown: AdvanceOutcome = { kind: 'advanced', progress, next: waitWords(progress.entries) };
  if (silence <= 0) return shown;
  const limit = { ...limits, atMostMilliseconds: Math.min(atMostMilliseconds, silence) };
  const woken = await waitForChange(wave, verdicts, limit);
  if (woken === 'superseded') return superseded(verdicts);
  if (woken === 'changed') return undefined;
  if (woken === 'quiet' && silence < Number.POSITIVE_INFINITY) return shown;
  return { kind: 'waiting', progress, retryAfterSeconds: afterWaitSeconds };
}

/**
 * How long a wait may go on in this activity, in milliseconds. Its run can show a state, and give a wait a summary that names the objects, only when an
 * activity has ended: one that has news ends for that before a wait, and the next one, which has none, waits.
 */
function silenceToRun({ deps, state }: Wave, { entries }: NodeProgress): number {
  if (!isNewsOf(state.pass.node.status?.resources ?? [], entries)) return Number.POSITIVE_INFINITY;
  const age = deps.clock.now().getTime() - state.begunAt.getTime();
  return Math.max(0, paceOf(deps.runs.busy()).wavesMilliseconds - age);
}

/** Reports, cleans up what the form does not name any more, and says what of it cannot go. */
async function cleanUp(wave: Wave, verdicts: ReadonlyMap<string, EntryVerdict>): Promise<Leftovers | 'gone'> {
  if ((await reportStatus(wave, verdicts)) === 'gone') return 'gone';
  const leftovers = await removeLeftovers(wave, verdicts);
  const says = leftovers.open && !leftovers.went;
  return says && (await reportStatus(wave, verdicts)) === 'gone' ? 'gone' : leftovers;
}

/** What is still to go is asked after again, and ends the wait when it has gone. */
function withLeftovers(open: WaitLimits, { awaited }: Leftovers): WaitLimits {
  return awaited.size === 0 ? open : { ...open, outside: true, also: awaited };
}

/**
 * Everything that can be done is done: reports it, and cleans up what the form does not name any more. What is held by someone else is looked at
 * again after a while: it is not watched, and its holder may go.
 */
async function settle(wave: Wave, verdicts: ReadonlyMap<string, EntryVerdict>): Promise<AdvanceOutcome | undefined> {
  const leftovers = await cleanUp(wave, verdicts);
  if (leftovers === 'gone') return superseded(verdicts);
  if (leftovers.went) return undefined;
  const conflicted = [...verdicts.values()].some(({ status }) => status.state === 'Conflicted');
  if (leftovers.awaited.size > 0 || conflicted)
    return { kind: 'waiting', progress: progressOf(verdicts), retryAfterSeconds: latestLooks.conflictSeconds };
  return { kind: 'settled', progress: progressOf(verdicts) };
}
