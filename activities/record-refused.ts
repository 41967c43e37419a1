import { type FailureDetail, LynqFailure } from '../domain/failures.ts';
import type { WriteResult } from '../domain/ports.ts';

/** `what` of ours could not be written, and why, in our own words: `RecordRefused`. */
export function recordRefused(
  what: string,
  result: Exclude<WriteResult, { readonly kind: 'ok' }>,
  detail: FailureDetail,
): LynqFailure {
  const why = result.kind === 'refused' ? result.message : result.kind;
  return new LynqFailure('RecordRefused', `${what} cannot be written: ${why}`, detail);
}
