import type { InventoryEntry } from '../../domain/api/node.ts';
import { collectResources } from '../../domain/api/resource.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import { removalKey } from '../../domain/removal-plan.ts';
import { neededObjects, type NeededObject } from '../../domain/retain.ts';
import type { PresentRecord } from '../../domain/unread-needs.ts';
import type { Deps } from '../deps.ts';
import { findRecorded } from './find-recorded.ts';

/**
 * A record with what its form says of retention at this moment, also when the node was never brought to that: where record and form disagree, Retain
 * wins (decisions.md section 4). A form that is gone or cannot be used says nothing. An object that cannot be read holds up only itself and what it may
 * need: the removal says why, and asks again.
 */
export async function withPresentPolicies(
  { cluster, childCluster, forms }: Pick<Deps, 'cluster' | 'childCluster' | 'forms'>,
  { namespace, form }: Pick<NodeIdentity, 'namespace' | 'form'>,
  record: readonly InventoryEntry[],
  signal: AbortSignal,
): Promise<PresentRecord> {
  const present = await forms.present(namespace, form);
  if (present === undefined) return asRecorded(record);
  const kept = new Set(
    collectResources(present.spec).flatMap(({ resource }) =>
      resource.deletionPolicy === 'Retain' ? [resource.id] : [],
    ),
  );
  const find = (entry: InventoryEntry) => findRecorded(cluster, childCluster(namespace), entry, signal);
  const needs = new Map<string, readonly NeededObject[]>();
  const unread = new Set<string>();
  for (const entry of record) {
    if (entry.policy === 'Retain' || !kept.has(entry.id)) continue;
    const found = await needsOf(find, entry, signal);
    if (found === undefined) unread.add(removalKey(entry));
    needs.set(entry.id, [...(needs.get(entry.id) ?? []), ...(found ?? [])]);
  }
  return { record, needs, unread };
}

/** A record of which nobody says more than it does. */
export function asRecorded(record: readonly InventoryEntry[]): PresentRecord {
  return { record, needs: new Map(), unread: new Set() };
}

/** Undefined where the object cannot be read now. */
async function needsOf(
  find: (entry: InventoryEntry) => ReturnType<typeof findRecorded>,
  entry: InventoryEntry,
  signal: AbortSignal,
): Promise<readonly NeededObject[] | undefined> {
  try {
    const found = await find(entry);
    return found === undefined ? [] : neededObjects(found.object);
  } catch (error) {
    if (signal.aborted || !isLynqFailure(error) || error.type === 'Internal') throw error;
    return undefined;
  }
}
