import { type Json, type JsonObject, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry, LynqNodeStatus } from '../../domain/api/node.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { type DesiredChild, intendedRecord } from '../../domain/child.ts';
import { isHashOf, keyedHash } from '../../domain/hashes.ts';
import type { Observation } from '../../domain/node-plan.ts';
import { writtenOnlyByUs } from '../../domain/owned-fields.ts';
import { marksOnRecord } from '../../domain/row-needs.ts';

/** Records and statuses of a pass, compared and put together. */

/** The record of a child as its form has it, with what it needed before as long as the form is not written. */
export function intendedOver(child: DesiredChild, known: InventoryEntry | undefined): InventoryEntry {
  const needs = marksOnRecord(child.needs ?? [], known, child.hash);
  return { ...intendedRecord(child), ...(needs.length === 0 ? {} : { needs: [...needs] }) };
}

/** The record of a child as its form has it, with what is known of the object. What was taken over stays so, also while the plan does not know it yet. */
export function recordFor(child: DesiredChild, known: InventoryEntry | undefined): InventoryEntry {
  return {
    ...intendedOver(child, known),
    ...(known?.uid === undefined ? {} : { uid: known.uid }),
    ...(known?.baseline === undefined ? {} : { baseline: known.baseline }),
    ...(known?.applied === undefined ? {} : { applied: known.applied }),
    ...(known?.attempt === undefined ? {} : { attempt: known.attempt }),
    ...(known?.adopted === true ? { adopted: true, policy: 'Retain' } : {}),
  };
}

/** The recorded baseline as a plain hash where the object still has it; otherwise text that no plain hash equals. */
export function plainBaseline(
  { baseline = '' }: InventoryEntry,
  observation: Observation | undefined,
  hubKey: Uint8Array,
): string {
  const owned = observation?.kind === 'ours' ? observation.digest.ownedHash : undefined;
  return owned !== undefined && isHashOf(baseline, owned, hubKey) ? owned : baseline;
}

/** What the record of an object says that we wrote and nobody has touched since; nothing where that cannot be told, so that it is written once more. */
export function writtenBefore(
  child: DesiredChild,
  { digest, untouched }: Extract<Observation, { kind: 'ours' }>,
  hubKey: Uint8Array,
): Pick<InventoryEntry, 'baseline' | 'applied'> {
  const { ownedHash, appliedHash } = digest;
  if (untouched !== true || appliedHash !== child.hash || ownedHash === undefined) return {};
  return { baseline: keyedHash(hubKey, ownedHash), applied: child.hash };
}

/**
 * The mark of the attempt that made an object, after a write. The write that makes it is answered with an object that nobody else has written; what was
 * made by then keeps its mark, whoever has written it since, such as the controller that binds a claim.
 */
export function markAfter(known: InventoryEntry | undefined, written: JsonObject): Pick<InventoryEntry, 'attempt'> {
  const { attempt, uid } = known ?? {};
  if (attempt === undefined) return {};
  const isKnown = uid !== undefined && uid === textAt(written, 'metadata', 'uid');
  return isKnown || writtenOnlyByUs(written) ? { attempt } : {};
}

/** The record of an object that is like any other once the creation of its node is complete. */
export function unmarked(entry: InventoryEntry): InventoryEntry {
  const { attempt: _attempt, ...rest } = entry;
  return rest;
}

/** Whether a status says Ready. */
export function isReady(status: LynqNodeStatus | undefined): boolean {
  return (status?.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');
}

/** A record as text, whatever the order of its entries: equal texts say the same. */
export function recordText(inventory: readonly InventoryEntry[] = []): string {
  return canonicalJson(toJson(inventory.toSorted((left, right) => (left.id < right.id ? -1 : 1))));
}

/** Plain JSON without absent members. */
function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}

/**
 * What makes a status worth a write: why exactly something is on its way changes all the time, and is told with the next real change, as is the time
 * of the last full comparison.
 */
export function essence(status: LynqNodeStatus): string {
  const resources = (status.resources ?? []).map(({ id, state, reason }) => ({
    id,
    state,
    reason: state === 'Progressing' ? '' : reason,
  }));
  const conditions = (status.conditions ?? []).map(({ type, status: value, reason, message }) => ({
    type,
    value,
    reason,
    message,
  }));
  return canonicalJson(toJson({ ...status, resources, conditions, lastFullReconcileAt: undefined }));
}

/** Ids of what a resync writes once more: all but what is made once. */
export function rewritable(children: readonly DesiredChild[]): readonly string[] {
  return children.flatMap(({ id, entry }) => (entry.creationPolicy === 'Once' ? [] : [id]));
}
