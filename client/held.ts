import { type JsonObject, numberAt, textAt } from '../domain/api/json.ts';
import { conditionOf } from './kinds.ts';

/** What the last sync of a hub holds back, as condition DeletionHeld tells it. */
export interface HeldByHub {
  /** `EmptyResult`, `BudgetSpent`, `NotAllBack`, `SourceChanged`. */
  readonly reason: string;
  /** Count, why, and the first few uids. */
  readonly message: string;
  readonly rows: number;
  /** Undefined where it cannot be approved. */
  readonly planHash: string | undefined;
}

/** Undefined when nothing is held. */
export function heldByHub(hub: JsonObject): HeldByHub | undefined {
  const condition = conditionOf(hub, 'DeletionHeld');
  if (textAt(condition, 'status') !== 'True') return undefined;
  const message = textAt(condition, 'message') ?? '';
  return {
    reason: textAt(condition, 'reason') ?? '',
    message,
    rows: Number(/^(\d+) rows/.exec(message)?.[1] ?? numberAt(hub, 'status', 'rows', 'held') ?? 0),
    planHash: /plan hash (\S+?)\.?$/.exec(message)?.[1],
  };
}
