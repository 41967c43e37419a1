import type { DeletionGuard, DeletionWindowEntry } from './api/hub.ts';
import { hashText } from './identity.ts';

/**
 * How many rows may lose their nodes (decisions.md section 4). A truncated table, a wrong view or a lagging replica looks exactly like a real
 * decommission, so removals have a rolling budget of one hour per hub, counted in rows; whole rows go or none.
 *
 * Invariants: an empty result never removes more than ten rows by itself; a held plan is released only by rows coming back, by an approval of
 * exactly this set, or by the hub's own `deletionGuard`.
 */

export interface GuardFacts {
  readonly settings: DeletionGuard | undefined;
  /** Rows (uids) whose nodes the plan would remove because the row is gone or inactive. */
  readonly leaving: readonly string[];
  /** Rows that are active now, frozen ones included. */
  readonly remaining: number;
  /** Rows that have at least one node which is not being deleted. */
  readonly rowsWithNodes: number;
  readonly window: readonly DeletionWindowEntry[];
  /** Value of annotation `lynq.sh/approve-deletions` on the hub. */
  readonly approval: string | undefined;
  readonly now: Date;
}

export type GuardVerdict =
  | { readonly kind: 'allow'; readonly state: GuardState }
  | {
      readonly kind: 'hold';
      readonly state: GuardState;
      readonly planHash: string;
      readonly why: 'EmptyResult' | 'BudgetSpent';
      readonly budget: number;
    };

/** What is kept in the hub's status between syncs. */
export interface GuardState {
  readonly window: readonly DeletionWindowEntry[];
  /** Rows that had nodes when the window began: what is left plus what has gone within it. */
  readonly rowsAtStart: number;
}

const windowMilliseconds = 3_600_000;
const emptyResultLimit = 10;
const defaults: DeletionGuard = { enabled: true, maxRows: 10, maxPercent: 20, allowEmpty: false };

/** Identifies one set of rows: an approval of it does not hold for another set. */
export function planHash(leaving: readonly string[]): string {
  return hashText(leaving.toSorted().join('\n'), 16);
}

/** Decides over all removals of one sync at once. */
export function judgeDeletions(facts: GuardFacts): GuardVerdict {
  const settings = facts.settings ?? defaults;
  const window = facts.window.filter(({ at }) => facts.now.getTime() - new Date(at).getTime() < windowMilliseconds);
  const spent = window.reduce((sum, { rows }) => sum + rows, 0);
  const rowsAtStart = facts.rowsWithNodes + spent;
  if (facts.leaving.length === 0) return { kind: 'allow', state: { window, rowsAtStart } };

  const budget = Math.max(settings.maxRows, Math.floor((rowsAtStart * settings.maxPercent) / 100));
  const empty = facts.remaining === 0 && facts.rowsWithNodes > emptyResultLimit && !settings.allowEmpty;
  const hash = planHash(facts.leaving);
  const over = empty || spent + facts.leaving.length > budget;
  if (settings.enabled && over && facts.approval !== hash) {
    const why = empty ? 'EmptyResult' : 'BudgetSpent';
    return { kind: 'hold', state: { window, rowsAtStart }, planHash: hash, why, budget: Math.max(0, budget - spent) };
  }
  const entry = { at: `${facts.now.toISOString().slice(0, 19)}Z`, rows: facts.leaving.length };
  return { kind: 'allow', state: { window: [...window, entry], rowsAtStart } };
}
