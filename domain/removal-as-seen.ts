import type { InventoryEntry } from './api/node.ts';
import type { ChildDigest } from './node-plan.ts';
import { removalKey } from './removal-plan.ts';
import { canBeNeeded } from './row-needs.ts';

/**
 * Whether a recorded object may be deleted in just the version that the watch has shown, without another look: it is the one on record, was made here, both
 * policies say so, and neither what is in it (a Namespace) nor what others need can have a say.
 */
export function isDeletableAsSeen(entry: InventoryEntry, seen: ChildDigest): boolean {
  if (entry.uid !== seen.uid || entry.adopted === true || entry.policy !== 'Delete') return false;
  if (seen.deletable !== true || seen.deleting) return false;
  return entry.namespace !== undefined && !canBeNeeded(removalKey(entry));
}
