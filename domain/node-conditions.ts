import { type BlockedLeftover, blockedCleanup, saidCleanup } from './blocked-cleanup.ts';
import type { Creation } from './creation.ts';
import type { LynqNodeStatus } from './api/node.ts';
import type { EntryVerdict } from './node-plan.ts';
import type { NodeStatusFacts } from './status.ts';

type Draft = NodeStatusFacts['extra'][number];

const listed = 10;

function named(ids: readonly string[]): string {
  return `${ids.slice(0, listed).join(', ')}${ids.length > listed ? ', …' : ''}`;
}

function overriddenDraft(overridden: readonly string[]): readonly Draft[] {
  if (overridden.length === 0) return [];
  const message = `overridden until cleared or changed in the table: ${overridden.join(', ')}`;
  return [{ type: 'Overridden', status: 'True', reason: 'ScaleOverride', message }];
}

function driftedDraft(verdicts: ReadonlyMap<string, EntryVerdict>): readonly Draft[] {
  const ids = [...verdicts].flatMap(([id, { drifted }]) => (drifted === true ? [id] : []));
  if (ids.length === 0) return [];
  const message = `${ids.length} resources were changed by someone else and are left so: ${named(ids)}`;
  return [{ type: 'Drifted', status: 'True', reason: 'DriftReported', message }];
}

function rolledBackDraft(creation: Creation): readonly Draft[] {
  if (creation.kind !== 'rest' && creation.kind !== 'rollBack') return [];
  const { reason = 'Failed', message = '' } = creation.attempt;
  return [{ type: 'RolledBack', status: creation.kind === 'rest' ? 'True' : 'False', reason, message }];
}

export interface CleanupFacts {
  /** What this pass has found to be blocked; undefined while it has asked nothing to go. */
  readonly blocked: readonly BlockedLeftover[] | undefined;
  readonly said: LynqNodeStatus['conditions'];
  /** Whether there are leftovers at all. */
  isOpen(): boolean;
}

function cleanupDraft(facts: CleanupFacts): readonly Draft[] {
  const drafts = facts.blocked === undefined ? saidCleanup(facts.said) : blockedCleanup(facts.blocked);
  return drafts.length > 0 && facts.isOpen() ? drafts : [];
}

/** Conditions of a node that are there only while they hold: Overridden, Drifted, RolledBack, WaitingForForm, CleanupBlocked. */
export function furtherConditions(
  verdicts: ReadonlyMap<string, EntryVerdict>,
  facts: {
    readonly overridden: readonly string[];
    readonly creation: Creation;
    readonly gate: { readonly reason: string; readonly message: string } | undefined;
    readonly cleanup: CleanupFacts;
  },
): readonly Draft[] {
  const { gate } = facts;
  return [
    ...overriddenDraft(facts.overridden),
    ...driftedDraft(verdicts),
    ...rolledBackDraft(facts.creation),
    ...(gate === undefined ? [] : [{ type: 'WaitingForForm', status: 'True' as const, ...gate }]),
    ...cleanupDraft(facts.cleanup),
  ];
}
