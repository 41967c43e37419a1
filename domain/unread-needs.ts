import type { InventoryEntry } from './api/node.ts';
import { dependentsOf, removalKey } from './removal-plan.ts';
import { type NeededObject, retainedByForm } from './retain.ts';
import { canBeNeeded } from './row-needs.ts';

/** A record, and what is known of what the objects in it need that are to be retained at present though it says Delete. */
export interface PresentRecord {
  readonly record: readonly InventoryEntry[];
  /** What the pods of each of them name, by id. */
  readonly needs: ReadonlyMap<string, readonly NeededObject[]>;
  /** Keys of those that could not be read. */
  readonly unread: ReadonlySet<string>;
}

/** The entries under the policies that hold at present. */
export function presentPolicies({ record, needs, unread }: PresentRecord): readonly InventoryEntry[] {
  return needs.size === 0 ? record : behindUnread(retainedByForm(record, needs), unread);
}

/** The same when the object of an entry could be read after all. */
export function withNeedsRead(
  present: PresentRecord,
  entry: InventoryEntry,
  read: readonly NeededObject[],
): PresentRecord {
  const needs = new Map(present.needs).set(entry.id, [...(present.needs.get(entry.id) ?? []), ...read]);
  return { ...present, needs, unread: new Set([...present.unread].filter((key) => key !== removalKey(entry))) };
}

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
