import type { RolloutGrant, RolloutStatus } from '../api/form.ts';
import { isoSeconds } from '../status.ts';
import { frozenUntil } from './freeze.ts';
import {
  brokenByForm,
  type Counted,
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
 * A node is in flight from the moment it is let go, which is recorded before it changes, until it is proven Ready with the target, or proven failed
 * where that is no news: it had failed before it was let go, or its wave's budget has room for it. The number of nodes in flight never exceeds
 * `maxSkew`; nothing else counts, so that tenants that were broken before, and new ones, hold nothing up.
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
    ...(previous?.inFlight === undefined ? {} : { inFlight: carried(facts, previous.inFlight) }),
  };
}

/** What was in flight to another revision still is. A node that failed with new values of its row was broken by those, not by the form. */
function carried({ nodes }: RolloutFacts, inFlight: readonly RolloutGrant[]): RolloutGrant[] {
  const failed = new Set(nodes.flatMap(({ name, state }) => (state === 'failed' ? [name] : [])));
  return inFlight.map(({ values, ...grant }) =>
    values === true && failed.has(grant.node) ? { ...grant, broken: true } : grant,
  );
}

/** The shares of waves as this rollout has fixed them; none of another rollout. */
function fixedShares({ previous, target }: RolloutFacts) {
  return previous?.revision === target ? previous.waves?.map(({ share }) => share) : undefined;
}

/** Whether a node that is in flight has failed with the target, and nothing is gained by waiting for it. */
function isGivenUp(node: RolloutNode, { broken, values }: RolloutGrant, wave: Wave | undefined): boolean {
  if (!node.onTarget || node.state !== 'failed' || node.paused === true) return false;
  if (broken === true) return true;
  const isCounted = node.letGo === 'working' && values !== true;
  return isCounted && wave?.maxFailures !== undefined && !isOverBudget(wave);
}

/** A node in flight that an older version let go has nothing on it that says so. */
function withLetGo({ nodes, previous }: RolloutFacts): readonly RolloutNode[] {
  const grants = new Map((previous?.inFlight ?? []).map((grant) => [grant.node, grant]));
  return nodes.map((node) => {
    const grant = grants.get(node.name);
    if (grant === undefined || !node.onTarget || node.letGo !== undefined || grant.values === true) return node;
    return { ...node, letGo: grant.broken === true ? 'broken' : 'working' };
  });
}

/** Takes out of flight what is proven to have arrived, is given up, or is gone. */
function count(facts: RolloutFacts): Counted {
  const status = begin(facts);
  const waves = assignWaves(facts.nodes, facts.settings.waves, fixedShares(facts));
  const placed = new Map(waves.flatMap((wave) => wave.nodes.map((node) => [node.name, { node, wave }] as const)));
  const before = status.inFlight ?? [];
  const inFlight = before.filter((grant) => {
    const found = placed.get(grant.node);
    return found !== undefined && !isDone(found.node) && !isGivenUp(found.node, grant, found.wave);
  });
  const arrived = inFlight.length < before.length || status.lastProgressTime === undefined;
  return { status: arrived ? { ...status, lastProgressTime: isoSeconds(facts.now) } : status, inFlight, waves };
}

/** Whether nothing of a wave is left to wait for. A node that a person has paused is not waited for. */
function isWaveDone({ nodes }: Wave, inFlight: ReadonlySet<string>): boolean {
  return nodes.every((node) => node.paused === true || (!isWaitingNode(node) && !inFlight.has(node.name)));
}

const isWaitingNode = ({ onTarget, valuesOnly, paused }: RolloutNode): boolean =>
  !onTarget && !valuesOnly && paused !== true;

/** Whether a wave has nodes that still have to go to the target revision. */
function isWaiting({ nodes }: Wave): boolean {
  return nodes.some(isWaitingNode);
}

/** A wave soaks while all of it that was let go stays Ready; a node that becomes busy again starts the time anew. */
function soak(wave: Wave, status: RolloutStatus, now: Date): { since: string; ends: Date } {
  const settled = wave.nodes.every(
    ({ state, letGo, paused }) => letGo === undefined || paused === true || state !== 'busy',
  );
  const known = settled && status.wave === wave.name ? status.soakingSince : undefined;
  const since = known ?? isoSeconds(now);
  return { since, ends: new Date(new Date(since).getTime() + wave.soakSeconds * 1000) };
}

function waveUnderWay(facts: RolloutFacts, { status, inFlight, waves: all }: Counted): Progress {
  const waves = all.filter(({ nodes }) => nodes.length > 0);
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
    const failed = brokenByForm(over.nodes);
    const message = `Wave '${over.name}' halted: ${failed.length} of at most ${over.maxFailures ?? 0} nodes failed: ${namesOf(failed)}`;
    return { kind: 'failed', message };
  }
  const since = new Date(status.lastProgressTime ?? facts.now).getTime();
  const overdue = facts.now.getTime() - since > facts.settings.deadlineSeconds * 1000;
  if (inFlight.length === 0 || !overdue) return undefined;
  const byName = new Map(facts.nodes.map((node) => [node.name, node]));
  const reasonOf = (node: RolloutNode | undefined) => (node?.paused === true ? 'Paused' : (node?.reason ?? 'NotReady'));
  const waiting = inFlight.map(({ node }) => ({ name: node, reason: reasonOf(byName.get(node)) }));
  return { kind: 'failed', message: `No progress for ${facts.settings.deadlineSeconds} s: ${namesOf(waiting)}` };
}

/** Paused nodes that are in flight, when there is nothing else left; no deadline holds for them. */
function restingNodes({ nodes }: RolloutFacts, { inFlight }: Counted): readonly RolloutNode[] | undefined {
  const flying = new Set(inFlight.map(({ node }) => node));
  const resting = nodes.filter(({ name, paused }) => paused === true && flying.has(name));
  return resting.length > 0 && resting.length === inFlight.length && isSettled(nodes, []) ? resting : undefined;
}

function stopped(facts: RolloutFacts, counted: Counted, progress: Progress): Stop | undefined {
  const { status } = counted;
  if (status.aborted === true) return { kind: 'aborted' };
  if (status.phase === 'Failed') return { kind: 'failed', message: status.message ?? 'Failed' };
  if (facts.settings.paused) return { kind: 'paused' };
  const resting = restingNodes(facts, counted);
  if (resting !== undefined) return { kind: 'nodesPaused', message: `Waiting for paused nodes: ${namesOf(resting)}` };
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
    ...open.flatMap(({ nodes }) => nodes.filter(isWaitingNode)),
    ...facts.nodes.filter(({ onTarget, valuesOnly, paused }) => !onTarget && valuesOnly && paused !== true),
  ];
  const free = Math.max(0, facts.settings.maxSkew - inFlight.length);
  const waiting = candidates.filter(({ name }) => !flying.has(name));
  const fresh = waiting.slice(0, free);
  const again = facts.nodes.filter(({ name, onTarget, paused }) => flying.has(name) && !onTarget && paused !== true);
  const since = isoSeconds(facts.now);
  const grantOf = ({ name, state, valuesOnly }: RolloutNode): RolloutGrant => ({
    node: name,
    since,
    ...(state === 'failed' ? { broken: true } : {}),
    ...(valuesOnly ? { values: true } : {}),
  });
  return {
    grant: [...again, ...fresh],
    inFlight: [...inFlight, ...fresh.map(grantOf)],
    throttled: waiting.length - fresh.length,
  };
}

const haltedKinds: ReadonlySet<string> = new Set<Stop['kind']>(['aborted', 'paused', 'failed']);

/** What a rollout does next, and what its status says. Nothing is granted that `status.inFlight` does not name. */
export function planRollout(given: RolloutFacts): RolloutPlan {
  const facts = { ...given, nodes: withLetGo(given) };
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
    waves: counted.waves,
    progress,
    stop,
  });
  if (isSettled(facts.nodes, granting.inFlight)) return { status, grant: [], kind: 'ended', throttled };
  if (stop !== undefined && haltedKinds.has(stop.kind)) return { status, grant: [], kind: 'halted', throttled };
  if (stop?.kind === 'nodesPaused') return { status, grant: [], kind: 'resting', throttled };
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
