import type { JsonObject } from './api/json.ts';
import { isOrphaned } from './removal-plan.ts';
import { needMark, type NeededObject, neededObjects } from './retain.ts';
import type { NodeDigest } from './watching.ts';

/**
 * What retained objects need of objects that other forms of the row make (decisions.md section 4, "whatever form made them"). A node has the marks of
 * what its retained objects need on record before it makes or changes them; the other nodes of the row keep what bears such a mark, without an
 * ownerReference. A mark is a keyed hash: the name it stands for may come from a value that is secret.
 */

/** Kinds that a pod can name. */
const neededKinds: ReadonlySet<string> = new Set<NeededObject['kind']>([
  'ConfigMap',
  'Secret',
  'ServiceAccount',
  'PersistentVolumeClaim',
]);

/** Whether the pod of another form's workload can name an object with this key (`refKey`). */
export function canBeNeeded(key: string): boolean {
  const [group, kind = '', namespace] = key.split('/');
  return group === '' && namespace !== '' && neededKinds.has(kind);
}

type Needing = Pick<NodeDigest, 'needs'>;

/** Which of these keys another node of the row has on record as needed. */
export function neededElsewhere(
  keys: Iterable<string>,
  siblings: readonly Needing[],
  hubKey: Uint8Array,
): ReadonlySet<string> {
  const marks = new Set(siblings.flatMap(({ needs }) => needs));
  if (marks.size === 0) return new Set();
  return new Set([...keys].filter((key) => canBeNeeded(key) && marks.has(needMark(hubKey, key))));
}

/**
 * Keys of a node's objects that are to be kept for another node of the row and are not, or are kept and no node needs them. For the latter a pass
 * decides: what outlived its node needs them too.
 */
export function neededDifferences(
  node: Pick<NodeDigest, 'children' | 'kept'>,
  siblings: readonly Needing[],
  hubKey: Uint8Array,
): readonly string[] {
  const needed = neededElsewhere(node.children.keys(), siblings, hubKey);
  const missing = [...needed].filter((key) => node.children.get(key)?.retained !== true);
  return [...missing, ...node.kept.filter((key) => !needed.has(key))].toSorted();
}

/** The objects of these that pods of workloads which outlived their node name: markers, and no node, keep them. */
export function neededByOrphans<Ref extends { readonly kind: string; readonly name: string }>(
  refs: readonly Ref[],
  workloads: readonly JsonObject[],
): readonly Ref[] {
  const needs = workloads.filter(isOrphaned).flatMap(neededObjects);
  return refs.filter((ref) => needs.some(({ kind, name }) => kind === ref.kind && name === ref.name));
}

/**
 * The marks to have on record: what the present pods need, and while they are not written yet, what the pods need that are there. So what is needed
 * shrinks by a write only.
 */
export function marksOnRecord(
  present: readonly string[],
  known: { readonly needs?: readonly string[] | undefined; readonly applied?: string | undefined } | undefined,
  hash: string,
): readonly string[] {
  const before = known === undefined || known.applied === hash ? [] : (known.needs ?? []);
  return [...new Set([...present, ...before])].toSorted();
}
