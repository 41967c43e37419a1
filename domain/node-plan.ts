import { textAt } from './api/json.ts';
import type { ResourceState, ResourceStatus } from './api/node.ts';
import type { DesiredChild } from './child.ts';
import type { Graph } from './graph.ts';
import { clocked } from './node-clock.ts';
import { heldBySibling, type Step, textOf, type Verdict } from './node-verdict.ts';
import { heldBy } from './ownership.ts';
import type { RefusedReason } from './ports.ts';
import type { Readiness } from './readiness/types.ts';

/**
 * What a node's pass does next: pure, level-triggered, the same answer for the same facts.
 *
 * A wave is what can be applied now, not a level of the graph: a waiting or failed entry blocks only its dependents (decisions.md section 5).
 * Nothing here writes, reads or looks at a clock.
 */

/** What a live object looked like when it was last seen. */
export interface ChildDigest {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deleting: boolean;
  readonly readiness: Readiness;
  /** The `readyWhen` that `readiness` is by; absent when it is by the rule of the kind. */
  readonly judgedBy?: string | undefined;
  /** Annotation `lynq.sh/applied-hash`. */
  readonly appliedHash?: string | undefined;
  /** Plain hash of the fields our writes own (owned-fields.ts). */
  readonly ownedHash?: string | undefined;
  /** Has entries in managedFields that may have to be moved before an apply (policies/field-managers.ts). */
  readonly movable?: boolean | undefined;
  /** Its own policy says that it may go, and it is not kept already. */
  readonly deletable?: true | undefined;
  /** Has no tracking label: no watch shows it. */
  readonly untracked?: true | undefined;
  /** Has a LynqNode among its owners: a garbage collector takes it with that one. */
  readonly owned?: true | undefined;
}

/** Text that changes when a node has to look at a child again. */
export function childSignature(digest: ChildDigest | undefined): string {
  if (digest === undefined) return 'absent';
  const { uid, deleting, readiness, judgedBy, appliedHash, ownedHash } = digest;
  return [uid, deleting, readiness.state, judgedBy ?? '', appliedHash ?? '', ownedHash ?? ''].join('/');
}

export type Observation =
  | { readonly kind: 'unread' }
  /** `assumed`: nothing tells of it, and nobody has asked the API server. Its creation, which changes nothing that is there, is the proof. */
  | { readonly kind: 'absent'; readonly assumed?: true }
  /** `untouched`: nobody but us has written the object itself, as far as its managedFields tell. */
  | { readonly kind: 'ours'; readonly digest: ChildDigest; readonly untouched?: boolean }
  | { readonly kind: 'orphan'; readonly digest: ChildDigest }
  | { readonly kind: 'foreign'; readonly owner: string }
  /** A Namespace that another node of the row keeps (shared-namespace.ts). */
  | { readonly kind: 'held'; readonly by: string; readonly digest: ChildDigest }
  /** The same, as far as its marks tell; that node has not said so yet. */
  | { readonly kind: 'claimed'; readonly by: string }
  /** What is on record about it had to change: the plan is made anew from the new record. */
  | { readonly kind: 'replan' };

/** Answer to the last attempt to write an entry in this pass. */
export type Attempt =
  | { readonly kind: 'conflicted'; readonly owner: string }
  | { readonly kind: 'refused'; readonly reason: RefusedReason; readonly message: string };

/** One entry of the form: what it should be, or why it cannot be rendered. */
export type PlannedEntry =
  | { readonly kind: 'desired'; readonly child: DesiredChild }
  /** Cannot be turned into an object now: `Failed` until its input changes, `Waiting` while an outside condition is missing. */
  | {
      readonly kind: 'broken';
      readonly entry: DesiredChild['entry'];
      readonly state: 'Failed' | 'Waiting';
      readonly reason: string;
      readonly message: string;
    };

export interface PassFacts {
  readonly graph: Graph;
  readonly entries: ReadonlyMap<string, PlannedEntry>;
  readonly observed: ReadonlyMap<string, Observation>;
  /** Plain hash of the owned fields after our last write, by id (owned-fields.ts); a live object that differs has drifted. */
  readonly baselines: ReadonlyMap<string, string>;
  /** Hash of what we last applied, by id; absent for what only an earlier version wrote. */
  readonly written: ReadonlyMap<string, string>;
  /** Fields that someone else changed are told and left. */
  readonly reportDrift: boolean;
  /** Why nothing of this node may be made yet. */
  readonly gate?: { readonly reason: string; readonly message: string } | undefined;
  /** Why nothing of this node is made any more: its creation was taken back. */
  readonly rolledBack?: { readonly message: string } | undefined;
  readonly attempts: ReadonlyMap<string, Attempt>;
  /** status.resources of the last write, by id. */
  readonly previous: ReadonlyMap<string, ResourceStatus>;
  /** Whether form, values or overrides differ from those of the last status write: refusals are tried again then. */
  readonly inputChanged: boolean;
  /** When an entry was written in this pass: its readiness clock starts anew. */
  readonly appliedAt: ReadonlyMap<string, Date>;
  /** Ids that are to be written although nothing differs, once each. */
  readonly forced: ReadonlySet<string>;
  /** Entries whose object someone else changes as often as we repair it: not written before a time, unless forced. */
  readonly fights: ReadonlyMap<string, { readonly until: Date; readonly message: string }>;
  readonly now: Date;
}

export interface EntryVerdict {
  readonly step: Step;
  readonly status: ResourceStatus;
  /** Dependents may go on. */
  readonly done: boolean;
  /** When this entry fails by its timeout while Progressing, or may be put right again in a fight. */
  readonly deadline?: Date;
  /** Someone else changed the object, and the form says to leave it. */
  readonly drifted?: true;
}

/** Reasons under which a refused write is tried again by itself; every other refusal waits for a change of its input. */
const retriedRefusals: ReadonlySet<string> = new Set<RefusedReason>([
  'MissingNamespace',
  'TerminatingNamespace',
  'MissingKind',
  'QuotaExceeded',
  'Forbidden',
  'AdmissionDenied',
]);

const failedStates: ReadonlySet<ResourceState> = new Set(['Failed', 'Conflicted', 'Skipped']);

function blockedBy(entry: DesiredChild['entry'], verdicts: ReadonlyMap<string, EntryVerdict>): Verdict | undefined {
  const dependencies = entry.dependIds ?? [];
  const failed = dependencies.find((id) => {
    const verdict = verdicts.get(id);
    return verdict !== undefined && !verdict.done && failedStates.has(verdict.status.state);
  });
  if (failed !== undefined) {
    if (!entry.skipOnDependencyFailure) return undefined;
    return { state: 'Skipped', reason: 'DependencyFailed', message: `dependency '${failed}' failed` };
  }
  const open = dependencies.find((id) => verdicts.get(id)?.done !== true);
  if (open === undefined) return undefined;
  return { state: 'Waiting', reason: 'DependencyNotReady', message: `waits for '${open}'` };
}

function refusal(facts: PassFacts, id: string): Verdict | undefined {
  const attempt = facts.attempts.get(id);
  if (attempt?.kind === 'conflicted') {
    return { state: 'Conflicted', reason: 'ResourceConflict', message: `held by ${attempt.owner}` };
  }
  if (attempt?.kind === 'refused') {
    const state = retriedRefusals.has(attempt.reason) ? 'Waiting' : 'Failed';
    return { state, reason: attempt.reason, message: attempt.message };
  }
  if (facts.inputChanged || facts.forced.has(id)) return undefined;
  return standingRefusal(facts, id);
}

function standingRefusal(facts: PassFacts, id: string): Verdict | undefined {
  const previous = facts.previous.get(id);
  if (previous?.state !== 'Failed' || !finalReasons.has(previous.reason ?? '')) return undefined;
  const isGone = facts.observed.get(id)?.kind === 'absent' && facts.baselines.has(id);
  return isGone ? undefined : { state: 'Failed', ...textOf(previous) };
}

/** An object that is due is written, unless its dependencies, a refusal or a fight over it forbid it. */
function due(facts: PassFacts, id: string, blocked: Verdict | undefined): Verdict {
  return blocked ?? refusal(facts, id) ?? fighting(facts, id) ?? { step: 'apply', state: 'Pending' };
}

function fighting(facts: PassFacts, id: string): Verdict | undefined {
  const fight = facts.forced.has(id) ? undefined : facts.fights.get(id);
  if (fight === undefined || fight.until.getTime() <= facts.now.getTime()) return undefined;
  return { state: 'Waiting', reason: 'FieldFight', message: fight.message, until: fight.until };
}

/**
 * Refusals that stand until the input changes, so that a bad object is not sent again and again. What was refused of an object that has gone since
 * says nothing about a new one.
 */
export const finalReasons: ReadonlySet<string> = new Set<RefusedReason>(['Invalid', 'Immutable', 'TooLarge']);

/**
 * How a live object differs from what it should be. `wanted`: form or row say something else than we last wrote, or a resync was asked for.
 * `drifted`: someone else changed what we wrote.
 */
function differenceOf(facts: PassFacts, child: DesiredChild, digest: ChildDigest): 'none' | 'wanted' | 'drifted' {
  const isWanted = (hash: string | undefined) => hash === child.hash || hash === child.formerHash;
  const written = facts.written.get(child.id) ?? digest.appliedHash;
  const baseline = facts.baselines.get(child.id);
  if (child.entry.creationPolicy === 'Once') return isOpenOnce(child, digest, baseline) ? 'wanted' : 'none';
  if (facts.forced.has(child.id) || !isWanted(written) || baseline === '') return 'wanted';
  const differs = !isWanted(digest.appliedHash) || (baseline !== undefined && digest.ownedHash !== baseline);
  return differs ? 'drifted' : 'none';
}

/**
 * Of what is made once: an object that was taken over is applied once, one that no watch shows gets its labels, and one that has come to be retained
 * loses its owner, with which a garbage collector would take it.
 */
function isOpenOnce(child: DesiredChild, digest: ChildDigest, baseline: string | undefined): boolean {
  return digest.untracked === true || isOwnedYet(child, digest) || (child.adopted === true && baseline === '');
}

const isOwnedYet = ({ policy }: DesiredChild, { owned }: ChildDigest): boolean => policy === 'Retain' && owned === true;

/** Whether a write is about labels and owner alone: what is made once, was applied and has lost its labels or never had any, or is retained by now. */
export function isTrackedOnly(child: DesiredChild, observation: Observation): boolean {
  if (child.entry.creationPolicy !== 'Once' || observation.kind !== 'ours') return false;
  const { digest } = observation;
  return digest.untracked === true ? digest.appliedHash !== undefined : isOwnedYet(child, digest);
}

const driftMessage = 'fields that were written here have other values now; driftPolicy Report leaves them';

/** Told, not corrected. Whether the object works is another question, and what is wrong with it more urgent. */
function withDrift(verdict: Verdict): Verdict {
  const said = verdict.state === 'Ready' ? { reason: 'Drifted', message: driftMessage } : {};
  return { ...verdict, ...said, drifted: true };
}

function readinessVerdict(child: DesiredChild, digest: ChildDigest): Verdict {
  const { readiness } = digest;
  if (!child.entry.waitForReady || readiness.state === 'ready') return { state: 'Ready', done: true };
  const { reason, message } = readiness;
  if (readiness.state === 'failed') return { state: 'Failed', reason, message };
  return { state: 'Progressing', reason, message, done: readiness.satisfies === true };
}

const terminating: Verdict = { state: 'Waiting', reason: 'Terminating', message: 'the object is being deleted' };

function liveVerdict(
  facts: PassFacts,
  planned: Extract<PlannedEntry, { kind: 'desired' }>,
  digest: ChildDigest,
  blocked: Verdict | undefined,
): Verdict {
  if (digest.deleting) return terminating;
  const difference = differenceOf(facts, planned.child, digest);
  if (difference === 'none') return readinessVerdict(planned.child, digest);
  if (difference === 'drifted' && facts.reportDrift) return withDrift(readinessVerdict(planned.child, digest));
  return due(facts, planned.child.id, blocked);
}

function desiredVerdict(
  facts: PassFacts,
  planned: Extract<PlannedEntry, { kind: 'desired' }>,
  verdicts: ReadonlyMap<string, EntryVerdict>,
): Verdict {
  const { child } = planned;
  const blocked = blockedBy(child.entry, verdicts);
  if (blocked?.state === 'Skipped') return blocked;
  const observation = facts.observed.get(child.id) ?? { kind: 'unread' };
  switch (observation.kind) {
    case 'ours':
      return liveVerdict(facts, planned, observation.digest, blocked);
    case 'unread':
      return blocked ?? { step: 'look', state: 'Pending' };
    case 'replan':
      return { state: 'Pending' };
    case 'orphan':
    case 'absent':
      return due(facts, child.id, blocked);
    default:
      return othersVerdict(child, observation);
  }
}

type OfOthers = Extract<Observation, { kind: 'foreign' | 'held' | 'claimed' }>;

/** What another node of the row keeps is there for this one, which does not write it: what that one's form says of it holds. */
function othersVerdict(child: DesiredChild, observation: OfOthers): Verdict {
  if (observation.kind === 'foreign')
    return { state: 'Conflicted', reason: 'ResourceConflict', message: heldBy(observation.owner) };
  const { by } = observation;
  if (observation.kind === 'claimed')
    return { state: 'Waiting', reason: heldBySibling, message: `waits for ${by} to say that it keeps it` };
  const { digest } = observation;
  if (digest.deleting) return terminating;
  const verdict = readinessVerdict(child, digest);
  if (verdict.state !== 'Ready') return verdict;
  return { ...verdict, reason: heldBySibling, message: `kept by ${by}, whose form names it too` };
}

/** What holds for all entries together, whatever their objects are like. */
function commonVerdict(facts: PassFacts, planned: PlannedEntry): Verdict | undefined {
  if (facts.rolledBack !== undefined) {
    const id = planned.kind === 'desired' ? planned.child.id : planned.entry.id;
    const previous = facts.previous.get(id);
    const failed = previous?.state === 'Failed' || previous?.state === 'Conflicted';
    if (failed) return { state: previous.state, ...textOf(previous) };
    return { state: 'Skipped', reason: 'RolledBack', message: facts.rolledBack.message };
  }
  const waits = facts.gate !== undefined && planned.kind === 'desired';
  return waits ? { state: 'Waiting', ...facts.gate } : undefined;
}

function rawVerdict(facts: PassFacts, planned: PlannedEntry, verdicts: ReadonlyMap<string, EntryVerdict>): Verdict {
  if (planned.kind === 'desired') return desiredVerdict(facts, planned, verdicts);
  return { state: planned.state, reason: planned.reason, message: planned.message };
}

function judge(facts: PassFacts, planned: PlannedEntry, verdicts: ReadonlyMap<string, EntryVerdict>): EntryVerdict {
  const desired = planned.kind === 'desired';
  const entry = desired ? planned.child.entry : planned.entry;
  const raw = commonVerdict(facts, planned) ?? rawVerdict(facts, planned, verdicts);
  const { verdict, since, deadline, timedOutAfter } = clocked(raw, {
    previous: facts.previous.get(entry.id),
    appliedAt: facts.appliedAt.get(entry.id),
    timeoutSeconds: entry.timeoutSeconds,
    now: facts.now,
  });
  const kind = desired ? planned.child.ref.kind : (textAt(entry.spec, 'kind') ?? '');
  const name = desired ? planned.child.ref.name : '';
  return {
    step: verdict.step ?? 'none',
    status: {
      id: entry.id,
      kind,
      name,
      state: verdict.state,
      ...textOf(verdict),
      since: since.toISOString(),
      ...(timedOutAfter === undefined ? {} : { timedOutAfter }),
    },
    done: verdict.done === true,
    ...(verdict.drifted === true ? { drifted: true } : {}),
    ...(deadline === undefined ? {} : { deadline }),
  };
}

/** Verdict of every entry, in dependency order. `look` and `apply` are the work of this wave. */
export function planWave(facts: PassFacts): ReadonlyMap<string, EntryVerdict> {
  const verdicts = new Map<string, EntryVerdict>();
  for (const id of facts.graph.order) {
    const planned = facts.entries.get(id);
    if (planned !== undefined) verdicts.set(id, judge(facts, planned, verdicts));
  }
  return verdicts;
}
