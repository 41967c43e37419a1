import type { FieldConflict } from '../ports.ts';
import { fieldText } from './field-text.ts';

/**
 * Someone else changes our fields as often as we repair them. The first repairs follow at once, then they get rarer while it lasts, so that the writes
 * of both sides stay bounded (reliability I17); when it has been quiet for a while everything is forgotten.
 */
export interface RepairHistory {
  /** Hash of the object that was written; another one is no repair. */
  readonly hash: string;
  /** Writes of this hash, each soon after the one before. */
  readonly writes: number;
  readonly lastMilliseconds: number;
}

export const fightLimits = { quickWrites: 5, firstPause: 60_000, longestPause: 300_000 } as const;

/** How long after its last write an object may be written again with the same content. */
function pauseAfter(writes: number): number {
  const { quickWrites, firstPause, longestPause } = fightLimits;
  return writes < quickWrites ? 0 : Math.min(longestPause, firstPause * 2 ** Math.min(10, writes - quickWrites));
}

/** Quiet for this long ends a fight. */
function calmAfter(writes: number): number {
  return Math.max(fightLimits.firstPause, 2 * pauseAfter(writes));
}

/** The history after one more write. */
export function afterWrite(history: RepairHistory | undefined, hash: string, now: Date): RepairHistory {
  const goesOn = history !== undefined && isRepair(history, hash, now);
  return { hash, writes: goesOn ? history.writes + 1 : 1, lastMilliseconds: now.getTime() };
}

/** Whether a write of this content would be a repair of one that was made not long ago. */
export function isRepair(history: RepairHistory | undefined, hash: string, now: Date): boolean {
  return history?.hash === hash && now.getTime() - history.lastMilliseconds <= calmAfter(history.writes);
}

/** Until when a repair has to wait; undefined when it need not. */
export function heldUntil(history: RepairHistory | undefined, hash: string, now: Date): Date | undefined {
  if (history === undefined || !isRepair(history, hash, now)) return undefined;
  const until = history.lastMilliseconds + pauseAfter(history.writes);
  return until > now.getTime() ? new Date(until) : undefined;
}

/** Who is on the other side, for people; the same text while the fight lasts. */
export function fightMessage(fields: readonly FieldConflict[]): string {
  const [first] = fields;
  const what =
    first === undefined
      ? 'the object is changed or deleted again and again'
      : `${fieldText(first.field)} is changed again and again by field manager ${first.manager}`;
  return `${what}; it is put right less often while this lasts`;
}
