import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { nodeChangeEvents } from '../../domain/events.ts';
import { managers } from '../../domain/keys.ts';
import { isEditedByHand, restoringPatch } from '../../domain/node-edits.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellSyncedNode } from '../events.ts';
import { nodeRef } from '../node/gather.ts';
import type { ReadHub } from './read-hub.ts';

/**
 * Puts a LynqNode back that was edited by hand: identity, owner, labels, finalizer. On condition of the version it was decided from; what changed
 * meanwhile is left to the next sync.
 */
export async function restoreNode(
  { deps, request, hub }: { readonly deps: Deps; readonly request: HubRef; readonly hub: ReadHub },
  node: { readonly name: string; readonly nodeUid: string },
): Promise<void> {
  const ref = nodeRef({ namespace: request.namespace, node: node.name });
  const live = await deps.cluster.get(ref);
  if (live === undefined || textAt(live, 'metadata', 'uid') !== node.nodeUid || !isEditedByHand(live)) return;
  const { metadata, spec } = restoringPatch(live, { name: request.hub, uid: hub.hub.metadata.uid });
  const resourceVersion = textAt(live, 'metadata', 'resourceVersion') ?? '';
  const body: JsonObject = { metadata: { ...metadata, uid: node.nodeUid, resourceVersion }, spec };
  const result = await deps.cluster.patch(ref, 'merge', body, { manager: managers.apply });
  if (result.kind !== 'ok') return;
  deps.nodes.observe(result.object);
  tellSyncedNode(deps, result.object, nodeChangeEvents.editReverted());
}
