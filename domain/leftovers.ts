import type { InventoryEntry } from './api/node.ts';
import { refKey } from './child.ts';
import type { EntryVerdict, PlannedEntry } from './node-plan.ts';
import { dependentsOf } from './removal-plan.ts';

/**
 * Leftovers are objects on record that the form does not name any more. They go as soon as nothing is gained by their staying (decisions.md section 4):
 * what an entry under another name takes the place of stays until that one is there, as long as it can come by itself.
 */

/** What the present form does not name. What an entry that cannot be rendered had stays: its name is not known. */
export function leftoversOf(
  record: ReadonlyMap<string, InventoryEntry>,
  entries: ReadonlyMap<string, PlannedEntry>,
): readonly InventoryEntry[] {
  const planned = [...entries.values()];
  const wanted = new Set(planned.flatMap((entry) => (entry.kind === 'desired' ? [refKey(entry.child.ref)] : [])));
  const broken = new Set(planned.flatMap((entry) => (entry.kind === 'broken' ? [entry.entry.id] : [])));
  return [...record].flatMap(([key, entry]) => (wanted.has(key) || broken.has(entry.id) ? [] : [entry]));
}

/** The same entries, as they are planned and as they stand now. */
export interface Replacements {
  readonly entries: ReadonlyMap<string, PlannedEntry>;
  readonly verdicts: ReadonlyMap<string, EntryVerdict>;
}

/** The leftovers that may go now; what one that stays depends on stays with it. */
export function freeLeftovers(
  leftovers: readonly InventoryEntry[],
  replacements: Replacements,
): readonly InventoryEntry[] {
  const free = new Set(leftovers.filter((entry) => !isAwaited(entry, replacements)));
  return [...free].filter((entry) => [...dependentsOf(entry, leftovers)].every((dependent) => free.has(dependent)));
}

/** Whether the entry that takes the place of a leftover is on its way, and does not wait for that one to go. */
function isAwaited(leftover: InventoryEntry, replacements: Replacements): boolean {
  const status = replacements.verdicts.get(leftover.id)?.status;
  switch (status?.state) {
    case 'Progressing':
    case 'Pending':
      return true;
    case 'Waiting':
      return status.reason !== 'FieldFight' && !waitsForRoom(leftover.id, leftover, replacements);
    default:
      return false;
  }
}

/** Whether a leftover's going may let an entry, or one that it waits for, be made: the old object may take what the new one is refused for. */
function waitsForRoom(id: string, leftover: InventoryEntry, replacements: Replacements): boolean {
  const verdict = replacements.verdicts.get(id);
  const planned = replacements.entries.get(id);
  if (verdict === undefined || verdict.done || planned?.kind !== 'desired') return false;
  switch (verdict.status.reason) {
    case 'QuotaExceeded':
      return planned.child.ref.namespace === leftover.namespace;
    case 'AdmissionDenied':
      return true;
    case 'DependencyNotReady':
      return (planned.child.entry.dependIds ?? []).some((dependency) =>
        waitsForRoom(dependency, leftover, replacements),
      );
    default:
      return false;
  }
}
