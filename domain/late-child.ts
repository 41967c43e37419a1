import type { JsonObject } from './api/json.ts';
import { writtenByUs } from './owned-fields.ts';
import { type NodeIdentity, tracksNode } from './ownership.ts';
import { isDeletable } from './removal-plan.ts';

/**
 * A LynqNode whose finalizer was released: everything it had on record was proven gone, kept with markers, or not its own. What it left is by
 * coordinates of its record (child.ts, `refKey`), with the uid it had.
 */
export interface RemovedNode {
  readonly identity: NodeIdentity;
  readonly left: ReadonlyMap<string, { readonly uid: string | undefined }>;
}

/** Whether an object of this uid stands where the removal of the node left none of it. */
export function standsAgain(node: Pick<RemovedNode, 'left'>, key: string, uid: string): boolean {
  const recorded = node.left.get(key);
  return recorded !== undefined && recorded.uid !== uid;
}

/**
 * Whether a live object is what a create of the removed node made that arrived only after the removal: it has our marks for that node, we wrote it,
 * and it was to be deleted with the node. Anything else there is not for us to touch.
 */
export function isLateChild(object: JsonObject, node: Pick<NodeIdentity, 'namespace' | 'name'>): boolean {
  return tracksNode(object, node) && writtenByUs(object) && isDeletable(object);
}
