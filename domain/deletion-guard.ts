import type { DeletionGuard, DeletionHold, DeletionWindowEntry } from './api/hub.ts';
import { budgetOf, holdUnder, isWidened } from './deletion-hold.ts';
import { isRepetition, reservation, stillGoing, withoutGoing } from './deletion-reservation.ts';
import { hashText } from './identity.ts';

/**
 * How many rows may lose their nodes (decisions.md section 4). A truncated table, a wrong view or a lagging replica looks exactly like a real
 * decommission, so removals have a rolling budget of one hour per hub, counted in rows; whole rows go or none.
 *
 * Invariants: an empty result never removes more than ten rows by itself; after a hold nothing goes until all rows are back, exactly this set is
 * approved, or the hub's own `deletionGuard` is edited to allow it (deletion-hold.ts); what the record of the last hour does not say clearly counts
 * as spent; a removal that is on record is repeated at no further cost and begins no hold (deletion-reservation.ts).
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
  /** The hold that no sync has ended yet. */
  readonly hold?: DeletionHold | undefined;
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
      /** `NotAllBack`: the budget would do, but rows are still missing since more were held. */
      readonly why: 'EmptyResult' | 'BudgetSpent' | 'NotAllBack' | 'SourceChanged';
      readonly budget: number;
    };

/** What is kept in the hub's status between syncs. */
export interface GuardState {
  readonly window: readonly DeletionWindowEntry[];
  /** Rows that had nodes when the window began: what is left plus what has gone within it. */
  readonly rowsAtStart: number;
  /** Absent when nothing is held. */
  readonly hold?: DeletionHold | undefined;
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
    return age >= 0 ? [entry] : [{ ...entry, at: stamp(now) }];
  });
}

/** Decides over all removals of one sync at once. */
export function judgeDeletions(facts: GuardFacts): GuardVerdict {
  const settings = facts.settings ?? defaults;
  const window = stillGoing(lastHour(facts.window, facts.now), facts.leaving);
  const gone = withoutGoing(window);
  const spent = gone.reduce((sum, { rows }) => sum + Math.max(0, rows), 0);
  const state = { window, rowsAtStart: facts.rowsWithNodes + spent };
  // What a source shows that is not known yet neither ends a hold nor begins one.
  const kept = facts.sourceChanged && facts.hold !== undefined ? { ...state, hold: facts.hold } : state;
  if (facts.leaving.length === 0) return { kind: 'allow', state: kept, by: 'budget' };

  const budget = budgetOf(settings, state.rowsAtStart);
  const planned = planHash(facts.leaving);
  const held = { kind: 'hold', planHash: planned, budget: Math.max(0, budget - spent) } as const;
  if (facts.sourceChanged) return { ...held, why: 'SourceChanged', state: kept };
  const why = whyHeld({ ...facts, window }, settings, {
    over: spent + facts.leaving.length > budget,
    rowsAtStart: state.rowsAtStart,
  });
  const by = released(facts, settings, why, planned);
  if (by === undefined && why !== undefined)
    return { ...held, why, state: { ...state, hold: holdUnder(settings, facts.hold) } };
  const entry = reservation(facts.leaving, stamp(facts.now));
  return { kind: 'allow', state: { ...state, window: [...gone, entry] }, by: by ?? 'budget' };
}

type HeldReason = Exclude<Extract<GuardVerdict, { kind: 'hold' }>['why'], 'SourceChanged'>;

function whyHeld(
  { hold, remaining, rowsWithNodes, window, leaving }: GuardFacts,
  settings: DeletionGuard,
  { over, rowsAtStart }: { readonly over: boolean; readonly rowsAtStart: number },
): HeldReason | undefined {
  if (hold === undefined && isRepetition(window, leaving)) return undefined;
  const isEmpty = remaining === 0;
  if (isEmpty && rowsWithNodes > emptyResultLimit && !settings.allowEmpty) return 'EmptyResult';
  if (over) return 'BudgetSpent';
  return hold === undefined || isWidened(hold, settings, { rowsAtStart, isEmpty }) ? undefined : 'NotAllBack';
}

/** What releases a plan that was or would be held; no approval and no setting says that the source is the right one. */
function released(
  { approval, hold }: GuardFacts,
  settings: DeletionGuard,
  why: HeldReason | undefined,
  hash: string,
): 'approval' | 'settings' | undefined {
  if (why === undefined) return hold === undefined ? undefined : 'settings';
  if (!settings.enabled) return 'settings';
  return approval === hash ? 'approval' : undefined;
}
