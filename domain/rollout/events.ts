import type { RolloutStatus } from '../api/form.ts';
import { normal, warning } from '../events.ts';
import type { EventDraft } from '../ports.ts';

/**
 * The Events on a form that a change of its rollout gives, each once: the status is durable. The Go operator has none of these; its own about rollouts,
 * `RolloutThrottled` on the hub and `TemplateApplied` on each node, are told besides.
 */
export function rolloutEvents(before: RolloutStatus | undefined, after: RolloutStatus): readonly EventDraft[] {
  if (before?.revision === undefined) return [];
  const other = before.revision !== after.revision;
  const failed = after.phase === 'Failed' && (other || before.phase !== 'Failed');
  return [
    ...(other && after.phase === 'InProgress' ? [started(after)] : []),
    ...(failed ? [warning('RolloutFailed', after.message ?? '')] : []),
    ...(hasEnded(after) && (other || isMoving(before)) ? [complete(after)] : []),
  ];
}

/** Every node is there; one that had failed before, or was allowed to, need not be Ready. */
function hasEnded(status: RolloutStatus): boolean {
  return status.phase === 'Complete' || (status.phase === 'InProgress' && status.proven === true && !isMoving(status));
}

/** A node that loses its readiness later, and gets it back, is no rollout. */
function isMoving({ inFlight = [], totalNodes = 0, updatedNodes = 0 }: RolloutStatus): boolean {
  return inFlight.length > 0 || updatedNodes < totalNodes;
}

function started({ targetGeneration = 0, revision = '', totalNodes = 0, readyAtStart = 0 }: RolloutStatus): EventDraft {
  const message = `Rollout of generation ${targetGeneration} (revision ${revision}) started: ${totalNodes - readyAtStart} of ${totalNodes} nodes to update`;
  return normal('RolloutStarted', message);
}

function complete(status: RolloutStatus): EventDraft {
  const { targetGeneration = 0, revision = '' } = status;
  const counts = `${status.updatedNodes ?? 0} nodes updated, ${status.readyUpdatedNodes ?? 0} ready`;
  const message = status.phase === 'Complete' ? (status.message ?? '') : counts;
  return normal(
    'RolloutComplete',
    `Rollout of generation ${targetGeneration} (revision ${revision}) complete: ${message}`,
  );
}
