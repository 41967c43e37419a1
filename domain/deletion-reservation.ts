import type { DeletionWindowEntry } from './api/hub.ts';
import { hashText } from './identity.ts';

/**
 * Removals that are on record and may not have been carried out. The budget is spent before rows go, so a sync that ends in between has spent it for
 * rows that are still there; the next one must neither pay for them again nor take others in their place. So an entry of the window keeps its rows, as
 * hashes, until a sync sees that they are not leaving any more: they have gone then, or come back.
 *
 * Invariant: a row that loses its nodes is counted within the hour after that, and once for each time.
 */

/** A hub's status has to stay small: of a larger set nothing is kept, and what is left of it costs again. */
const mostRows = 20_000;

const hashOf = (uid: string): string => hashText(uid, 8);

/** What is on record, with only those rows as going that are still leaving. Who is back or gone has to be paid for when it leaves again. */
export function stillGoing(
  window: readonly DeletionWindowEntry[],
  leaving: readonly string[],
): readonly DeletionWindowEntry[] {
  if (window.every(({ going }) => going === undefined)) return window;
  const hashes = new Set(leaving.map(hashOf));
  return window.map(({ going = [], ...entry }) => {
    const left = [...new Set(going)].filter((hash) => hashes.has(hash));
    return left.length === 0 ? entry : { ...entry, going: left };
  });
}

/** The same without the rows that are going: those are paid for by the entry of the sync that takes them. */
export function withoutGoing(window: readonly DeletionWindowEntry[]): readonly DeletionWindowEntry[] {
  return window.flatMap(({ going, ...entry }) => {
    if (going === undefined) return [entry];
    const rows = entry.rows - going.length;
    return rows > 0 ? [{ ...entry, rows }] : [];
  });
}

/** Whether all rows that leave are going already, by what a sync has put on record. */
export function isRepetition(window: readonly DeletionWindowEntry[], leaving: readonly string[]): boolean {
  const going = new Set(window.flatMap((entry) => entry.going ?? []));
  return going.size > 0 && leaving.every((uid) => going.has(hashOf(uid)));
}

/** Puts rows on record before they go. */
export function reservation(leaving: readonly string[], at: string): DeletionWindowEntry {
  const entry = { at, rows: leaving.length };
  return leaving.length > mostRows ? entry : { ...entry, going: leaving.map(hashOf) };
}
