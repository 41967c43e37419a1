import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { refKey } from '../../domain/child.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { inputHash } from '../../domain/node-digest.ts';
import { type NodeIdentity, tracksNode } from '../../domain/ownership.ts';
import type { Cluster, WriteResult } from '../../domain/ports.ts';
import { handOverPatch } from '../../domain/removal-plan.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import { siblingsOf } from './boundaries.ts';
import { nodeRef } from './gather.ts';

/**
 * A Namespace that moves to another form of its row is handed over as it is: it could not go before all that is in it, which the other node may just wait
 * for it with. The labels name the new owner before the old one drops its record, so that there is always one.
 */

/**
 * Whether the labels of a recorded Namespace name another node of the row that has it on record, or wants it. One that is going takes only what it has on
 * record, so that what it merely wanted stays with the node that still has it.
 */
export function isHandedOver(deps: Deps, identity: NodeIdentity, entry: InventoryEntry, object: JsonObject): boolean {
  if (tracksNode(object, identity)) return false;
  const uid = textAt(object, 'metadata', 'uid');
  return siblingsOf(deps, identity).some(
    (node) =>
      tracksNode(object, node) &&
      (node.children.get(refKey(entry))?.uid === uid || (!node.deleting && node.spaces?.includes(entry.name) === true)),
  );
}

/** Hands a Namespace to the node of the row that is kept from having it; undefined when there is none. */
export async function handOver(
  deps: Deps,
  cluster: Cluster,
  work: {
    readonly identity: NodeIdentity;
    readonly entry: InventoryEntry;
    readonly object: JsonObject;
    readonly signal: AbortSignal;
  },
): Promise<WriteResult | undefined> {
  const { identity, entry, object, signal } = work;
  for (const node of siblingsOf(deps, identity)) {
    if (node.spaces?.includes(entry.name) !== true || !(await wants(deps, node, entry.name))) continue;
    return cluster.patch(entry, 'merge', handOverPatch(object, node), { manager: managers.markers, signal });
  }
  return undefined;
}

/** Asked of the API server: a node that has turned away from it since would leave it to nobody. */
async function wants(deps: Deps, { namespace, name }: NodeDigest, space: string): Promise<boolean> {
  const node = await deps.cluster.get(nodeRef({ namespace, node: name }));
  if (node === undefined || textAt(node, 'metadata', 'deletionTimestamp') !== undefined) return false;
  if (textAt(node, 'metadata', 'annotations', annotations.released) !== undefined) return false;
  if (textAt(node, 'status', 'observedInput') !== inputHash(node)) return false;
  return listAt(node, 'status', 'resources').some(
    (item) =>
      textAt(item, 'kind') === 'Namespace' && textAt(item, 'name') === space && textAt(item, 'state') === 'Conflicted',
  );
}
