import type { InventoryEntry } from './api/node.ts';
import { refKey } from './child.ts';
import { isNamespace } from './form-kinds.ts';
import { labelValue } from './identity.ts';
import { annotations, labels } from './keys.ts';
import { writtenByUs } from './owned-fields.ts';
import { type NodeIdentity, orphanedFrom } from './ownership.ts';
import { isNodeReference } from './policies/merge-body.ts';
import { isoSeconds } from './status.ts';
import { changeKeys } from './watching.ts';
import { at, type JsonObject, listAt, textAt } from './api/json.ts';

/**
 * In which order the objects of a record go (decisions.md section 4): an object goes after all that depend on it, a Namespace after everything
 * recorded in it. Works from the record alone, so that removal never depends on a form that still renders.
 */

/** What is known of a recorded object during a removal. */
export type RemovalFact =
  /** Not looked at yet in this step. */
  | { readonly kind: 'open' }
  /** Asked to go; still there. */
  | { readonly kind: 'leaving' }
  /** Proven gone, kept with markers, or not ours. */
  | { readonly kind: 'done' };

function dependsOn(dependent: InventoryEntry, entry: InventoryEntry): boolean {
  if (removalKey(dependent) === removalKey(entry)) return false;
  if (isNamespace(entry) && dependent.namespace === entry.name) return true;
  if (isNamespace(dependent) && entry.namespace === dependent.name) return false;
  return (dependent.dependIds ?? []).includes(entry.id);
}

/** All entries that depend on one, directly or not. */
export function dependentsOf(entry: InventoryEntry, entries: readonly InventoryEntry[]): ReadonlySet<InventoryEntry> {
  const found = new Set<InventoryEntry>();
  const queue = [entry];
  for (let current = queue.shift(); current !== undefined; current = queue.shift()) {
    const target = current;
    const added = entries.filter((other) => !found.has(other) && dependsOn(other, target));
    for (const other of added) found.add(other);
    queue.push(...added);
  }
  return found;
}

/** The entries of cycles that nothing outside of them depends on. */
function outermostCycles(entries: readonly InventoryEntry[]): readonly InventoryEntry[] {
  const above = new Map(entries.map((entry) => [entry, dependentsOf(entry, entries)]));
  return entries.filter((entry) =>
    [...(above.get(entry) ?? [])].every((other) => above.get(other)?.has(entry) === true),
  );
}

/** Key of a recorded object in the facts of a removal; ids may repeat in a record while an object is being renamed. */
export function removalKey(entry: InventoryEntry): string {
  return refKey(entry);
}

/** Changes that can bring the removal of an object on. */
export function removalChanges(entry: InventoryEntry): readonly string[] {
  const own = changeKeys.child(removalKey(entry));
  if (entry.kind !== 'Namespace') return [own];
  return [own, changeKeys.namespace(entry.name), changeKeys.records(entry.name)];
}

/**
 * Entries that can be looked at or asked to go now. Should the record hold a cycle (it cannot, unless someone edited it), the entries of the
 * cycle go together rather than never.
 */
export function nextRemovals(
  entries: readonly InventoryEntry[],
  facts: ReadonlyMap<string, RemovalFact>,
): readonly InventoryEntry[] {
  const remaining = entries.filter((entry) => facts.get(removalKey(entry))?.kind !== 'done');
  const free = remaining.filter((entry) => !remaining.some((other) => dependsOn(other, entry)));
  const candidates = free.length > 0 ? free : outermostCycles(remaining);
  return candidates.filter((entry) => facts.get(removalKey(entry))?.kind !== 'leaving');
}

export type OrphanReason = 'LynqNodeDeleted' | 'RemovedFromTemplate' | 'RolledBack';

export interface OrphanMark {
  readonly identity: NodeIdentity;
  readonly reason: OrphanReason;
  readonly now: Date;
}

/** Conditions on a metadata patch: this very object, in the version it was read in. */
function preconditions(object: JsonObject): JsonObject {
  return {
    uid: textAt(object, 'metadata', 'uid') ?? '',
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
  };
}

/** Merge patch that releases an object and marks whose it was (parity 5.10); owners other than the node stay. */
export function orphanPatch(object: JsonObject, mark: OrphanMark): JsonObject {
  const owners = listAt(object, 'metadata', 'ownerReferences');
  const others = owners.filter((owner) => textAt(owner, 'uid') !== mark.identity.nodeUid);
  return {
    metadata: {
      ...preconditions(object),
      labels: { [labels.node]: null, [labels.nodeNamespace]: null, [labels.orphaned]: 'true' },
      annotations: {
        [annotations.orphanedAt]: isoSeconds(mark.now),
        [annotations.orphanedReason]: mark.reason,
        [annotations.orphanedFrom]: orphanedFrom(mark.identity),
        [annotations.orphanedNamespace]: mark.identity.namespace,
      },
      ...(others.length === owners.length ? {} : { ownerReferences: others }),
    },
  };
}

/** Merge patch that takes an orphan back: markers off, tracking on, and no LynqNode as its owner where it is to have none. */
export function adoptionPatch(object: JsonObject, body: JsonObject): JsonObject {
  const nodeName = textAt(body, 'metadata', 'annotations', labels.node);
  return {
    metadata: {
      ...preconditions(object),
      labels: {
        [labels.orphaned]: null,
        [labels.node]: textAt(body, 'metadata', 'labels', labels.node) ?? null,
        [labels.nodeNamespace]: textAt(body, 'metadata', 'labels', labels.nodeNamespace) ?? null,
      },
      annotations: {
        [annotations.orphanedAt]: null,
        [annotations.orphanedReason]: null,
        [annotations.orphanedFrom]: null,
        [annotations.orphanedNamespace]: null,
        [annotations.retainedFor]: null,
        ...(nodeName === undefined ? {} : { [labels.node]: nodeName }),
      },
      ...withoutOwner(object, body),
    },
  };
}

/**
 * Merge patch after which an object tracks another node, which takes it for its own by that. `retainedFor`: who says that it is to be kept, whatever that
 * other node's form does.
 */
export function handOverPatch(
  object: JsonObject,
  to: Pick<NodeIdentity, 'namespace' | 'name'>,
  retainedFor?: NodeIdentity,
): JsonObject {
  const label = labelValue(to.name);
  return {
    metadata: {
      ...preconditions(object),
      labels: { [labels.node]: label, [labels.nodeNamespace]: to.namespace },
      annotations: { [labels.node]: label === to.name ? null : to.name, ...retainMark(retainedFor) },
    },
  };
}

/** Merge patch after which an object that another node keeps is kept when that one goes. */
export function retainPatch(object: JsonObject, retainedFor: NodeIdentity): JsonObject {
  return { metadata: { ...preconditions(object), annotations: retainMark(retainedFor) } };
}

function retainMark(identity: NodeIdentity | undefined): JsonObject {
  return identity === undefined ? {} : { [annotations.retainedFor]: orphanedFrom(identity) };
}

function withoutOwner(object: JsonObject, body: JsonObject): JsonObject {
  if (listAt(body, 'metadata', 'ownerReferences').length > 0) return {};
  const owners = listAt(object, 'metadata', 'ownerReferences');
  const others = owners.filter((owner) => !isNodeReference(owner));
  return others.length === owners.length ? {} : { ownerReferences: others };
}

/** Whether an object carries orphan markers. */
export function isOrphaned(object: JsonObject): boolean {
  return at(object, 'metadata', 'labels', labels.orphaned) === 'true';
}

/**
 * What happens to a recorded object that is ours. Retain wins wherever record and live annotation disagree or the annotation cannot be read: a
 * policy that cannot be agreed on never deletes.
 */
export function removalAction(entry: InventoryEntry, object: JsonObject): 'retain' | 'delete' {
  return entry.policy === 'Delete' && saysDelete(object) ? 'delete' : 'retain';
}

function saysDelete(object: JsonObject): boolean {
  const isRetained = textAt(object, 'metadata', 'annotations', annotations.retainedFor) !== undefined;
  return !isRetained && textAt(object, 'metadata', 'annotations', annotations.deletionPolicy) === 'Delete';
}

/** Put on record to be taken over, and not written since: there is nothing of ours on it to take off. */
export function isUntouched(entry: InventoryEntry, object: JsonObject): boolean {
  return entry.adopted === true && !writtenByUs(object);
}

/** What an object itself says of its removal: its policy is Delete, and it is not kept from an earlier life. */
export function isDeletable(object: JsonObject): boolean {
  return saysDelete(object) && !isOrphaned(object);
}
