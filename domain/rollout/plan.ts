import type { RolloutGrant, RolloutStatus } from '../api/form.ts';
import { isoSeconds } from '../status.ts';
import { frozenUntil } from './freeze.ts';
import {
  type Counted,
  failuresOf,
  isDone,
  isOverBudget,
  isSettled,
  namesOf,
  type Progress,
  type RolloutFacts,
  type RolloutNode,
  type RolloutPlan,
  type Stop,
  type Wave,
} from './model.ts';
import { summarize } from './summary.ts';
import { assignWaves } from './waves.ts';

/**
 * Who may change now (parity 3.8, decisions.md sections 1 and 6). Pure: the same facts give the same plan.
 *
 * A node is in flight from the moment it is let go, which is recorded before it changes, until it is proven Ready with the target. The number of
 * nodes in flight never exceeds `maxSkew`; nothing else counts, so that tenants that were broken before, and new ones, hold nothing up.
 */

/** The revision that was at every node last. That one of them has lost its readiness since, or never had it, does not make it a bad one. */
function lastGood(previous: RolloutStatus | undefined): string | undefined {
  const isGood = previous?.proven === true || previous?.phase === 'Complete';
  return isGood ? previous.revision : previous?.previousRevision;
}

/** What is carried from the last look: everything within one rollout, only what is in flight across rollouts. */
function begin(facts: RolloutFacts): RolloutStatus {
  const { previous, target, generation, now } = facts;
  if (previous?.revision === target) return { ...previous, targetGeneration: generation };
  const good = lastGood(previous);
  return {
    phase: 'InProgress',
    targetGeneration: generation,
    revision: target,
    startTime: isoSeconds(now),
    lastProgressTime: isoSeconds(now),
    ...(good === undefined || good === target ? {} : { previousRevision: good }),
    ...(previous?.previousRevision === target || good === target ? { proven: true } : {}),
    ...(previous?.inFlight === undefined ? {} : { inFlight: previous.inFlight }),
  };
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

/** The budget of a wave that was passed still holds: what fails later halts the rollout too. */
function failure(facts: RolloutFacts, { status, inFlight }: Counted, { open }: Progress): Stop | undefined {
  if (isSettled(facts.nodes, inFlight)) return undefined;
  const over = open.find(isOverBudget);
  if (over !== undefined) {
    const failed = failuresOf(over.nodes);
    const message = `Wave '${over.name}' halted: ${failed.length} of at most ${over.maxFailures ?? 0} nodes failed: ${namesOf(failed)}`;
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
  readonly throttled: number;
}

/** Fills the free places, and repeats grants that were recorded but not carried out. */
function fill(facts: RolloutFacts, { inFlight }: Counted, { open }: Progress): Granting {
  const flying = new Set(inFlight.map(({ node }) => node));
  const candidates = [
    ...open.flatMap(({ nodes }) => nodes.filter((node) => !node.onTarget && !node.valuesOnly)),
    ...facts.nodes.filter((node) => !node.onTarget && node.valuesOnly),
  ];
  const free = Math.max(0, facts.settings.maxSkew - inFlight.length);
  const waiting = candidates.filter(({ name }) => !flying.has(name));
  const fresh = waiting.slice(0, free);
  const again = facts.nodes.filter((node) => flying.has(node.name) && !node.onTarget);
  const since = isoSeconds(facts.now);
  return {
    grant: [...again, ...fresh],
    inFlight: [...inFlight, ...fresh.map(({ name }) => ({ node: name, since }))],
    throttled: waiting.length - fresh.length,
  };
}

const haltedKinds: ReadonlySet<string> = new Set<Stop['kind']>(['aborted', 'paused', 'failed']);

/** What a rollout does next, and what its status says. Nothing is granted that `status.inFlight` does not name. */
export function planRollout(facts: RolloutFacts): RolloutPlan {
  const counted = count(facts);
  const progress = waveUnderWay(facts, counted);
  const stop = stopped(facts, counted, progress);
  const held = { grant: [], inFlight: counted.inFlight, throttled: 0 };
  const granting = stop === undefined ? fill(facts, counted, progress) : held;
  const { throttled } = granting;
  const moved = granting.inFlight.length > counted.inFlight.length;
  const status = summarize(facts, {
    status: moved ? { ...counted.status, lastProgressTime: isoSeconds(facts.now) } : counted.status,
    inFlight: granting.inFlight,
    progress,
    stop,
  });
  if (isSettled(facts.nodes, granting.inFlight)) return { status, grant: [], kind: 'ended', throttled };
  if (stop !== undefined && haltedKinds.has(stop.kind)) return { status, grant: [], kind: 'halted', throttled };
  return { status, grant: granting.grant, kind: 'moving', throttled, ...untilOf(facts, granting, counted, stop) };
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
