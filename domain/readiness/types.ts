import type { JsonObject } from '../api/json.ts';

/**
 * What one look at an object tells. `progressing` may become ready by itself; `failed` will not without a change;
 * `satisfies` marks a progressing object whose dependents may go on (a claim that waits for its first consumer).
 */
export type Readiness =
  | { readonly state: 'ready' }
  | { readonly state: 'progressing'; readonly reason: string; readonly message: string; readonly satisfies?: true }
  | { readonly state: 'failed'; readonly reason: string; readonly message: string };

/** Rule of one kind: a complete object in, a verdict out; never looks elsewhere. */
export type ReadinessRule = (object: JsonObject) => Readiness;

export const ready: Readiness = { state: 'ready' };

export function progressing(reason: string, message: string): Readiness {
  return { state: 'progressing', reason, message };
}
