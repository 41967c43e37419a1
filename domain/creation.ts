import type { CreationAttempt, InventoryEntry } from './api/node.ts';
import { type JsonObject, textAt, textMapAt } from './api/json.ts';
import { isNamespace } from './form-kinds.ts';
import { hashText } from './identity.ts';
import { annotations } from './keys.ts';
import type { EntryVerdict } from './node-plan.ts';

/**
 * `rollbackOnFailure`: a node is created as a whole or not at all. What an attempt makes is marked on record before it is made, so that whoever comes
 * after a crash knows what to take back; objects that were there before carry no mark and are never touched.
 */

const values = [annotations.hostOrUrl, annotations.extra, annotations.overrides] as const;

/** What one attempt is about: the form's revision and the row's values. A resync or a pause is no new attempt. */
export function attemptId(node: JsonObject): string {
  const found = textMapAt(node, 'metadata', 'annotations');
  const text = JSON.stringify([textAt(node, 'spec', 'formRevision') ?? '', ...values.map((key) => found[key] ?? '')]);
  return hashText(text, 16);
}

export type Creation =
  /** The node is complete, or its form does not ask for this. */
  | { readonly kind: 'none' }
  | { readonly kind: 'create'; readonly attempt: CreationAttempt }
  /** What the attempt made goes, before anything else happens. */
  | { readonly kind: 'rollBack'; readonly attempt: CreationAttempt }
  /** Everything was taken back; it stays so until form or row change, or someone asks for a resync. */
  | { readonly kind: 'rest'; readonly attempt: CreationAttempt };

export interface CreationFacts {
  /** `rollbackOnFailure` of the form. */
  readonly enabled: boolean;
  readonly previous: CreationAttempt | undefined;
  /** Something of this node is on record already. */
  readonly recorded: boolean;
  /** `attemptId` of the node as it is now. */
  readonly input: string;
  /** A resync was asked for. */
  readonly forced: boolean;
}

const superseded = { reason: 'Superseded', message: 'the form or the row changed before the node was complete' };

/** What the pass is part of. */
export function creationOf({ enabled, previous, recorded, input, forced }: CreationFacts): Creation {
  const fresh: Creation = { kind: 'create', attempt: { id: input, phase: 'Creating' } };
  if (previous?.phase === 'RollingBack') return { kind: 'rollBack', attempt: previous };
  if (!enabled) return { kind: 'none' };
  if (previous === undefined) return recorded ? { kind: 'none' } : fresh;
  if (previous.phase === 'RolledBack') {
    return previous.id === input && !forced ? { kind: 'rest', attempt: previous } : fresh;
  }
  if (previous.id === input) return { kind: 'create', attempt: previous };
  return { kind: 'rollBack', attempt: { id: previous.id, phase: 'RollingBack', ...superseded } };
}

/** Why an attempt cannot succeed any more; undefined while it can. */
export function creationFailure(
  verdicts: ReadonlyMap<string, EntryVerdict>,
): { readonly reason: string; readonly message: string } | undefined {
  for (const [id, { status }] of verdicts) {
    if (status.state !== 'Failed' && status.state !== 'Conflicted') continue;
    return { reason: status.reason ?? status.state, message: `resource '${id}': ${status.message ?? status.state}` };
  }
  return undefined;
}

/** Whether every entry is done, so that the attempt has succeeded. */
export function isCreated(verdicts: ReadonlyMap<string, EntryVerdict>): boolean {
  return [...verdicts.values()].every(({ done }) => done);
}

/** What a rollback takes back: what the attempt made, but for what is retained. */
export function madeBy(attempt: CreationAttempt, inventory: readonly InventoryEntry[]): readonly InventoryEntry[] {
  return inventory.filter((entry) => entry.attempt === attempt.id && entry.policy === 'Delete');
}

/** The record as the removal of a half-made node sees it: what was there before the attempt is kept, whatever its policy. */
export function removalRecord(
  attempt: CreationAttempt | undefined,
  inventory: readonly InventoryEntry[],
): readonly InventoryEntry[] {
  if (attempt === undefined || attempt.phase === 'RolledBack') return inventory;
  return inventory.map((entry) =>
    entry.attempt === undefined && !isOnlyNamed(entry) ? { ...entry, policy: 'Retain' as const } : entry,
  );
}

/** A Namespace that another node of the row keeps (docs/decisions/0007): this one has nothing there to keep. */
const isOnlyNamed = (entry: InventoryEntry): boolean => entry.uid === undefined && isNamespace(entry);
