import { at, type JsonObject, listAt, textAt, textMapAt } from '../../../domain/api/json.ts';
import { annotations, apiVersion, finalizers, labels } from '../../../domain/keys.ts';
import type { ObjectRef, WriteOptions } from '../../../domain/ports.ts';

/** One step by which a worker changes the world, waits for it or answers it. Failpoints are named after these, so production code needs no marks. */
export interface Effect {
  readonly purpose: Purpose;
  /** Kind of the object; of a run its workflow type. */
  readonly kind: string;
  /** Everything that names what it is about, joined: the scope of a failpoint is looked for in it. */
  readonly about: string;
}

export type Purpose =
  /** Reads. */
  | 'look'
  | 'list'
  /** A child, or a Secret with generated values. */
  | 'apply'
  | 'keepGenerated'
  | 'adopt'
  | 'retainLeftover'
  | 'retainRemoved'
  | 'remove'
  /** LynqHub, LynqForm and LynqNode. */
  | 'birth'
  | 'finalizerAdd'
  | 'finalizerRemove'
  | 'intent'
  | 'status'
  /** Names the nodes of a form that may change. */
  | 'rolloutRecord'
  | 'readyStatus'
  | 'overrides'
  | 'edit'
  /** A rollout lets a LynqNode go to another revision. What a sync changes may name a revision too, and is an edit. */
  | 'grant'
  /** The process and its runs. */
  | 'readRows'
  | 'rowSeen'
  | 'startChild'
  | 'childStarted'
  | 'wait'
  | 'signal'
  | 'continueAsNew'
  | 'continued'
  | 'shutdown'
  | 'closing'
  | 'other';

const about = ({ namespace, name }: ObjectRef): string => `${namespace ?? ''}/${name}`;

export const lookOf = (ref: ObjectRef): Effect => ({ purpose: 'look', kind: ref.kind, about: about(ref) });

export const removalOf = (ref: ObjectRef): Effect => ({ purpose: 'remove', kind: ref.kind, about: about(ref) });

/** What a write is for, from what is written: the same names as in the code that writes. */
export function writeOf(ref: ObjectRef, body: JsonObject, options: WriteOptions): Effect {
  const purpose = ref.apiVersion === apiVersion ? purposeOfOwn(ref, body, options) : purposeOfChild(ref, body);
  return { purpose, kind: ref.kind, about: about(ref) };
}

export function birthOf(ref: ObjectRef): Effect {
  return { purpose: ref.kind === 'LynqNode' ? 'birth' : 'other', kind: ref.kind, about: about(ref) };
}

function purposeOfOwn(ref: ObjectRef, body: JsonObject, options: WriteOptions): Purpose {
  if (options.subresource === 'status') return ref.kind === 'LynqNode' ? purposeOfStatus(body) : purposeOfOwner(body);
  if (at(body, 'metadata', 'finalizers') !== undefined) {
    const kept = listAt(body, 'metadata', 'finalizers');
    const own: readonly unknown[] = Object.values(finalizers);
    return kept.some((finalizer) => own.includes(finalizer)) ? 'finalizerAdd' : 'finalizerRemove';
  }
  if (at(body, 'metadata', 'annotations', annotations.letGo) !== undefined) return 'grant';
  return at(body, 'metadata', 'annotations', annotations.overrides) === undefined ? 'edit' : 'overrides';
}

/** Of a LynqHub or LynqForm. */
function purposeOfOwner(body: JsonObject): Purpose {
  return listAt(body, 'status', 'rollout', 'inFlight').length > 0 ? 'rolloutRecord' : 'status';
}

/** An entry of the record without a uid is an intent: its object has not been seen yet. */
function purposeOfStatus(body: JsonObject): Purpose {
  if (listAt(body, 'status', 'inventory').some((entry) => textAt(entry, 'uid') === undefined)) return 'intent';
  const ready = listAt(body, 'status', 'conditions').some(
    (condition) => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
  return ready ? 'readyStatus' : 'status';
}

function purposeOfChild(ref: ObjectRef, body: JsonObject): Purpose {
  if (ref.kind === 'Secret' && ref.name.endsWith('-generated')) return 'keepGenerated';
  const orphaned = at(body, 'metadata', 'labels', labels.orphaned);
  if (orphaned === 'true') {
    const reason = textMapAt(body, 'metadata', 'annotations')[annotations.orphanedReason];
    return reason === 'RemovedFromTemplate' ? 'retainLeftover' : 'retainRemoved';
  }
  return orphaned === null ? 'adopt' : 'apply';
}
