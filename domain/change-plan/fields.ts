import { isJsonObject, type Json, type JsonObject } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import { annotations } from '../keys.ts';

/** What differs between an object as it is and as a write would leave it, field by field, in words for people. */

export interface FieldChange {
  /** `.spec.template.spec.containers[name=api].image` */
  readonly path: string;
  /** Undefined where there is no such field. */
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** Bookkeeping of the server and of ours: it changes with every write and says nothing of its own. */
const serverMetadata: ReadonlySet<string> = new Set([
  'managedFields',
  'resourceVersion',
  'generation',
  'uid',
  'creationTimestamp',
  'selfLink',
]);
const ownAnnotations: ReadonlySet<string> = new Set([
  annotations.appliedHash,
  annotations.applyStartTime,
  annotations.ignoredFields,
]);

function without(object: JsonObject, names: ReadonlySet<string>): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.has(name)));
}

/** What of an object a person would compare. */
function comparable(object: JsonObject): JsonObject {
  const { metadata, status: _status, ...rest } = object;
  if (!isJsonObject(metadata)) return rest;
  const kept = without(metadata, serverMetadata);
  const notes = kept['annotations'];
  return { ...rest, metadata: isJsonObject(notes) ? { ...kept, annotations: without(notes, ownAnnotations) } : kept };
}

/** Every field that differs, by path; a map that is new or gone is told by its leaves. */
export function changedFields(before: JsonObject, after: JsonObject): readonly FieldChange[] {
  return differences('', comparable(before), comparable(after)).toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

function differences(path: string, before: Json | undefined, after: Json | undefined): readonly FieldChange[] {
  if (isSame(before, after)) return [];
  const [left, right] = sidesOf(before, after);
  if (left === undefined || right === undefined) return [{ path, before, after }];
  const names = [...new Set([...left.keys(), ...right.keys()])];
  const inside = names.flatMap((name) => differences(`${path}${name}`, left.get(name), right.get(name)));
  return inside.length === 0 ? [{ path, before, after }] : inside;
}

function isSame(before: Json | undefined, after: Json | undefined): boolean {
  if (before === undefined || after === undefined) return before === after;
  return canonicalJson(before) === canonicalJson(after);
}

type Side = Members['members'];
const nothing: Side = new Map();

/** Members to compare one by one; undefined where the values are told as wholes. A map that is new or gone is compared with nothing. */
function sidesOf(before: Json | undefined, after: Json | undefined): readonly [Side | undefined, Side | undefined] {
  const left = membersOf(before);
  const right = membersOf(after);
  if (before === undefined && right?.kind === 'map') return [nothing, right.members];
  if (after === undefined && left?.kind === 'map') return [left.members, nothing];
  return left?.kind === right?.kind ? [left?.members, right?.members] : [undefined, undefined];
}

interface Members {
  readonly kind: 'map' | 'keyed' | 'list';
  /** By the step that leads to it, as it is printed. */
  readonly members: ReadonlyMap<string, Json | undefined>;
}

function membersOf(value: Json | undefined): Members | undefined {
  if (Array.isArray(value)) return listMembers(value as readonly Json[]);
  if (!isJsonObject(value)) return undefined;
  return { kind: 'map', members: new Map(Object.entries(value).map(([name, item]) => [stepText(name), item])) };
}

/** Keys by which the elements of most lists of Kubernetes are told apart. */
const elementKeys = ['id', 'name', 'containerPort', 'port', 'mountPath', 'ip', 'uid', 'key', 'type'] as const;

function listMembers(items: readonly Json[]): Members {
  for (const key of elementKeys) {
    const values = items.map((item) => (isJsonObject(item) ? item[key] : undefined));
    const usable = values.every((value) => typeof value === 'string' || typeof value === 'number');
    if (usable && items.length > 0 && new Set(values).size === items.length) {
      return { kind: 'keyed', members: new Map(items.map((item, i) => [`[${key}=${String(values[i])}]`, item])) };
    }
  }
  return { kind: 'list', members: new Map(items.map((item, index) => [`[${index}]`, item])) };
}

function stepText(name: string): string {
  return /^[A-Za-z_][\w-]*$/.test(name) ? `.${name}` : `["${name}"]`;
}
