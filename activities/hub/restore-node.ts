import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { nodeChangeEvents } from '../../domain/events.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { isEditedByHand, isOrphanOf, restoringPatch } from '../../domain/node-edits.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellSyncedNode } from '../events.ts';
import { asReadNode, nodeRef } from '../node/gather.ts';
import { resealed } from '../secret-values.ts';
import { hubRef, type ReadHub } from './read-hub.ts';

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

/** What a node that is taken over gets beside its new hub. */
export interface TakenOver {
  /** The hub, which does not exist any more, that has left it. */
  readonly from: string;
  /** The revision of the same content under the new hub's name, with the annotations that come with it. */
  readonly renamed?: { readonly revision: string; readonly annotations: Readonly<Record<string, string>> };
}

/**
 * Makes a LynqNode this hub's that was left by one which does not exist any more: same row, form, name and uid, so that its objects stay. On condition of
 * the version that has no owner, and of the former hub's absence right before. What it was rendered from goes with it in the same write, since a form's
 * rollout may not let it go for long: the revision where only the hub's name is another, and the seal of its secret values, which is by the hub's key.
 *
 * @throws LynqFailure `ClusterStale` when either has changed since the plan.
 */
export async function takeOverNode(
  { deps, request, hub }: { readonly deps: Deps; readonly request: HubRef; readonly hub: ReadHub },
  node: { readonly name: string; readonly nodeUid: string },
  { from, renamed }: TakenOver,
): Promise<void> {
  const ref = nodeRef({ namespace: request.namespace, node: node.name });
  const [live, former] = [await deps.cluster.get(ref), await deps.cluster.get(hubRef({ ...request, hub: from }))];
  const isLeft = live !== undefined && textAt(live, 'metadata', 'uid') === node.nodeUid && isOrphanOf(live, from);
  if (!isLeft || former !== undefined) throw otherwise(request, node.name, 'is not left by its hub');
  const { metadata, spec } = restoringPatch(live, { name: request.hub, uid: hub.hub.metadata.uid });
  const body: JsonObject = {
    metadata: {
      ...metadata,
      uid: node.nodeUid,
      resourceVersion: textAt(live, 'metadata', 'resourceVersion') ?? '',
      annotations: {
        [annotations.hubId]: request.hub,
        ...(await sealedAnew(deps, live, request.hub)),
        ...renamed?.annotations,
      },
    },
    spec: renamed === undefined ? spec : { ...spec, formRevision: renamed.revision },
  };
  const result = await deps.cluster.patch(ref, 'merge', body, { manager: managers.apply });
  if (result.kind === 'refused') {
    const message = `LynqNode ${request.namespace}/${node.name} cannot be taken over: ${result.message}`;
    throw new LynqFailure('ClusterInvalid', message, { node: node.name });
  }
  if (result.kind !== 'ok') throw otherwise(request, node.name, 'was changed meanwhile');
  deps.nodes.observe(result.object);
  tellSyncedNode(deps, result.object, nodeChangeEvents.takenOver(from, request.hub));
}

async function sealedAnew(deps: Deps, live: JsonObject, hub: string): Promise<Readonly<Record<string, string>>> {
  const seal = textAt(live, 'metadata', 'annotations', annotations.secretValues);
  const anew = seal === undefined ? undefined : await resealed(deps, asReadNode(live).identity, { seal, hub });
  return anew === undefined ? {} : { [annotations.secretValues]: anew };
}

function otherwise({ namespace }: HubRef, node: string, what: string): LynqFailure {
  return new LynqFailure('ClusterStale', `LynqNode ${namespace}/${node} ${what}`, { node });
}
