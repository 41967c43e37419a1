import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { hubEvents } from '../../domain/events.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { removingStatus } from '../../domain/hub-status.ts';
import { labelValue } from '../../domain/identity.ts';
import { apiVersion, labels } from '../../domain/keys.ts';
import type { HubRef, SyncOutcome } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import { inParallel } from '../parallel.ts';
import { birthPage, reviewRuns } from './births.ts';
import { type ReadHub, releaseFinalizer } from './read-hub.ts';
import { fromAnywhere, RefusedNodes } from './refused-nodes.ts';
import { deleteNode } from './write-nodes.ts';
import { writeStatus } from './write-status.ts';

const deleteConcurrency = 16;

/** Kubernetes puts it on an object that is deleted with `--cascade=orphan`, until what it owned is owned by nobody. */
const orphanFinalizer = 'orphan';

/**
 * A deleted hub: the nodes that it owns go, each by its own policies, and the hub's finalizer is released when a complete list shows none. Nodes that it
 * does not own stay as they are: `--cascade=orphan` has taken them from it. One that the API server does not let go holds up no other, and the hub says so
 * with what else is left to the next sync, `open`.
 */
export async function removeHub(
  deps: Deps,
  request: HubRef,
  { hub, open, attempt }: { readonly hub: ReadHub; readonly open: readonly string[]; readonly attempt: Attempt },
): Promise<SyncOutcome> {
  const owned = leavesNodes(hub) ? [] : await ownedNodes(deps, request, hub);
  const left = [...open, ...(await deleteNodes(deps, request, hub, owned))];
  await reviewRuns(deps, request, attempt);
  if (owned.length === 0) {
    await releaseFinalizer(deps, request, hub);
    deps.reviews.forget(request);
    return { kind: 'gone' };
  }
  await reportLeft(deps, request, hub, left);
  return { kind: 'removing', remaining: owned.length, page: birthPage(deps, request, '') };
}

/** Gives what the hub says of nodes that the API server does not let go; everything else that fails ends the sync. */
async function deleteNodes(
  deps: Deps,
  request: HubRef,
  { object }: ReadHub,
  owned: readonly OwnedNode[],
): Promise<readonly string[]> {
  const living = owned.filter(({ deleting }) => !deleting);
  const refused = new RefusedNodes();
  try {
    await inParallel(fromAnywhere(living), deleteConcurrency, (node) =>
      refused.attempt(() => deleteNode({ deps, request }, { node })),
    );
  } catch (error) {
    if (isLynqFailure(error)) tellOwner(deps, object, hubEvents.cleanupFailed(error.message));
    throw error;
  }
  const said = refused.said('deleted');
  for (const text of said) tellOwner(deps, object, hubEvents.cleanupFailed(text));
  return said;
}

async function reportLeft(deps: Deps, request: HubRef, hub: ReadHub, left: readonly string[]): Promise<void> {
  const { status, metadata } = hub.hub;
  const base = { previous: status, generation: metadata.generation ?? 0, now: deps.clock.now() };
  await writeStatus(deps, request, hub, removingStatus(base, left));
}

/**
 * A hub that there is not. One that went while nobody watched has left its schedule, which would start syncs for ever. Of a hub that is made again in this
 * moment the worker that leads finds out that its schedule is missing.
 */
export async function forgetHub(deps: Deps, request: HubRef): Promise<SyncOutcome> {
  const { namespace, hub } = request;
  deps.quiet.drop(request);
  deps.reviews.forget(request);
  try {
    await deps.schedules.remove(namespace, hub);
  } catch (error) {
    deps.logger.warn('schedule of a hub that is gone is still there', { hub, namespace, error: String(error) });
  }
  return { kind: 'gone' };
}

/** Whether the nodes of a deleted hub stay as they are. */
export function leavesNodes({ hub }: ReadHub): boolean {
  return (hub.metadata.finalizers ?? []).includes(orphanFinalizer);
}

export function isOwnedBy(node: JsonObject, { hub }: ReadHub): boolean {
  return listAt(node, 'metadata', 'ownerReferences').some((owner) => textAt(owner, 'uid') === hub.metadata.uid);
}

interface OwnedNode {
  readonly name: string;
  readonly nodeUid: string;
  readonly deleting: boolean;
}

/** A complete list, so that none is overlooked. */
async function ownedNodes(deps: Deps, { namespace, hub }: HubRef, read: ReadHub): Promise<readonly OwnedNode[]> {
  const labelSelector = `${labels.hub}=${labelValue(hub)}`;
  const nodes = await deps.cluster.list({ apiVersion, kind: 'LynqNode' }, { namespace, labelSelector });
  const owned = nodes.filter((node) => isOwnedBy(node, read));
  return owned.map((node) => ({
    name: textAt(node, 'metadata', 'name') ?? '',
    nodeUid: textAt(node, 'metadata', 'uid') ?? '',
    deleting: textAt(node, 'metadata', 'deletionTimestamp') !== undefined,
  }));
}
