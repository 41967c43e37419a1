import type { InventoryEntry } from '../../domain/api/node.ts';
import { collectResources } from '../../domain/api/resource.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import { neededObjects, type NeededObject, retainedByForm } from '../../domain/retain.ts';
import type { Deps } from '../deps.ts';

/**
 * A record with what its form says of retention at this moment, also when the node was never brought to that: where record and form disagree, Retain
 * wins (decisions.md section 4). A form that is gone or cannot be used says nothing.
 */
export async function withPresentPolicies(
  { cluster, forms }: Pick<Deps, 'cluster' | 'forms'>,
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
  const needs = new Map<string, readonly NeededObject[]>();
  for (const { id, policy, ...ref } of record) {
    if (policy === 'Retain' || !kept.has(id)) continue;
    const live = await cluster.get(ref);
    needs.set(id, live === undefined ? [] : neededObjects(live));
  }
  return needs.size === 0 ? record : retainedByForm(record, needs);
}
