import { at, type JsonObject, listAt, textAt } from '../api/json.ts';
import type { InventoryEntry } from '../api/node.ts';
import type { DesiredChild } from '../child.ts';
import { annotations, labels } from '../keys.ts';
import { isOrphanOf, type NodeIdentity, type Ownership, tracksNode } from '../ownership.ts';

/**
 * `conflictPolicy: Force` on an entry is the form's word that it may take an object which is not on record (docs/decisions/0003): one that nobody
 * else in charge of it claims. What was taken was not made here, so that it is kept whatever the deletion policy says.
 */

/** Whether somebody in particular has a claim on an object: a controller, another LynqNode, or another life whose data it holds. */
function isClaimed(object: JsonObject, identity: NodeIdentity): boolean {
  if (listAt(object, 'metadata', 'ownerReferences').some((owner) => at(owner, 'controller') === true)) return true;
  const tracked =
    textAt(object, 'metadata', 'labels', labels.node) ?? textAt(object, 'metadata', 'labels', labels.nodeNamespace);
  if (tracked !== undefined && !tracksNode(object, identity)) return true;
  const from = textAt(object, 'metadata', 'annotations', annotations.orphanedFrom);
  return from !== undefined && !isOrphanOf(object, identity);
}

/**
 * Whether a child's entry takes an object that is not the node's. Never a Namespace: what is in it would come along.
 * `recordedElsewhere`: another LynqNode has it on record.
 */
export function takesOver(
  { entry, ref }: Pick<DesiredChild, 'entry' | 'ref'>,
  object: JsonObject,
  { identity, recordedElsewhere }: { readonly identity: NodeIdentity; readonly recordedElsewhere: boolean },
): boolean {
  if (entry.conflictPolicy !== 'Force' || recordedElsewhere) return false;
  if (ref.apiVersion === 'v1' && ref.kind === 'Namespace') return false;
  return textAt(object, 'metadata', 'deletionTimestamp') === undefined && !isClaimed(object, identity);
}

/** Whether an object says that it was taken over once; its record may have been lost, or be that of an earlier life. */
export function wasAdopted(object: JsonObject): boolean {
  return textAt(object, 'metadata', 'annotations', annotations.adopted) === 'true';
}

/**
 * Whether the record has to say first that an object was not made here, before anything is written to it: what it is made into depends on that. An
 * orphan goes without uid, since its markers come off by that it is one.
 */
export function adoptionOf(
  child: DesiredChild,
  object: JsonObject,
  facts: {
    readonly identity: NodeIdentity;
    readonly ownership: Ownership;
    readonly record: InventoryEntry | undefined;
    readonly recordedElsewhere: boolean;
  },
): { readonly uid?: string } | undefined {
  if (facts.record?.adopted === true && facts.ownership.kind !== 'foreign') return undefined;
  const uid = textAt(object, 'metadata', 'uid') ?? '';
  switch (facts.ownership.kind) {
    case 'ours':
      return wasAdopted(object) ? { uid } : undefined;
    case 'orphan':
      return wasAdopted(object) ? {} : undefined;
    case 'foreign':
      return takesOver(child, object, facts) ? { uid } : undefined;
  }
}
