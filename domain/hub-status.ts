import type { FrozenRow, LynqHubStatus } from './api/hub.ts';
import type { GuardVerdict } from './deletion-guard.ts';
import type { RowTotals } from './row-totals.ts';
import type { SourceVerdict } from './source-watch.ts';
import { isoSeconds, settleConditions } from './status.ts';

/** What kubectl shows of a hub (parity 3.7 with the real error; decisions.md sections 1 and 4). */

export interface NodeTotals {
  readonly ready: number;
  readonly failed: number;
}

export interface SyncFacts {
  readonly forms: number;
  readonly desired: number;
  readonly rows: RowTotals;
  readonly frozen: readonly FrozenRow[];
  /** What another sync has to go on with, whatever the interval (follow-up.ts). */
  readonly open?: readonly string[];
  readonly warnings: readonly string[];
  readonly source: SourceVerdict;
  readonly guard: GuardVerdict;
  readonly leaving: readonly string[];
  readonly totals: NodeTotals;
  readonly insecure: boolean;
  readonly seconds: number;
}

export interface HubStatusBase {
  readonly previous: LynqHubStatus | undefined;
  readonly generation: number;
  readonly now: Date;
}

/** Condition of a hub whose schedule cannot be made; not there on any other. */
export const notScheduled = 'NotScheduled';

type Draft = Parameters<typeof settleConditions>[1][number];

const sampleSize = 10;
const listedFrozenRows = 20;
const listedWarnings = 10;

function heldDraft({ guard, leaving }: SyncFacts): Draft {
  if (guard.kind === 'allow')
    return { type: 'DeletionHeld', status: 'False', reason: 'WithinBudget', message: 'No deletion is held' };
  const sample = leaving.slice(0, sampleSize).join(', ');
  const more = leaving.length > sampleSize ? ', …' : '';
  const why = {
    EmptyResult: 'the table has no active row',
    BudgetSpent: `the budget of this hour allows ${guard.budget} more`,
    NotAllBack: 'not all rows are back since more were held',
    SourceChanged: 'another source answers than before',
  }[guard.why];
  const release =
    guard.why === 'SourceChanged'
      ? 'They are judged again when it has given two further equal reads.'
      : `None goes until all rows are back, an edit of spec.deletionGuard allows them, or this set is approved with plan hash ${guard.planHash}.`;
  return {
    type: 'DeletionHeld',
    status: 'True',
    reason: guard.why,
    message: `${leaving.length} rows would lose their nodes but ${why}: ${sample}${more}. ${release}`,
  };
}

function sourceDraft({ source }: SyncFacts): Draft {
  return source.kind === 'changed'
    ? {
        type: 'SourceChanged',
        status: 'True',
        reason: 'OtherSource',
        message:
          'Another server answers than before, or the table or view is defined otherwise: no row is removed or changed until it has given two further equal reads',
      }
    : { type: 'SourceChanged', status: 'False', reason: 'KnownSource', message: 'The known source answers' };
}

function transportDraft(insecure: boolean): Draft {
  return insecure
    ? {
        type: 'InsecureTransport',
        status: 'True',
        reason: 'NoTls',
        message: 'The connection to the database is not encrypted',
      }
    : {
        type: 'InsecureTransport',
        status: 'False',
        reason: 'Tls',
        message: 'The connection to the database is encrypted',
      };
}

const rowsWaiting = 'RowsWaiting';

/** Reason of condition RowsWaiting of a paused hub: of nodes that are still to be taken up again, not of rows. */
export const notTakenUp = 'NotTakenUp';

/** There only while rows wait: since when it says decides over further syncs. */
function waitingDrafts(open: readonly string[], reason = 'LeftToNextSync'): readonly Draft[] {
  if (open.length === 0) return [];
  return [{ type: rowsWaiting, status: 'True', reason, message: open.join('; ') }];
}

/** Status after a complete sync. */
export function syncedStatus(base: HubStatusBase, facts: SyncFacts): LynqHubStatus {
  const message = 'Successfully connected to database and queried node data';
  const { open = [] } = facts;
  const drafts: readonly Draft[] = [
    { type: 'Ready', status: 'True', reason: 'DatabaseConnected', message },
    heldDraft(facts),
    sourceDraft(facts),
    transportDraft(facts.insecure),
    ...waitingDrafts(open),
  ];
  return {
    observedGeneration: base.generation,
    referencingTemplates: facts.forms,
    desired: facts.desired,
    ready: facts.totals.ready,
    failed: facts.totals.failed,
    conditions: [...settleConditions(base.previous?.conditions ?? [], drafts, base)],
    lastSyncTime: isoSeconds(base.now),
    lastSyncDuration: `${facts.seconds.toFixed(1)}s`,
    rows: { ...facts.rows },
    frozenRows: facts.frozen.slice(0, listedFrozenRows),
    warnings: [...open, ...facts.warnings].slice(0, listedWarnings),
    source: { ...facts.source.state },
    deletionGuard: { ...facts.guard.state, window: [...facts.guard.state.window] },
  };
}

/** What a sync that ends says anew, or disproves. */
const endedBySync: ReadonlySet<string> = new Set(['Ready', 'SyncStuck', notScheduled]);

/** Status of a hub that is being deleted: what holds that up, beside all other conditions. */
export function removingStatus(base: HubStatusBase, open: readonly string[]): LynqHubStatus {
  return waitingStatus(base, waitingDrafts(open));
}

/** Status of a paused hub: nodes that cannot be taken up again, `open`. Rows that waited when it was paused still do. */
export function pausedStatus(base: HubStatusBase, open: readonly string[]): LynqHubStatus {
  const conditions = base.previous?.conditions ?? [];
  const isOver = conditions.some(({ type, reason }) => type === rowsWaiting && reason === notTakenUp);
  return open.length > 0 || isOver ? waitingStatus(base, waitingDrafts(open, notTakenUp)) : (base.previous ?? {});
}

/** The last status with what waits now in the place of what waited. */
function waitingStatus(base: HubStatusBase, drafts: readonly Draft[]): LynqHubStatus {
  const previous = base.previous ?? {};
  const conditions = previous.conditions ?? [];
  const others = conditions.filter(({ type }) => type !== rowsWaiting);
  if (drafts.length === 0 && others.length === conditions.length) return previous;
  return { ...previous, conditions: [...others, ...settleConditions(conditions, drafts, base)] };
}

/** Status after a sync that could not read: every number keeps its last value, only the condition changes. */
export function failedSyncStatus(
  base: HubStatusBase,
  failure: { readonly reason: string; readonly message: string },
): LynqHubStatus {
  const previous = base.previous ?? {};
  const draft: Draft = { type: 'Ready', status: 'False', reason: failure.reason, message: failure.message };
  const others = (previous.conditions ?? []).filter(({ type }) => !endedBySync.has(type));
  return {
    ...previous,
    observedGeneration: base.generation,
    conditions: [...settleConditions(previous.conditions ?? [], [draft], base), ...others],
  };
}

/**
 * Status while a sync hangs: condition SyncStuck beside all others, until a sync ends. Undefined when the last status says so already.
 */
export function stuckSyncStatus(base: HubStatusBase, since: Date): LynqHubStatus | undefined {
  const previous = base.previous ?? {};
  const conditions = previous.conditions ?? [];
  const message = `The sync that began at ${isoSeconds(since)} has not ended; its run in Temporal shows what it waits for`;
  if (conditions.some((condition) => condition.type === 'SyncStuck' && condition.message === message)) return undefined;
  const draft: Draft = { type: 'SyncStuck', status: 'True', reason: 'RunsTooLong', message };
  const others = conditions.filter(({ type }) => type !== 'SyncStuck');
  return { ...previous, conditions: [...others, ...settleConditions(conditions, [draft], base)] };
}

/**
 * Status while the schedule of a hub cannot be made, beside all other conditions; without `why`, when it can be. Undefined when the last status says so
 * already.
 */
export function unscheduledStatus(base: HubStatusBase, why: string | undefined): LynqHubStatus | undefined {
  const previous = base.previous ?? {};
  const conditions = previous.conditions ?? [];
  const said = conditions.find(({ type }) => type === notScheduled);
  const others = conditions.filter(({ type }) => type !== notScheduled);
  if (why === undefined) return said === undefined ? undefined : { ...previous, conditions: others };
  const message = `Nothing syncs this hub by itself, for its schedule cannot be made in Temporal: ${why}`;
  if (said?.message === message) return undefined;
  const draft: Draft = { type: notScheduled, status: 'True', reason: 'ScheduleRefused', message };
  return { ...previous, conditions: [...others, ...settleConditions(conditions, [draft], base)] };
}
