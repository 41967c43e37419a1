import type { RolloutGrant, RolloutStatus } from '../api/form.ts';
import { isoSeconds } from '../status.ts';
import { frozenUntil } from './freeze.ts';
import type { RolloutSettings } from './settings.ts';
import { type AssignedWave, assignWaves, type WaveMember } from './waves.ts';

/**
 * Who may change now (parity 3.8, decisions.md sections 1 and 6). Pure: the same facts give the same plan.
 *
 * A node is in flight from the moment it is let go, which is recorded before it changes, until it is proven Ready with the target. The number of
 * nodes in flight never exceeds `maxSkew`; nothing else counts, so that tenants that were broken before, and new ones, hold nothing up.
 */

/** A LynqNode of the form, as far as a rollout cares. */
export interface RolloutNode extends WaveMember {
  /** Has the target revision and no values that wait. */
  readonly onTarget: boolean;
  /** Has the target revision already; only values of its row wait. Such a change needs a free place, but no wave. */
  readonly valuesOnly: boolean;
  /** What its last pass said about what it is made of now; `busy` until a pass has. */
  readonly state: 'ready' | 'failed' | 'busy';
  /** Of a failed node, in one word. */
  readonly reason?: string | undefined;
}

export interface RolloutFacts {
  readonly settings: RolloutSettings;
  /** Name of the ControllerRevision of the form's present content. */
  readonly target: string;
  readonly generation: number;
  /** Nodes that are not being deleted. */
  readonly nodes: readonly RolloutNode[];
  readonly previous: RolloutStatus | undefined;
  readonly now: Date;
}

export interface RolloutPlan {
  /** To be recorded before anything is granted. */
  readonly status: RolloutStatus;
  /** Nodes to bring to the target now; all of them are in `status.inFlight`. */
  readonly grant: readonly RolloutNode[];
  /** `ended`: every node is where it belongs. `halted`: until a person or an edit changes something. */
  readonly kind: 'moving' | 'ended' | 'halted';
  /** When to look again although nothing changes. */
  readonly until?: Date;
}

const listedFailures = 20;

const isDone = ({ onTarget, state }: RolloutNode): boolean => onTarget && state === 'ready';

/** What is carried from the last look: everything within one rollout, only what is in flight across rollouts. */
function begin(facts: RolloutFacts): RolloutStatus {
  const { previous, target, generation, now } = facts;
  if (previous?.revision === target) return { ...previous, targetGeneration: generation };
  const good = previous?.phase === 'Complete' ? previous.revision : previous?.previousRevision;
  return {
    phase: 'InProgress',
    targetGeneration: generation,
    revision: target,
    startTime: isoSeconds(now),
    lastProgressTime: isoSeconds(now),
    ...(good === undefined || good === target ? {} : { previousRevision: good }),
    ...(previous?.inFlight === undefined ? {} : { inFlight: previous.inFlight }),
  };
}

interface Counted {
  readonly status: RolloutStatus;
  readonly inFlight: readonly RolloutGrant[];
}

/** Takes out of flight what is proven to have arrived, or is gone. */
function count(facts: RolloutFacts): Counted {
  const status = begin(facts);
  const byName = new Map(facts.nodes.map((node) => [node.name, node]));
  const before = status.inFlight ?? [];
  const inFlight = before.filter(({ node }) => {
    const found = byName.get(node);
    return found !== undefined && !isDone(found);
  });
  const arrived = inFlight.length < before.length || status.lastProgressTime === undefined;
  return { status: arrived ? { ...status, lastProgressTime: isoSeconds(facts.now) } : status, inFlight };
}

type Wave = AssignedWave<RolloutNode>;

interface Progress {
  /** Waves that may change now: the one under way and those before it. */
  readonly open: readonly Wave[];
  readonly current: Wave | undefined;
  readonly soakingSince?: string;
  readonly soakEnds?: Date;
}

const failuresOf = (nodes: readonly RolloutNode[]): readonly RolloutNode[] =>
  nodes.filter(({ onTarget, state }) => onTarget && state === 'failed');

function isOverBudget({ nodes, maxFailures }: Wave): boolean {
  return maxFailures !== undefined && failuresOf(nodes).length > maxFailures;
}

/** Whether nothing of a wave is left to wait for: what failed within the error budget is not waited for. */
function isWaveDone({ nodes, maxFailures }: Wave, inFlight: ReadonlySet<string>): boolean {
  const open = nodes.filter((node) => (!node.onTarget && !node.valuesOnly) || inFlight.has(node.name));
  return maxFailures === undefined
    ? open.length === 0
    : open.every(({ onTarget, state }) => onTarget && state === 'failed');
}

/** Whether a wave has nodes that still have to go to the target revision. */
function isWaiting({ nodes }: Wave): boolean {
  return nodes.some(({ onTarget, valuesOnly }) => !onTarget && !valuesOnly);
}

/** A wave soaks while all of it stays Ready; a node that becomes busy again starts the time anew. */
function soak(wave: Wave, status: RolloutStatus, now: Date): { since: string; ends: Date } {
  const settled = wave.nodes.every(({ state }) => state !== 'busy');
  const known = settled && status.wave === wave.name ? status.soakingSince : undefined;
  const since = known ?? isoSeconds(now);
  return { since, ends: new Date(new Date(since).getTime() + wave.soakSeconds * 1000) };
}

function waveUnderWay(facts: RolloutFacts, { status, inFlight }: Counted): Progress {
  const waves = assignWaves(facts.nodes, facts.settings.waves).filter(({ nodes }) => nodes.length > 0);
  const flying = new Set(inFlight.map(({ node }) => node));
  const reached = Math.max(
    0,
    waves.findIndex(({ name }) => name === status.wave),
  );
  for (const [index, wave] of waves.entries()) {
    if (index < reached) continue;
    const open = waves.slice(0, index + 1);
    if (!isWaveDone(wave, flying) || isOverBudget(wave)) return { open, current: wave };
    if (wave.soakSeconds === 0 || !waves.slice(index + 1).some(isWaiting)) continue;
    const { since, ends } = soak(wave, status, facts.now);
    if (facts.now < ends) return { open, current: wave, soakingSince: since, soakEnds: ends };
  }
  return { open: waves, current: waves.at(-1) };
}

/** Why nothing further changes for now, in the order in which people would want to know it. */
type Stop =
  | { readonly kind: 'aborted' | 'paused' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'frozen' | 'soaking'; readonly until: Date };

function isSettled(nodes: readonly RolloutNode[], inFlight: readonly RolloutGrant[]): boolean {
  return inFlight.length === 0 && nodes.every(({ onTarget }) => onTarget);
}

function namesOf(nodes: readonly { readonly name: string; readonly reason?: string | undefined }[]): string {
  const listed = nodes.slice(0, 5).map(({ name, reason }) => (reason === undefined ? name : `${name} (${reason})`));
  return nodes.length > listed.length
    ? `${listed.join(', ')} and ${nodes.length - listed.length} more`
    : listed.join(', ');
}

function failure(facts: RolloutFacts, { status, inFlight }: Counted, { current }: Progress): Stop | undefined {
  if (isSettled(facts.nodes, inFlight)) return undefined;
  if (current !== undefined && isOverBudget(current)) {
    const failed = failuresOf(current.nodes);
    const message = `Wave '${current.name}' halted: ${failed.length} of at most ${current.maxFailures ?? 0} nodes failed: ${namesOf(failed)}`;
    return { kind: 'failed', message };
  }
  const since = new Date(status.lastProgressTime ?? facts.now).getTime();
  const overdue = facts.now.getTime() - since > facts.settings.deadlineSeconds * 1000;
  if (inFlight.length === 0 || !overdue) return undefined;
  const byName = new Map(facts.nodes.map((node) => [node.name, node]));
  const waiting = inFlight.map(({ node }) => ({ name: node, reason: byName.get(node)?.reason ?? 'NotReady' }));
  return { kind: 'failed', message: `No progress for ${facts.settings.deadlineSeconds} s: ${namesOf(waiting)}` };
}

function stopped(facts: RolloutFacts, counted: Counted, progress: Progress): Stop | undefined {
  const { status } = counted;
  if (status.aborted === true) return { kind: 'aborted' };
  if (status.phase === 'Failed') return { kind: 'failed', message: status.message ?? 'Failed' };
  if (facts.settings.paused) return { kind: 'paused' };
  const failed = failure(facts, counted, progress);
  if (failed !== undefined) return failed;
  const frozen = frozenUntil(facts.settings.freezeWindows, facts.now);
  if (frozen !== undefined) return { kind: 'frozen', until: frozen };
  return progress.soakEnds === undefined ? undefined : { kind: 'soaking', until: progress.soakEnds };
}

interface Granting {
  readonly grant: readonly RolloutNode[];
  readonly inFlight: readonly RolloutGrant[];
}

/** Fills the free places, and repeats grants that were recorded but not carried out. */
function fill(facts: RolloutFacts, { inFlight }: Counted, { open }: Progress): Granting {
  const flying = new Set(inFlight.map(({ node }) => node));
  const candidates = [
    ...open.flatMap(({ nodes }) => nodes.filter((node) => !node.onTarget && !node.valuesOnly)),
    ...facts.nodes.filter((node) => !node.onTarget && node.valuesOnly),
  ];
  const free = Math.max(0, facts.settings.maxSkew - inFlight.length);
  const fresh = candidates.filter(({ name }) => !flying.has(name)).slice(0, free);
  const again = facts.nodes.filter((node) => flying.has(node.name) && !node.onTarget);
  const since = isoSeconds(facts.now);
  return { grant: [...again, ...fresh], inFlight: [...inFlight, ...fresh.map(({ name }) => ({ node: name, since }))] };
}

function messageOf(stop: Stop | undefined, counts: string): string {
  switch (stop?.kind) {
    case 'aborted':
      return `Aborted; ${counts}`;
    case 'paused':
      return `Paused; ${counts}`;
    case 'failed':
      return stop.message;
    case 'frozen':
      return `Frozen until ${isoSeconds(stop.until)}; ${counts}`;
    case 'soaking':
      return `Soaking until ${isoSeconds(stop.until)}; ${counts}`;
    case undefined:
      return `Updating: ${counts}`;
  }
}

interface Outcome {
  readonly status: RolloutStatus;
  readonly inFlight: readonly RolloutGrant[];
  readonly progress: Progress;
  readonly stop: Stop | undefined;
}

interface Tally {
  readonly total: number;
  readonly updated: number;
  readonly ready: number;
}

function tally(nodes: readonly RolloutNode[]): Tally {
  const updated = nodes.filter(({ onTarget }) => onTarget);
  return { total: nodes.length, updated: updated.length, ready: updated.filter(isDone).length };
}

/** What every rollout status says; times and phases of the last look that may not hold any more are left out. */
function common(facts: RolloutFacts, { status, inFlight, stop }: Outcome, counts: Tally): RolloutStatus {
  const {
    soakingSince: _s,
    completionTime: _c,
    failedNodes: _f,
    wave: _w,
    message: _m,
    lastProgressTime,
    ...kept
  } = status;
  const failed = failuresOf(facts.nodes).slice(0, listedFailures);
  const failedNodes = failed.map(({ name, reason }) => ({ node: name, reason: reason ?? 'Failed' }));
  return {
    ...kept,
    totalNodes: counts.total,
    updatedNodes: counts.updated,
    updatingNodes: counts.updated - counts.ready,
    readyUpdatedNodes: counts.ready,
    inFlight: [...inFlight],
    ...(failed.length === 0 ? {} : { failedNodes }),
    ...(lastProgressTime === undefined || stop?.kind === 'paused' ? {} : { lastProgressTime }),
  };
}

function summarize(facts: RolloutFacts, outcome: Outcome): RolloutStatus {
  const counts = tally(facts.nodes);
  const { total, updated, ready } = counts;
  const base = common(facts, outcome, counts);
  if (total === 0) return { ...base, phase: 'Idle', message: 'No nodes using this template' };
  if (ready === total && outcome.inFlight.length === 0) {
    const completionTime = outcome.status.completionTime ?? isoSeconds(facts.now);
    return { ...base, phase: 'Complete', completionTime, message: `All ${total} nodes updated and ready` };
  }
  const { current, soakingSince } = outcome.progress;
  const text = `${updated}/${total} nodes updated (${updated - ready} updating, ${ready} ready)`;
  return {
    ...base,
    phase: outcome.stop?.kind === 'failed' || outcome.stop?.kind === 'aborted' ? 'Failed' : 'InProgress',
    message: messageOf(outcome.stop, text),
    ...(current === undefined ? {} : { wave: current.name }),
    ...(soakingSince === undefined ? {} : { soakingSince }),
  };
}

const haltedKinds: ReadonlySet<string> = new Set<Stop['kind']>(['aborted', 'paused', 'failed']);

/** What a rollout does next, and what its status says. Nothing is granted that `status.inFlight` does not name. */
export function planRollout(facts: RolloutFacts): RolloutPlan {
  const counted = count(facts);
  const progress = waveUnderWay(facts, counted);
  const stop = stopped(facts, counted, progress);
  const granting = stop === undefined ? fill(facts, counted, progress) : { grant: [], inFlight: counted.inFlight };
  const moved = granting.inFlight.length > counted.inFlight.length;
  const status = summarize(facts, {
    status: moved ? { ...counted.status, lastProgressTime: isoSeconds(facts.now) } : counted.status,
    inFlight: granting.inFlight,
    progress,
    stop,
  });
  if (isSettled(facts.nodes, granting.inFlight)) return { status, grant: [], kind: 'ended' };
  if (stop !== undefined && haltedKinds.has(stop.kind)) return { status, grant: [], kind: 'halted' };
  return { status, grant: granting.grant, kind: 'moving', ...untilOf(facts, granting, counted, stop) };
}

function untilOf(facts: RolloutFacts, granting: Granting, counted: Counted, stop: Stop | undefined): { until?: Date } {
  if (stop !== undefined && 'until' in stop) return { until: stop.until };
  if (granting.inFlight.length === 0) return {};
  const since =
    granting.inFlight.length > counted.inFlight.length
      ? facts.now
      : new Date(counted.status.lastProgressTime ?? facts.now);
  return { until: new Date(since.getTime() + (facts.settings.deadlineSeconds + 1) * 1000) };
}
