import type { InventoryEntry } from '../../domain/api/node.ts';
import { collectResources } from '../../domain/api/resource.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { Cluster, ObjectRef } from '../../domain/ports.ts';
import { removalKey } from '../../domain/removal-plan.ts';
import { neededObjects, type NeededObject, retainedByForm } from '../../domain/retain.ts';
import { behindUnread } from '../../domain/unread-needs.ts';
import type { Deps } from '../deps.ts';

/**
 * A record with what its form says of retention at this moment, also when the node was never brought to that: where record and form disagree, Retain
 * wins (decisions.md section 4). A form that is gone or cannot be used says nothing. An object that cannot be read holds up only itself and what it may
 * need: the removal says why, and asks again.
 */
export async function withPresentPolicies(
  { childCluster, forms }: Pick<Deps, 'childCluster' | 'forms'>,
  { namespace, form }: Pick<NodeIdentity, 'namespace' | 'form'>,
  record: readonly InventoryEntry[],
): Promise<readonly InventoryEntry[]> {
  const present = await forms.present(namespace, form);
  if (present === undefined) return record;
  const kept = new Set(
    collectResources(present.spec).flatMap(({ resource }) =>
      resource.deletionPolicy === 'Retain' ? [resource.id] : [],
    ),
  );
  const cluster = childCluster(namespace);
  const needs = new Map<string, readonly NeededObject[]>();
  const unread = new Set<string>();
  for (const entry of record) {
    if (entry.policy === 'Retain' || !kept.has(entry.id)) continue;
    const found = await needsOf(cluster, entry);
    if (found === undefined) unread.add(removalKey(entry));
    needs.set(entry.id, [...(needs.get(entry.id) ?? []), ...(found ?? [])]);
  }
  return needs.size === 0 ? record : behindUnread(retainedByForm(record, needs), unread);
}

/** Undefined where the object cannot be read now. */
async function needsOf(cluster: Cluster, { apiVersion, kind, namespace, name }: ObjectRef) {
  try {
    const live = await cluster.get({ apiVersion, kind, namespace, name });
    return live === undefined ? [] : neededObjects(live);
  } catch (error) {
    if (!isLynqFailure(error) || error.type === 'Internal') throw error;
    return undefined;
  }
}
