import { isJsonObject, listAt, textAt, type Json, type JsonObject } from '../../domain/api/json.ts';
import type { FieldConflict } from '../../domain/ports.ts';

/**
 * Field ownership of the fake cluster: paths of leaves in the words of FieldsV1 (`f:spec`, `k:{"name":"x"}`, `v:"x"`), close enough to
 * server-side apply for what activities ask. Known differences: list keys by field name and not by schema, no defaulting, no pruning.
 */
export type FieldPath = readonly string[];

/** Fields of one manager; the text of a path is its identity. */
export type FieldSet = ReadonlyMap<string, FieldPath>;

/** One entry of managedFields. */
export interface Holding {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string | undefined;
  readonly fields: FieldSet;
}

const listKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  imagePullSecrets: ['name'],
  ownerReferences: ['uid'],
  conditions: ['type'],
  ports: ['port', 'protocol', 'containerPort'],
};
const setFields: ReadonlySet<string> = new Set(['finalizers']);

/** Metadata that nobody owns. */
const unowned: ReadonlySet<string> = new Set(
  ['apiVersion', 'kind'].concat(
    ['name', 'namespace', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields'].map(
      (field) => `metadata.${field}`,
    ),
    ['deletionTimestamp', 'deletionGracePeriodSeconds', 'generateName', 'selfLink'].map((field) => `metadata.${field}`),
  ),
);

/** Leaves of an object. */
export function leavesOf(object: JsonObject): FieldSet {
  const leaves = new Map<string, FieldPath>();
  for (const path of walk(object, [])) {
    const names = path.slice(0, 2).map((step) => step.slice(2));
    if (!unowned.has(names[0] ?? '') && !unowned.has(names.join('.'))) leaves.set(idOf(path), path);
  }
  return leaves;
}

function* walk(value: Json | undefined, path: FieldPath): Generator<FieldPath> {
  const steps = stepsOf(value, path);
  if (steps === undefined || (steps.length === 0 && path.length > 0)) yield path;
  for (const [step, inner] of steps ?? []) {
    if (step.startsWith('v:')) yield [...path, step];
    else yield* walk(inner, [...path, step]);
  }
}

/** Steps into a value; undefined for a leaf. */
function stepsOf(
  value: Json | undefined,
  path: FieldPath,
): readonly (readonly [string, Json | undefined])[] | undefined {
  if (isJsonObject(value)) return Object.entries(value).map(([key, inner]) => [`f:${key}`, inner]);
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly Json[];
  const field = path.at(-1)?.slice(2) ?? '';
  if (setFields.has(field)) return list.map((item) => [`v:${JSON.stringify(item)}`, item]);
  const keyed = list.map((item) => [keyStep(field, item), item] as const);
  return keyed.every((entry): entry is [string, Json] => entry[0] !== undefined) ? keyed : undefined;
}

function keyStep(field: string, item: Json): string | undefined {
  const keys = (Object.hasOwn(listKeys, field) ? listKeys[field] : undefined) ?? [];
  if (!isJsonObject(item)) return undefined;
  const present = keys.filter((key) => Object.hasOwn(item, key));
  return present.length === 0
    ? undefined
    : `k:${JSON.stringify(Object.fromEntries(present.map((key) => [key, item[key]])))}`;
}

export function idOf(path: FieldPath): string {
  return path.join('\u0000');
}

/** `.spec.containers[name="app"].image`, as the server prints it. */
export function displayPath(path: FieldPath): string {
  return path
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`;
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
      const keys = Object.entries(JSON.parse(step.slice(2)) as JsonObject);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

/** Value at a path. */
export function valueAt(root: Json | undefined, path: FieldPath): Json | undefined {
  let value = root;
  for (const [index, step] of path.entries()) {
    const found = stepsOf(value, path.slice(0, index))?.find(([name]) => name === step);
    if (found === undefined) return undefined;
    value = found[1];
  }
  return value;
}

/** The object without the value at a path, and without maps and lists that become empty. */
export function without(root: JsonObject, path: FieldPath): JsonObject {
  return (remove(root, path, 0) ?? {}) as JsonObject;
}

function remove(value: Json, path: FieldPath, depth: number): Json | undefined {
  if (depth === path.length) return undefined;
  const steps = stepsOf(value, path.slice(0, depth));
  if (steps === undefined) return value;
  const kept = steps
    .map(([step, inner]) => [step, step === path[depth] ? remove(inner ?? null, path, depth + 1) : inner] as const)
    .filter(([, inner]) => inner !== undefined);
  if (kept.length === 0) return undefined;
  if (Array.isArray(value)) {
    const left = kept.map(([, inner]) => inner ?? null);
    return left.some((item) => !isOnlyKeys(item, path, depth)) ? left : undefined;
  }
  return Object.fromEntries(kept.map(([step, inner]) => [step.slice(2), inner ?? null]));
}

/** A list item of which only its keys are left has been removed as a whole. */
function isOnlyKeys(item: Json, path: FieldPath, depth: number): boolean {
  const step = path[depth] ?? '';
  if (!step.startsWith('k:') || !isJsonObject(item)) return false;
  return path.length === depth + 1 && JSON.stringify(item) === step.slice(2);
}

/** Live object with an applied one laid over it, lists merged by key. */
export function overlay(live: Json | undefined, applied: Json, path: FieldPath = []): Json {
  const steps = stepsOf(applied, path);
  if (steps === undefined || live === undefined) return applied;
  const liveSteps = stepsOf(live, path);
  if (liveSteps === undefined) return applied;
  const merged = new Map<string, Json | undefined>(liveSteps);
  for (const [step, inner] of steps) merged.set(step, overlay(merged.get(step), inner ?? null, [...path, step]));
  if (Array.isArray(applied)) return [...merged.values()].map((value) => value ?? null);
  return Object.fromEntries([...merged].map(([step, inner]) => [step.slice(2), inner ?? null]));
}

export interface Applied {
  readonly object: JsonObject;
  readonly holdings: readonly Holding[];
  readonly conflicts: readonly FieldConflict[];
}

/** Server-side apply: lays the body over the live object, removes what the manager no longer names, and settles who holds what. */
export function applyFields(
  live: JsonObject | undefined,
  held: readonly Holding[],
  body: JsonObject,
  by: Omit<Holding, 'fields'>,
): Applied {
  const fields = leavesOf(body);
  const mine = held.find((holding) => isSame(holding, by));
  const others = held.filter((holding) => !isSame(holding, by));
  const taken = new Set(
    [...fields].filter(([, path]) => !isEqual(valueAt(live, path), valueAt(body, path))).map(([id]) => id),
  );
  const conflicts = others.flatMap((other) =>
    [...other.fields]
      .filter(([id]) => taken.has(id))
      .map(([, path]) => ({ manager: other.manager, field: displayPath(path) })),
  );
  let object = overlay(live, body) as JsonObject;
  for (const [id, path] of mine?.fields ?? []) {
    const kept = fields.has(id) || others.some((other) => other.fields.has(id));
    if (!kept) object = without(object, path);
  }
  const rest = others.map((other) => ({ ...other, fields: minus(other.fields, taken) }));
  return { object, holdings: [...rest.filter((other) => other.fields.size > 0), { ...by, fields }], conflicts };
}

/** A plain write: every changed leaf goes to its manager, every removed one to nobody. */
export function updateFields(
  live: JsonObject | undefined,
  held: readonly Holding[],
  next: JsonObject,
  by: Omit<Holding, 'fields'>,
): readonly Holding[] {
  const before = live === undefined ? new Map<string, FieldPath>() : leavesOf(live);
  const after = leavesOf(next);
  const changed = [...after].filter(
    ([id, path]) => !before.has(id) || !isEqual(valueAt(live, path), valueAt(next, path)),
  );
  const gone = new Set([...before.keys()].filter((id) => !after.has(id)).concat(changed.map(([id]) => id)));
  const rest = held.map((holding) => ({ ...holding, fields: minus(holding.fields, gone) }));
  const mine = rest.find((holding) => isSame(holding, by));
  const fields = new Map([...(mine?.fields ?? []), ...changed]);
  const all = [...rest.filter((holding) => !isSame(holding, by)), { ...by, fields }];
  return all.filter((holding) => holding.fields.size > 0);
}

function isSame(a: Omit<Holding, 'fields'>, b: Omit<Holding, 'fields'>): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;
}

function minus(fields: FieldSet, ids: ReadonlySet<string>): FieldSet {
  return new Map([...fields].filter(([id]) => !ids.has(id)));
}

/** Deep equality of JSON, whatever the order of keys. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => isEqual(item as Json, (b as readonly Json[])[index]));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => isEqual(a[key], b[key]));
}

/** Holdings as `metadata.managedFields`. */
export function managedFieldsOf(apiVersion: string, time: string, holdings: readonly Holding[]): readonly Json[] {
  return holdings.map(({ manager, operation, subresource, fields }) => ({
    manager,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: treeOf([...fields.values()]),
    ...(subresource === undefined ? {} : { subresource }),
  }));
}

/** Holdings out of `metadata.managedFields`. */
export function holdingsOf(object: JsonObject | undefined): readonly Holding[] {
  return listAt(object, 'metadata', 'managedFields').map((entry) => ({
    manager: textAt(entry, 'manager') ?? '',
    operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    subresource: textAt(entry, 'subresource'),
    fields: new Map(pathsOf(isJsonObject(entry) ? entry.fieldsV1 : undefined, []).map((path) => [idOf(path), path])),
  }));
}

function treeOf(paths: readonly FieldPath[]): JsonObject {
  const root: Record<string, unknown> = {};
  for (const path of paths) {
    let node = root;
    for (const step of path)
      node = (node[step] ??= step.startsWith('k:') ? { '.': {} } : {}) as Record<string, unknown>;
  }
  return root as JsonObject;
}

function pathsOf(tree: Json | undefined, path: FieldPath): readonly FieldPath[] {
  const steps = isJsonObject(tree) ? Object.entries(tree).filter(([step]) => step !== '.') : [];
  if (steps.length === 0) return [path];
  return steps.flatMap(([step, below]) => pathsOf(below, [...path, step]));
}
