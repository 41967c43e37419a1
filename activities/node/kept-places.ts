import { textAt } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { collectResources } from '../../domain/api/resource.ts';
import { childRef, namingProblem, type RenderedEntry, refKey } from '../../domain/child.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { keptHere, placeOf, plainPlaces, type PlaceFacts } from '../../domain/kept-places.ts';
import type { PlannedEntry } from '../../domain/node-plan.ts';
import { classifyOwnership, isUnclaimedOrphan } from '../../domain/ownership.ts';
import { isAppliedKeyOf } from '../../domain/peer-record.ts';
import type { Deps } from '../deps.ts';
import type { RenderedForm } from './render.ts';
import { outOfScope } from './boundaries.ts';
import type { ReadNode } from './gather.ts';
import type { FormRevision } from '../forms.ts';

/** Where domain/kept-places.ts meets a pass. */

type Broken = Extract<PlannedEntry, { kind: 'broken' }>;

/** What is known of places before any entry is judged. */
export function placeFacts(
  { identity, node }: ReadNode,
  record: ReadonlyMap<string, InventoryEntry>,
  { revision, rendered }: { readonly revision: FormRevision; readonly rendered: RenderedForm },
): PlaceFacts {
  const items = revision.entries.flatMap(({ resource }): readonly RenderedEntry[] => {
    const object = rendered.objects.get(resource.id);
    return object === undefined ? [] : [{ entry: resource, object, namespaced: true }];
  });
  const { namespace } = identity;
  return { namespace, record, isPeers: node.status?.inventory === undefined, taken: plainPlaces(items, identity) };
}

/** The entry as it is made: what is not on record yet is looked for in the node's namespace, where an earlier life of the row may have left it. */
export async function inItsPlace(
  deps: Deps,
  read: ReadNode,
  { facts, rendered }: { readonly facts: PlaceFacts; readonly rendered: RenderedEntry },
): Promise<RenderedEntry | Broken> {
  const place = placeOf(rendered, facts);
  if (place === 'named') return rendered;
  const here = keptHere(rendered);
  if (place === 'here') return here;
  if (namingProblem(here) !== undefined || outOfScope(deps.scope, read.identity, here) !== undefined) return rendered;
  try {
    return (await isHere(deps, read, here)) ? here : rendered;
  } catch (error) {
    if (!isLynqFailure(error) || error.type !== 'ClusterForbidden') throw error;
    if (!mayBeHere(read, facts, here)) return rendered;
    return { kind: 'broken', entry: rendered.entry, state: 'Waiting', reason: 'Forbidden', message: error.message };
  }
}

/**
 * Whether there is more than the entry to say that its object may be in the node's namespace: the Go operator had the node, or the object was seen there. An
 * account need not have the right to read it for anything else.
 */
function mayBeHere({ identity, node }: ReadNode, { record, isPeers }: PlaceFacts, here: RenderedEntry): boolean {
  const isApplied = isPeers && (node.status?.appliedResources ?? []).length > 0;
  const wasPeers = isApplied || collectResources(node.spec).length > 0;
  return wasPeers || record.has(refKey(childRef(here, identity.namespace)));
}

async function isHere(deps: Deps, { identity, node }: ReadNode, here: RenderedEntry): Promise<boolean> {
  const ref = childRef(here, identity.namespace);
  const object = await deps.childCluster(identity.namespace).get(ref);
  if (object === undefined || textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return false;
  const listed = node.status?.inventory === undefined ? (node.status?.appliedResources ?? []) : [];
  const isListed = listed.some((key) => isAppliedKeyOf(key, { id: here.entry.id, ref }));
  return classifyOwnership(object, identity, undefined, isListed).kind !== 'foreign' || isUnclaimedOrphan(object);
}
