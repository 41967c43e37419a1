import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry, LynqNodeStatus } from '../../domain/api/node.ts';
import { childEvents, hubEvents, removalEvents } from '../../domain/events.ts';
import { type OrphanReason, removalKey } from '../../domain/removal-plan.ts';
import type { Deps } from '../deps.ts';
import { tellChild, tellHubOf, tellNode } from '../events.ts';
import type { ReadNode } from './gather.ts';
import type { Removal } from './removal.ts';

/** What is told about objects that go or are kept. A write that succeeded is the fact; doing it again finds it done and tells nothing. */

export interface Kept {
  readonly entry: InventoryEntry;
  readonly before: JsonObject;
  readonly after: JsonObject;
  readonly reason: OrphanReason;
}

/** An object has been marked and left in place. */
export function tellKept(
  deps: Deps,
  { identity }: Pick<ReadNode, 'identity'>,
  { entry, before, after, reason }: Kept,
): void {
  const owners = listAt(before, 'metadata', 'ownerReferences');
  if (owners.some((owner) => textAt(owner, 'uid') === identity.nodeUid)) {
    tellNode(deps, identity, removalEvents.retainPreserved(entry));
  }
  if (entry.policy === 'Delete' || entry.neededElsewhere !== undefined)
    tellNode(deps, identity, removalEvents.retainedAsDependency(entry));
  const kept = reason === 'LynqNodeDeleted' ? removalEvents.retained(entry) : removalEvents.orphanRetained(entry);
  tellNode(deps, identity, kept);
  tellChild(deps, after, childEvents.markersAdded(reason));
}

/** What holds a removal up, as far as the status before did not say it yet. */
export function tellBlocked(deps: Deps, read: ReadNode, removal: Removal, before: LynqNodeStatus | undefined): void {
  const said = new Map((before?.resources ?? []).map(({ id, message }) => [id, message]));
  for (const entry of removal.remaining()) {
    const key = removalKey(entry);
    const reason = removal.reasons.get(key);
    if (reason !== undefined && said.get(entry.id) !== reason) tellHeldUp(deps, read, removal, entry);
  }
}

/** What holds the removal of one object up. */
export function tellHeldUp(deps: Deps, read: ReadNode, removal: Removal, entry: InventoryEntry): void {
  const key = removalKey(entry);
  const [users, refusal] = [removal.users.get(key), removal.refusals.get(key)];
  if (users !== undefined) tellNode(deps, read.identity, removalEvents.namespaceInUse(entry.name, users));
  if (refusal === undefined) return;
  tellNode(deps, read.identity, removalEvents.cleanupPartialFailure(refusal));
  if (entry.policy === 'Retain')
    tellHubOf(deps, read, hubEvents.retainResourceProcessFailed(read.identity.name, refusal));
}
