import { hubEvents } from '../../domain/events.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { labelValue } from '../../domain/identity.ts';
import { apiVersion, labels } from '../../domain/keys.ts';
import type { HubRef, SyncOutcome } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import { inParallel } from '../parallel.ts';
import { birthPage, reviewRuns } from './births.ts';
import { type ReadHub, releaseFinalizer } from './read-hub.ts';
import { deleteNode } from './write-nodes.ts';

const deleteConcurrency = 16;

/** A deleted hub: its nodes go, each by its own policies, and the hub's finalizer is released when a complete list shows none. */
export async function removeHub(deps: Deps, request: HubRef, hub: ReadHub): Promise<SyncOutcome> {
  const living = deps.nodes.ofHub(request.namespace, request.hub).filter(({ deleting }) => !deleting);
  try {
    await inParallel(living, deleteConcurrency, (node) => deleteNode({ deps, request }, { node }));
  } catch (error) {
    if (isLynqFailure(error)) tellOwner(deps, hub.object, hubEvents.cleanupFailed(error.message));
    throw error;
  }
  await reviewRuns(deps, request);
  const labelSelector = `${labels.hub}=${labelValue(request.hub)}`;
  const left = await deps.cluster.list(
    { apiVersion, kind: 'LynqNode' },
    { namespace: request.namespace, labelSelector },
  );
  if (left.length === 0) {
    await releaseFinalizer(deps, request, hub);
    return { kind: 'gone' };
  }
  return { kind: 'removing', remaining: left.length, page: birthPage(deps, request, '') };
}
