import type { InventoryEntry } from './api/node.ts';
import { dependentsOf, removalKey } from './removal-plan.ts';
import { canBeNeeded } from './row-needs.ts';

/**
 * What is to be retained and cannot be read now may need anything that a pod can name in its namespace. Until it can be read, none of that goes: it
 * waits for the unread object as if that depended on it. Only what itself goes before the unread object cannot wait for it; that is retained.
 */
export function behindUnread(
  record: readonly InventoryEntry[],
  unread: ReadonlySet<string>,
): readonly InventoryEntry[] {
  return [...unread].reduce((entries, key) => waitingFor(entries, key), record);
}

function waitingFor(record: readonly InventoryEntry[], key: string): readonly InventoryEntry[] {
  const unread = record.find((entry) => removalKey(entry) === key);
  // Kinds that pods name have no pods of their own.
  if (unread === undefined || canBeNeeded(key)) return record;
  const { namespace } = unread;
  const needed = record.filter((entry) => entry.namespace === namespace && canBeNeeded(removalKey(entry)));
  const before = dependentsOf(unread, record);
  const waiting = needed.filter((entry) => !before.has(entry)).map(({ id }) => id);
  return record.map((entry) => {
    if (entry === unread) return { ...entry, dependIds: [...new Set([...(entry.dependIds ?? []), ...waiting])] };
    return needed.includes(entry) && before.has(entry) ? { ...entry, policy: 'Retain' as const } : entry;
  });
}
