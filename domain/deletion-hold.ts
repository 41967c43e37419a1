import type { DeletionHold } from './api/hub.ts';

/**
 * What is remembered of deletions that were held. A truncated table that is loaded again passes through a state in which only few rows are missing,
 * and new rows make any share smaller; neither says that these few are meant to go. So nothing goes after a hold until all rows are back, exactly this
 * set is approved, or `spec.deletionGuard` is edited to allow it (docs/decisions/0004).
 */

/** Rows that may go within one hour. */
export function budgetOf({ maxRows, maxPercent }: Limits, rowsAtStart: number): number {
  return Math.max(maxRows, Math.floor((rowsAtStart * maxPercent) / 100));
}

type Limits = Pick<DeletionHold, 'maxRows' | 'maxPercent'>;

/**
 * The largest limits that were in force while rows are held: an edit is told from rows that come back by comparing with them, and limits that are
 * made smaller for a while and put back allow nothing new.
 */
export function holdUnder(limits: DeletionHold, before: DeletionHold | undefined): DeletionHold {
  return {
    maxRows: Math.max(limits.maxRows, before?.maxRows ?? 0),
    maxPercent: Math.max(limits.maxPercent, before?.maxPercent ?? 0),
    allowEmpty: limits.allowEmpty || before?.allowEmpty === true,
  };
}

/** Whether the limits allow more than those of the hold; what they allow of an empty result matters to one only. */
export function isWidened(
  hold: DeletionHold,
  limits: DeletionHold,
  { rowsAtStart, isEmpty }: { readonly rowsAtStart: number; readonly isEmpty: boolean },
): boolean {
  if (isEmpty && limits.allowEmpty && !hold.allowEmpty) return true;
  return budgetOf(limits, rowsAtStart) > budgetOf(hold, rowsAtStart);
}
