import type { FrozenRow } from '../../domain/api/hub.ts';
import type { GuardVerdict } from '../../domain/deletion-guard.ts';
import type { Collision, HubPlan, Succession } from '../../domain/hub-plan.ts';
import type { SyncFacts } from '../../domain/hub-status.ts';
import { rowTotals } from '../../domain/row-totals.ts';
import type { SourceVerdict } from '../../domain/source-watch.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { HubRef, SyncCounts, SyncOutcome } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { type LeftForms, recordedAbsences } from './absent-forms.ts';
import type { Orphans } from './orphaned-nodes.ts';
import type { JudgedForm } from './read-forms.ts';
import type { ReadHub, SourceCredentials } from './read-hub.ts';
import type { RowsRead } from './read-rows.ts';

/** What one sync starts from, what it decides, and what is said of that. */

export interface Sync {
  readonly deps: Deps;
  readonly request: HubRef;
  readonly hub: ReadHub;
  readonly forms: readonly JudgedForm[];
  /** Forms that are not among them and have nodes. */
  readonly left: LeftForms;
  /** For the source; being read meanwhile. */
  readonly credentials: Promise<SourceCredentials>;
  readonly attempt: Attempt;
  readonly started: Date;
}

export function livingNodes({ deps, request }: Sync): readonly NodeDigest[] {
  return deps.nodes.ofHub(request.namespace, request.hub);
}

export type Synced = Extract<SyncOutcome, { kind: 'synced' }>;

export interface Decided {
  readonly read: RowsRead;
  /** What may be done of the plan now. */
  readonly plan: HubPlan;
  /** All that differs, held or not. */
  readonly wanted: HubPlan;
  readonly source: SourceVerdict;
  readonly guard: GuardVerdict;
  /** Rows that the whole plan would take nodes from. */
  readonly leaving: readonly string[];
  readonly orphans: Orphans;
}

/** Whether a sync would conclude the same from the same facts at any later time: a form that is gone, and deletions of the last hour, are judged by the clock. */
export function hadNothingToDo(
  sync: Sync,
  { wanted, guard, source }: Decided,
  { page, rollouts = [] }: Synced,
): boolean {
  const forms = new Set(sync.forms.map(({ name }) => name));
  if (!livingNodes(sync).every(({ form }) => forms.has(form))) return false;
  if (sync.left.absent.length + recordedAbsences(sync.hub).length > 0) return false;
  if (wanted.create.length + wanted.update.length + wanted.remove.length > 0) return false;
  // Of another hub's end nothing tells.
  if (wanted.successions.length > 0) return false;
  if (source.kind !== 'known' || guard.kind !== 'allow' || guard.state.window.length > 0) return false;
  return page.births.length + rollouts.length === 0;
}

export function secondsOf({ deps, started }: Sync): number {
  return (deps.clock.now().getTime() - started.getTime()) / 1_000;
}

/** Rows whose nodes stay as they are, each with its reason. */
export function frozenRows({ read, plan }: Decided): readonly FrozenRow[] {
  const collisions = plan.collisions.map((collision) => ({
    uid: collision.uid,
    reason: 'NameCollision',
    message: `with form ${collision.form} its LynqNode would be named ${collision.name}, as ${holderOf(collision)} is`,
  }));
  const byUid = new Map(collisions.map((collision) => [collision.uid, collision]));
  return [...read.classified.frozen.map(({ uid, reason, message }) => ({ uid, reason, message })), ...byUid.values()];
}

function holderOf({ holder, holderHub }: Collision): string {
  if (holderHub === '') return 'one that belongs to no hub';
  return holderHub === undefined ? `that of row ${holder}` : `that of row ${holder} of hub ${holderHub}`;
}

/** Of forms that were moved here while the other hub still has their nodes, or has left them without existing any more. */
export function successionWarnings({ plan: { successions }, orphans: { left } }: Decided): readonly string[] {
  const waiting = successions.filter(({ name }) => !left.has(name));
  const abandoned = successions.filter(({ name }) => left.has(name));
  const [waits] = waiting;
  const [stays] = abandoned;
  const waitingText = (first: Succession) =>
    `${waiting.length} LynqNodes of moved forms wait until those of the same name have gone: ${first.name} is of hub ${first.from}`;
  const abandonedText = (first: Succession) =>
    `${abandoned.length} LynqNodes of moved forms are of a hub that does not exist any more, and cannot be taken over without a change of their objects: ${first.name} is of hub ${first.from}, and ${left.get(first.name) ?? ''}; make that hub again and let the form name it, or delete these LynqNodes`;
  return [...(waits === undefined ? [] : [waitingText(waits)]), ...(stays === undefined ? [] : [abandonedText(stays)])];
}

/** What carrying the plan out came to. */
interface Written {
  readonly refused: readonly FrozenRow[];
  /** Rows that the next sync has to write. */
  readonly open: readonly string[];
  readonly strays: readonly string[];
}

/** What the status of the hub says of a sync. */
export function factsOf(sync: Sync, decided: Decided, { refused, open, strays }: Written): Omit<SyncFacts, 'seconds'> {
  const { forms } = sync;
  const nodes = livingNodes(sync);
  const { read, plan, source, guard, leaving } = decided;
  return {
    forms: forms.length,
    desired: plan.desired,
    rows: rowTotals({
      counts: read.classified.rows,
      active: read.classified.active.keys(),
      plan,
      forms: forms.map(({ name }) => name),
      nodes,
      held: heldRows(decided),
      refused: new Set(refused.map(({ uid }) => uid)),
    }),
    frozen: [...frozenRows(decided), ...refused],
    open: [...open, ...successionWarnings(decided)],
    warnings: [...read.proof.warnings, ...read.classified.warnings, ...strays],
    source,
    guard,
    leaving,
    totals: { ready: nodes.filter(({ ready }) => ready).length, failed: nodes.filter(({ failed }) => failed).length },
    insecure: read.proof.insecure,
  };
}

function heldRows({ guard, leaving }: Decided): number {
  return guard.kind === 'hold' ? leaving.length : 0;
}

export function countsOf(decided: Decided, written: Pick<SyncCounts, 'created' | 'updated' | 'removed'>): SyncCounts {
  const { classified } = decided.read;
  return {
    rows: classified.rows.seen,
    active: classified.rows.active,
    frozen: classified.frozen.length,
    held: heldRows(decided),
    ...written,
  };
}
