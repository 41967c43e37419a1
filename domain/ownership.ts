import { at, type JsonObject, listAt, textAt } from './api/json.ts';
import type { InventoryEntry } from './api/node.ts';
import { labelValue } from './identity.ts';
import { annotations, labels } from './keys.ts';
import { writtenByUs } from './owned-fields.ts';

/** Who an object belongs to, from the view of one LynqNode (decisions.md section 4, "Identity and record"). */
export type Ownership =
  /** In our record with this uid, or adoptable by rule (a) or (b). */
  | { readonly kind: 'ours' }
  /** Kept from an earlier life of this very node (rule c): markers come off, tracking comes back. */
  | { readonly kind: 'orphan' }
  /** Never changed, never deleted. `owner` is a name for people. */
  | { readonly kind: 'foreign'; readonly owner: string };

export interface NodeIdentity {
  readonly namespace: string;
  readonly name: string;
  /** metadata.uid of the LynqNode. */
  readonly nodeUid: string;
  readonly hub: string;
  readonly form: string;
  /** uid of the row. */
  readonly uid: string;
}

/** Value of annotation `lynq.sh/orphaned-from`: which life an orphan belongs to. */
export function orphanedFrom(identity: NodeIdentity): string {
  return `${identity.hub}/${identity.form}/${identity.uid}`;
}

/**
 * Whether an orphan was kept from a life of this node. Hub, form and row may have the same names in another namespace: what came from there is not its.
 * An orphan without a namespace was marked before there was one.
 */
export function isOrphanOf(object: JsonObject, identity: NodeIdentity): boolean {
  const from = textAt(object, 'metadata', 'annotations', annotations.orphanedFrom);
  const namespace = textAt(object, 'metadata', 'annotations', annotations.orphanedNamespace);
  return from === orphanedFrom(identity) && (namespace === undefined || namespace === identity.namespace);
}

/** Whether an object was kept of a row, without a word of which: the Go operator writes none. */
export function isUnclaimedOrphan(object: JsonObject): boolean {
  return (
    textAt(object, 'metadata', 'labels', labels.orphaned) === 'true' &&
    textAt(object, 'metadata', 'annotations', annotations.orphanedFrom) === undefined
  );
}

/** Whether both tracking labels of an object name a node. */
export function tracksNode(object: JsonObject, identity: Pick<NodeIdentity, 'namespace' | 'name'>): boolean {
  return (
    textAt(object, 'metadata', 'labels', labels.node) === labelValue(identity.name) &&
    textAt(object, 'metadata', 'labels', labels.nodeNamespace) === identity.namespace
  );
}

function ownerName(object: JsonObject): string {
  const controller = listAt(object, 'metadata', 'ownerReferences').find(
    (reference) => at(reference, 'controller') === true,
  );
  if (controller !== undefined) return `${textAt(controller, 'kind') ?? ''} ${textAt(controller, 'name') ?? ''}`;
  const node = textAt(object, 'metadata', 'labels', labels.node);
  if (node !== undefined) return `LynqNode ${textAt(object, 'metadata', 'labels', labels.nodeNamespace) ?? ''}/${node}`;
  const from = textAt(object, 'metadata', 'annotations', annotations.orphanedFrom);
  if (from !== undefined) return `the retained objects of ${from}`;
  if (textAt(object, 'metadata', 'labels', labels.orphaned) === 'true')
    return `a retained object that does not say of which row it is (annotation ${annotations.orphanedFrom})`;
  const manager = listAt(object, 'metadata', 'managedFields').map((item) => textAt(item, 'manager'))[0];
  return manager === undefined ? 'someone else' : `field manager ${manager}`;
}

/** What is said of an object that another LynqNode has: no policy takes it, so that the forms have to agree. */
export const oneFormEach = 'each object belongs into one form, under a name that no other row gives';

/** Who holds an object, and what is to be done where that is another LynqNode. */
export function heldBy(owner: string): string {
  return owner.startsWith('LynqNode ') ? `held by ${owner}: ${oneFormEach}` : `held by ${owner}`;
}

/**
 * Classifies a live object for a node.
 *
 * `record` is the node's entry for these coordinates, `peerApplied` whether the Go operator's status lists it. Labels alone never make an
 * object ours: anyone can write them.
 */
export function classifyOwnership(
  object: JsonObject,
  identity: NodeIdentity,
  record: InventoryEntry | undefined,
  peerApplied: boolean,
): Ownership {
  const uid = textAt(object, 'metadata', 'uid');
  if (record?.uid !== undefined && record.uid === uid) return { kind: 'ours' };
  const controller = listAt(object, 'metadata', 'ownerReferences').find(
    (reference) => at(reference, 'controller') === true,
  );
  if (controller !== undefined && textAt(controller, 'uid') !== identity.nodeUid)
    return { kind: 'foreign', owner: ownerName(object) };
  if (controller !== undefined) return { kind: 'ours' };
  if (tracksNode(object, identity) && (peerApplied || writtenByUs(object))) return { kind: 'ours' };
  const marked = textAt(object, 'metadata', 'labels', labels.orphaned) === 'true';
  if (marked && isOrphanOf(object, identity)) return { kind: 'orphan' };
  return { kind: 'foreign', owner: ownerName(object) };
}
