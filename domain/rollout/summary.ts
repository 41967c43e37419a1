import type { RolloutGrant, RolloutStatus } from '../api/form.ts';
import { isoSeconds } from '../status.ts';
import {
  failuresOf,
  isDone,
  isSettled,
  type Progress,
  type RolloutFacts,
  type RolloutNode,
  type Stop,
  type Wave,
} from './model.ts';

/** Nodes that failed are listed up to this number; the count is complete. */
const listedFailures = 20;

function messageOf(stop: Stop | undefined, { updated, total, ready }: Tally): string {
  const counts = `${updated}/${total} nodes updated (${updated - ready} updating, ${ready} ready)`;
  switch (stop?.kind) {
    case 'aborted':
      return `Aborted; ${counts}`;
    case 'paused':
      return `Paused; ${counts}`;
    case 'failed':
      return stop.message;
    case 'nodesPaused':
      return `${stop.message}; ${counts}`;
    case 'frozen':
      return `Frozen until ${isoSeconds(stop.until)}; ${counts}`;
    case 'soaking':
      return `Soaking until ${isoSeconds(stop.until)}; ${counts}`;
    case undefined:
      return updated === 0 ? 'Waiting for nodes to be updated' : `Updating: ${counts}`;
  }
}

/** What a look came to, to be said. */
export interface Outcome {
  readonly status: RolloutStatus;
  readonly inFlight: readonly RolloutGrant[];
  readonly waves: readonly Wave[];
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

/** How many of each wave are where; said only of forms that name waves. */
function wavesOf({ settings }: RolloutFacts, waves: readonly Wave[]): Pick<RolloutStatus, 'waves'> {
  if (settings.waves.length === 0) return {};
  const counted = waves.map(({ name, nodes: members, share }) => {
    const { total, updated, ready } = tally(members);
    const counts = { name, nodes: total, updated, ready, failed: failuresOf(members).length };
    return share === undefined ? counts : { ...counts, share };
  });
  return { waves: counted };
}

/** Whether the rollout has come to its end, and at least one node works with it. */
function hasReachedAll({ nodes }: RolloutFacts, { inFlight, stop }: Outcome, ready: number): boolean {
  return ready > 0 && isSettled(nodes, inFlight) && (!isHalted(stop) || ready === nodes.length);
}

/** Of a rollout that begins with this look, the nodes that have nowhere to go. */
function atStart({ target, previous }: RolloutFacts, status: RolloutStatus, ready: number): number {
  return previous?.revision === target ? (status.readyAtStart ?? 0) : ready;
}

/** What every rollout status says; times and phases of the last look that may not hold any more are left out. */
function common(facts: RolloutFacts, { status, inFlight, waves, stop }: Outcome, counts: Tally): RolloutStatus {
  const {
    soakingSince: _s,
    completionTime: _c,
    failedNodes: _f,
    wave: _w,
    message: _m,
    waves: _v,
    lastProgressTime,
    ...kept
  } = status;
  const failed = failuresOf(facts.nodes);
  const listed = failed.slice(0, listedFailures);
  const failedNodes = listed.map(({ name, reason }) => ({ node: name, reason: reason ?? 'Failed' }));
  return {
    ...kept,
    totalNodes: counts.total,
    updatedNodes: counts.updated,
    updatingNodes: counts.updated - counts.ready,
    readyUpdatedNodes: counts.ready,
    failedUpdatedNodes: failed.length,
    readyAtStart: atStart(facts, status, counts.ready),
    ...wavesOf(facts, waves),
    inFlight: [...inFlight],
    ...(failed.length === 0 ? {} : { failedNodes }),
    ...(lastProgressTime === undefined || stop?.kind === 'paused' ? {} : { lastProgressTime }),
  };
}

/** The status of a rollout; texts of the phases that the Go operator has are its own (parity 3.9). */
export function summarize(facts: RolloutFacts, outcome: Outcome): RolloutStatus {
  const counts = tally(facts.nodes);
  const { total, ready } = counts;
  const isProven = outcome.status.proven === true || hasReachedAll(facts, outcome, ready);
  const base = { ...common(facts, outcome, counts), ...(isProven ? { proven: true } : {}) };
  if (total === 0) return { ...base, phase: 'Idle', message: 'No nodes using this template' };
  if (ready < total || outcome.inFlight.length > 0) return { ...base, ...underWay(outcome, counts) };
  const completionTime = outcome.status.completionTime ?? isoSeconds(facts.now);
  return { ...base, phase: 'Complete', completionTime, message: `All ${total} nodes updated and ready` };
}

const isHalted = (stop: Stop | undefined): boolean => stop?.kind === 'failed' || stop?.kind === 'aborted';

/** Of a rollout that is not complete. */
function underWay({ stop, progress: { current, soakingSince } }: Outcome, counts: Tally): RolloutStatus {
  return {
    phase: isHalted(stop) ? 'Failed' : 'InProgress',
    message: messageOf(stop, counts),
    ...(current === undefined ? {} : { wave: current.name }),
    ...(soakingSince === undefined ? {} : { soakingSince }),
  };
}
