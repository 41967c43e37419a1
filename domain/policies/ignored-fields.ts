import { at, isJsonObject, type Json, type JsonObject, textAt } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import { allBelow, elementsOf, type FieldSet, holdingsOf, keysOf } from '../field-sets.ts';
import { annotations, reservedPrefix } from '../keys.ts';
import { type FieldPath, type FieldStep, fieldPathText, type FilterTest, parseFieldPath } from './field-path.ts';

/**
 * Fields that a form leaves to others after creation (decisions.md section 5): taken out of what an update sends, per element. A list or map that
 * the server only takes whole is sent with the live values in these places.
 */

function holds(test: FilterTest, item: Json): boolean {
  const found = test.path.length === 0 ? item : at(item, ...test.path);
  return (found !== undefined && canonicalJson(found) === canonicalJson(test.value)) === test.equal;
}

function selects(step: FieldStep, key: string | number, value: Json | undefined): boolean {
  switch (step.kind) {
    case 'name':
      return key === step.name;
    case 'index':
      return key === step.index;
    case 'any':
      return true;
    case 'filter':
      return typeof key === 'number' && value !== undefined && step.tests.every((test) => holds(test, value));
  }
}

/** What is left of paths after one member: `whole` when one of them ends there. */
export interface Followed {
  readonly whole: boolean;
  readonly rest: readonly FieldPath[];
}

/** Follows paths to one member of a map (by name) or a list (by place). Our own labels and annotations are never ignored. */
export function follow(paths: readonly FieldPath[], key: string | number, value: Json | undefined): Followed {
  if (typeof key === 'string' && key.startsWith(reservedPrefix)) return { whole: false, rest: [] };
  const rest = paths.flatMap((path) => {
    const [step, ...further] = path;
    return step !== undefined && selects(step, key, value) ? [further] : [];
  });
  return { whole: rest.some((path) => path.length === 0), rest };
}

function withoutIn(value: Json | undefined, key: string | number, paths: readonly FieldPath[]): Json | undefined {
  const { whole, rest } = follow(paths, key, value);
  return whole || value === undefined ? undefined : withoutFields(value, rest);
}

/** A value without the fields that the paths name. */
export function withoutFields<T extends Json>(value: T, paths: readonly FieldPath[]): T;
export function withoutFields(value: Json, paths: readonly FieldPath[]): Json {
  if (paths.length === 0) return value;
  if (Array.isArray(value)) {
    const list = value as readonly Json[];
    return list.map((item, index) => withoutIn(item, index, paths)).filter((item) => item !== undefined);
  }
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, withoutIn(item, key, paths)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

/** Text for the annotation that tells, from an object alone, which of its fields do not count as ours. */
export function ignoredAnnotation(paths: readonly FieldPath[]): string {
  return JSON.stringify(paths.map(fieldPathText));
}

/** The paths an object was written with. Changing the annotation is drift like any other, so nobody can hide an edit behind it. */
export function ignoredPaths(object: JsonObject): readonly FieldPath[] {
  const text = textAt(object, 'metadata', 'annotations', annotations.ignoredFields);
  if (text === undefined) return [];
  try {
    const paths = JSON.parse(text) as unknown;
    if (!Array.isArray(paths)) return [];
    return paths.flatMap((path: unknown) => {
      const parsed = typeof path === 'string' ? parseFieldPath(path) : undefined;
      return parsed?.ok === true ? [parsed.path] : [];
    });
  } catch {
    return [];
  }
}

/** How lists are told apart and what is taken whole, from what the server says of an object's fields. */
interface Shape {
  readonly sets: readonly FieldSet[];
  /** `lists`: every list is replaced whole, as a JSON merge patch does it. `all`: so is everything. */
  readonly whole: 'atomic' | 'lists' | 'all';
}

function isWhole({ sets, whole }: Shape, value: Json | undefined): boolean {
  if (whole === 'all') return true;
  if (whole === 'lists' && Array.isArray(value)) return true;
  return sets.length > 0 && sets.every((set) => Object.keys(set).length === 0);
}

const inside = ({ sets, whole }: Shape, elements: readonly string[]): Shape => ({
  sets: elements.flatMap((element) => allBelow(sets, element)),
  whole,
});

/** Names of the members that tell the items of a list apart; undefined when their place does. */
function listKeys({ sets }: Shape): readonly string[] | undefined {
  const keys = sets.flatMap(elementsOf).map(keysOf);
  const first = keys.find((found) => found !== undefined);
  return first === undefined ? undefined : Object.keys(first);
}

const isKeyed = (keys: readonly string[], left: Json, right: Json): boolean =>
  keys.every((key) => {
    const [mine, theirs] = [at(left, key), at(right, key)];
    return mine === undefined || canonicalJson(mine) === canonicalJson(theirs);
  });

/** The live item that an item of the body is about. */
function counterpart(shape: Shape, item: Json, index: number, live: readonly Json[]): number {
  const keys = listKeys(shape) ?? (at(item, 'name') === undefined ? undefined : ['name']);
  if (keys === undefined || !isJsonObject(item)) return index < live.length ? index : -1;
  return live.findIndex((other) => isKeyed(keys, item, other));
}

const elementsOfItem = ({ sets }: Shape, item: Json): readonly string[] =>
  sets.flatMap(elementsOf).filter((element) => {
    const keys = keysOf(element);
    return keys !== undefined && Object.entries(keys).every(([key, value]) => isKeyed([key], { [key]: value }, item));
  });

/** What an update sends at one place: without the ignored fields, or with their live values where the place is taken whole. */
function updated(body: Json, live: Json | undefined, paths: readonly FieldPath[], shape: Shape): Json {
  if (paths.length === 0) return body;
  if (isWhole(shape, body)) return withLive(body, live, paths, { ...shape, whole: 'all' });
  if (Array.isArray(body)) return updatedList(body as readonly Json[], live, paths, shape);
  if (!isJsonObject(body)) return body;
  const entries = Object.entries(body).flatMap(([key, value]): readonly (readonly [string, Json])[] => {
    const { whole, rest } = follow(paths, key, value);
    if (whole || value === undefined) return [];
    return [[key, updated(value, at(live, key), rest, inside(shape, [`f:${key}`]))]];
  });
  return Object.fromEntries(entries);
}

function updatedList(body: readonly Json[], live: Json | undefined, paths: readonly FieldPath[], shape: Shape): Json {
  const others = Array.isArray(live) ? (live as readonly Json[]) : [];
  return body.flatMap((item, index) => {
    const { whole, rest } = follow(paths, index, item);
    if (whole) return [];
    const other = others[counterpart(shape, item, index, others)];
    return [updated(item, other, rest, inside(shape, elementsOfItem(shape, item)))];
  });
}

/** A whole value with the live ones in the ignored places; what is not there live is not sent either. */
function withLive(body: Json | undefined, live: Json | undefined, paths: readonly FieldPath[], shape: Shape): Json {
  if (Array.isArray(body) || (body === undefined && Array.isArray(live))) {
    return listWithLive((body ?? []) as readonly Json[], live, paths, shape);
  }
  if (body !== undefined && !isJsonObject(body)) return body;
  const mine = body ?? {};
  const theirs = isJsonObject(live) ? live : {};
  const keys = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  const entries = keys.flatMap((key): readonly (readonly [string, Json])[] => {
    const [sent, found] = [at(mine, key), at(theirs, key)];
    const { whole, rest } = follow(paths, key, sent ?? found);
    if (whole) return found === undefined ? [] : [[key, found]];
    if (sent === undefined && !hasIgnored(found, rest)) return [];
    return [[key, rest.length === 0 ? (sent ?? null) : withLive(sent, found, rest, inside(shape, [`f:${key}`]))]];
  });
  return Object.fromEntries(entries);
}

function hasIgnored(value: Json | undefined, paths: readonly FieldPath[]): boolean {
  return value !== undefined && canonicalJson(withoutFields(value, paths)) !== canonicalJson(value);
}

function listWithLive(body: readonly Json[], live: Json | undefined, paths: readonly FieldPath[], shape: Shape): Json {
  const others = Array.isArray(live) ? (live as readonly Json[]) : [];
  const sent = body.flatMap((item, index) => {
    const { whole, rest } = follow(paths, index, item);
    const other = others[counterpart(shape, item, index, others)];
    if (whole) return other === undefined ? [] : [other];
    return [rest.length === 0 ? item : withLive(item, other, rest, inside(shape, elementsOfItem(shape, item)))];
  });
  const paired = new Set(body.map((item, index) => counterpart(shape, item, index, others)));
  const kept = others.filter((other, index) => !paired.has(index) && follow(paths, index, other).whole);
  return [...sent, ...kept];
}

/**
 * The body of an update. `whole` says what the strategy replaces whole: `atomic` what the server does (apply, strategic merge), `lists` every
 * list (JSON merge patch), `all` everything (PUT).
 */
export function updateBody(
  body: JsonObject,
  live: JsonObject,
  paths: readonly FieldPath[],
  whole: Shape['whole'],
): JsonObject {
  if (paths.length === 0) return body;
  const sets = holdingsOf(live).map(({ fields }) => fields);
  return updated(body, live, paths, { sets, whole }) as JsonObject;
}
