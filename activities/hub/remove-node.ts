import { hubEvents } from '../../domain/events.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { Removal } from '../../domain/hub-plan.ts';
import { tellOwner } from '../events.ts';
import type { GoneForms } from './absent-forms.ts';
import type { RowOutcomes } from './row-outcomes.ts';
import { deleteNode, type NodeWrites } from './write-nodes.ts';

/**
 * Asks for the removal of a node that has lost its row or form. One that the API server does not let go, as an admission policy may want it, stays and is
 * named, and after many of them the rest is left to the next sync, untold; everything else that fails, a form that is there again above all, ends the sync,
 * and the next attempt decides again.
 */
export async function removeNode(
  writes: NodeWrites,
  { gone, outcomes }: { readonly gone: GoneForms; readonly outcomes: RowOutcomes },
  removal: Removal,
): Promise<void> {
  if (!outcomes.takeRemoval()) return;
  const { deps, hub } = writes;
  const { name, form, rowUid: uid } = removal.node;
  if (removal.why === 'form') await gone.demand(form);
  tellOwner(deps, hub.object, hubEvents.nodeDeleting({ name, form, uid }));
  try {
    await deleteNode(writes, removal);
  } catch (error) {
    if (!isLynqFailure(error)) throw error;
    tellOwner(deps, hub.object, hubEvents.nodeDeletionFailed(name, error.message));
    if (error.type !== 'ClusterInvalid') throw error;
    outcomes.refuseRemoval(uid, error.message);
    return;
  }
  outcomes.counts.removed += 1;
  tellOwner(deps, hub.object, hubEvents.nodeDeleted({ name, form, uid }));
}
