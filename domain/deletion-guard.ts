import type { DeletionGuard, DeletionWindowEntry } from './api/hub.ts';
import { hashText } from './identity.ts';

/**
 * How many rows may lose their nodes (decisions.md section 4). A truncated table, a wrong view or a lagging replica looks exactly like a real
 * decommission, so removals have a rolling budget of one hour per hub, counted in rows; whole rows go or none.
 *
 * Invariants: an empty result never removes more than ten rows by itself; a held plan is released only by rows coming back, by an approval of
 * exactly this set, or by the hub's own `deletionGuard`; what the record of the last hour does not say clearly counts as spent.
 */

export interface GuardFacts {
  readonly settings: DeletionGuard | undefined;
  /** Rows (uids) that the plan would take a node from, other than because a form was deleted. */
  readonly leaving: readonly string[];
  /** Rows that are active now, frozen ones included. */
  readonly remaining: number;
  /** Rows that have at least one node which is not being deleted. */
  readonly rowsWithNodes: number;
  readonly window: readonly DeletionWindowEntry[];
  /** Value of annotation `lynq.sh/approve-deletions` on the hub. */
  readonly approval: string | undefined;
  /** Another source answers than the one that is known (source-watch.ts); then nothing goes, whatever the settings say. */
  readonly sourceChanged: boolean;
  readonly now: Date;
}

export type GuardVerdict =
  | {
      readonly kind: 'allow';
      readonly state: GuardState;
      /** What lets the rows go: `approval` is used up by it. */
      readonly by: 'budget' | 'approval' | 'settings';
    }
  | {
      readonly kind: 'hold';
      readonly state: GuardState;
      readonly planHash: string;
      readonly why: 'EmptyResult' | 'BudgetSpent' | 'SourceChanged';
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

const stamp = (now: Date): string => `${now.toISOString().slice(0, 19)}Z`;

/** The entries of the last hour. One without a readable time, or of the future, counts as of now, so that it ends an hour later. */
function lastHour(entries: readonly DeletionWindowEntry[], now: Date): readonly DeletionWindowEntry[] {
  return entries.flatMap((entry) => {
    const age = now.getTime() - new Date(entry.at).getTime();
    if (age >= windowMilliseconds) return [];
    return age >= 0 ? [entry] : [{ at: stamp(now), rows: entry.rows }];
  });
}

/** Decides over all removals of one sync at once. */
export function judgeDeletions(facts: GuardFacts): GuardVerdict {
  const settings = facts.settings ?? defaults;
  const window = lastHour(facts.window, facts.now);
  const spent = window.reduce((sum, { rows }) => sum + Math.max(0, rows), 0);
  const state: GuardState = { window, rowsAtStart: facts.rowsWithNodes + spent };
  if (facts.leaving.length === 0) return { kind: 'allow', state, by: 'budget' };

  const budget = Math.max(settings.maxRows, Math.floor((state.rowsAtStart * settings.maxPercent) / 100));
  const why = whyHeld(facts, settings, spent + facts.leaving.length > budget);
  const hash = planHash(facts.leaving);
  const by = released(facts, settings, why, hash);
  if (by === undefined && why !== undefined) {
    return { kind: 'hold', state, planHash: hash, why, budget: Math.max(0, budget - spent) };
  }
  const entry = { at: stamp(facts.now), rows: facts.leaving.length };
  return { kind: 'allow', state: { ...state, window: [...window, entry] }, by: by ?? 'budget' };
}

type HeldReason = Extract<GuardVerdict, { kind: 'hold' }>['why'];

function whyHeld(facts: GuardFacts, settings: DeletionGuard, overBudget: boolean): HeldReason | undefined {
  if (facts.sourceChanged) return 'SourceChanged';
  if (facts.remaining === 0 && facts.rowsWithNodes > emptyResultLimit && !settings.allowEmpty) return 'EmptyResult';
  return overBudget ? 'BudgetSpent' : undefined;
}

/** What releases a plan that would be held; no approval and no setting says that the source is the right one. */
function released(
  { approval }: GuardFacts,
  settings: DeletionGuard,
  why: HeldReason | undefined,
  hash: string,
): 'approval' | 'settings' | undefined {
  if (why === undefined || why === 'SourceChanged') return undefined;
  if (!settings.enabled) return 'settings';
  return approval === hash ? 'approval' : undefined;
}
