import type { LynqNodeStatus } from '../../domain/api/node.ts';
import { removalKey } from '../../domain/removal-plan.ts';
import type { Removal } from './removal.ts';

/** Status of a node whose objects are going: what is left, and why. */
export function removalStatus(previous: LynqNodeStatus | undefined, removal: Removal, now: Date): LynqNodeStatus {
  const since = new Map(
    (previous?.resources ?? []).filter(({ state }) => state === 'Deleting').map((item) => [item.id, item.since]),
  );
  const resources = removal.remaining().map((entry) => ({
    id: entry.id,
    kind: entry.kind,
    name: entry.name,
    state: 'Deleting' as const,
    reason: removal.reasons.get(removalKey(entry))?.split(' ')[0] ?? 'WaitsForDependents',
    message: removal.reasons.get(removalKey(entry)) ?? 'goes after the objects that depend on it',
    since: since.get(entry.id) ?? now.toISOString(),
  }));
  return { ...previous, resources };
}
