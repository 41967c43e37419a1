import { at, isJsonObject, type Json, type JsonObject, textAt } from '../api/json.ts';
import { canonicalJson } from '../canonical.ts';
import {
  below,
  elementsOf,
  type FieldSet,
  type Holding,
  holdingsOf,
  isOwnHolding,
  keysOf,
  placeOf,
} from '../field-sets.ts';

/**
 * A list whose items are told apart by keys, after someone edited a key by hand: to the server the edited item is a new one beside ours, and both
 * together may be invalid (two Service ports of one name: 422). Repaired by taking out the items that only plain updates hold, in the very list that
 * the server found wrong: whatever else is invalid says nothing about what others added elsewhere.
 */

/** What one entry of managedFields holds at the place that is looked at. */
interface Held {
  readonly holding: Holding;
  readonly set: FieldSet;
}

/** Names that lead to a place, without the items of the lists on the way. */
type Path = readonly string[];

/** A place in the object, and the lists that may be repaired. */
interface Place {
  readonly held: readonly Held[];
  readonly path: Path;
  readonly lists: ReadonlySet<string>;
}

function heldBelow(held: readonly Held[], isThere: (element: string) => boolean): readonly Held[] {
  return held.flatMap(({ holding, set }) =>
    elementsOf(set)
      .filter(isThere)
      .map((element) => ({ holding, set: below(set, element) ?? {} })),
  );
}

function listKeys(held: readonly Held[]): readonly string[] | undefined {
  const elements = held.flatMap(({ set }) => elementsOf(set));
  const keys = elements.map(keysOf).find((found) => found !== undefined);
  return keys === undefined ? undefined : Object.keys(keys);
}

const isFirm = (holding: Holding): boolean =>
  isOwnHolding(holding) || holding.operation === 'Apply' || holding.subresource !== undefined;

/** Items are the same when the keys that both have agree and at least one key does. */
function isSameItem(keys: readonly string[], left: Json, right: Json): boolean {
  const both = keys.filter((key) => at(left, key) !== undefined && at(right, key) !== undefined);
  return both.length > 0 && both.every((key) => canonicalJson(at(left, key)) === canonicalJson(at(right, key)));
}

/** A list from which nobody is taken out gets nothing either: that is the apply's to do. */
function repairedList(wanted: readonly Json[], live: readonly Json[], place: Place): readonly Json[] {
  const keys = listKeys(place.held);
  if (keys === undefined) return live;
  const isOpen = place.lists.has(pointer(place.path));
  const kept = live.flatMap((item, index) => {
    const held = heldBelow(place.held, (element) => placeOf(live, element) === index);
    const same = wanted.find((other) => isSameItem(keys, item, other));
    if (same !== undefined) return [repairedValue(same, item, { ...place, held })];
    return !isOpen || held.some(({ holding }) => isFirm(holding)) ? [item] : [];
  });
  if (kept.length === live.length) return kept;
  return [...kept, ...wanted.filter((item) => !kept.some((other) => isSameItem(keys, item, other)))];
}

function repairedValue(wanted: Json, live: Json, place: Place): Json {
  if (Array.isArray(wanted) && Array.isArray(live))
    return repairedList(wanted as readonly Json[], live as readonly Json[], place);
  if (!isJsonObject(wanted) || !isJsonObject(live)) return live;
  const repaired = Object.entries(wanted).flatMap(([key, value]): readonly (readonly [string, Json])[] => {
    const found = at(live, key);
    if (found === undefined || value === undefined) return [];
    return [[key, repairedValue(value, found, placeBelow(place, key))]];
  });
  return { ...live, ...Object.fromEntries(repaired) };
}

const placeBelow = ({ held, path, lists }: Place, key: string): Place => ({
  held: heldBelow(held, (element) => element === `f:${key}`),
  path: [...path, key],
  lists,
});

/** The names of a path as causes of a refusal write it: `spec.ports[1].name`. */
function namesOf(field: string): Path {
  // Behind the last bracket nothing is closed, and every opened one would be followed to the end in vain.
  const end = field.lastIndexOf(']') + 1;
  return (field.slice(0, end).replaceAll(/\[[^\]]*\]/g, '') + field.slice(end)).split('.');
}

/** The innermost list around what was found wrong that has strangers in it. */
function listAround(body: JsonObject, live: JsonObject, field: string): string | undefined {
  const names = namesOf(field);
  const around = names.map((_, index) => pointer(names.slice(0, names.length - index)));
  return around.find((list) => canonicalJson(repairedIn(body, live, new Set([list]))) !== canonicalJson(live));
}

function repairedIn(body: JsonObject, live: JsonObject, lists: ReadonlySet<string>): Json {
  return repairedValue(body, live, { held: heldIn(live), path: [], lists });
}

const heldIn = (live: JsonObject): readonly Held[] =>
  holdingsOf(live).map((holding) => ({ holding, set: holding.fields }));

interface Change {
  readonly path: Path;
  readonly value: Json;
}

/** The outermost lists that are not as they should be. */
function* changesOf(live: Json | undefined, repaired: Json | undefined, path: Path): Generator<Change> {
  if (Array.isArray(repaired)) {
    if (canonicalJson(live) !== canonicalJson(repaired)) yield { path, value: repaired };
    return;
  }
  if (!isJsonObject(repaired)) return;
  for (const key of Object.keys(repaired)) yield* changesOf(at(live, key), at(repaired, key), [...path, key]);
}

const pointer = (path: Path): string =>
  path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

function mergedList(wanted: readonly Json[], live: readonly Json[], held: readonly Held[]): readonly Json[] {
  const keys = listKeys(held);
  if (keys === undefined) return wanted;
  const present = live.map((item, index) => {
    const same = wanted.find((other) => isSameItem(keys, item, other));
    if (same === undefined) return item;
    return merged(
      same,
      item,
      heldBelow(held, (element) => placeOf(live, element) === index),
    );
  });
  return [...present, ...wanted.filter((item) => !live.some((other) => isSameItem(keys, item, other)))];
}

/** What the object becomes when the form's fields are set in it: the fields and items of others stay. */
function merged(wanted: Json, live: Json | undefined, held: readonly Held[]): Json {
  if (Array.isArray(wanted) && Array.isArray(live))
    return mergedList(wanted as readonly Json[], live as readonly Json[], held);
  if (!isJsonObject(wanted) || !isJsonObject(live)) return wanted;
  const set = Object.entries(wanted).flatMap(([key, value]): readonly (readonly [string, Json])[] => {
    if (value === undefined) return [];
    const below = heldBelow(held, (element) => element === `f:${key}`);
    return [[key, merged(value, at(live, key), below)]];
  });
  return { ...live, ...Object.fromEntries(set) };
}

export interface ListRepair {
  /** JSON patch that brings the lists to what the body names. */
  readonly patch: readonly JsonObject[];
  /** JSON patch to what comes of the repair and the write after it: refused as a dry run, the repair is of no use and is not made. */
  readonly proof: readonly JsonObject[];
}

const notProven: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata', 'status']);

/** The repair of the keyed lists that a refusal is about, by the fields it names; undefined when none of them holds a stranger. */
export function listRepair(body: JsonObject, live: JsonObject, fields: readonly string[]): ListRepair | undefined {
  const lists = new Set(fields.flatMap((field) => listAround(body, live, field) ?? []));
  const repaired = repairedIn(body, live, lists) as JsonObject;
  const changes = [...changesOf(live, repaired, [])];
  if (changes.length === 0) return undefined;
  const version = {
    op: 'replace',
    path: '/metadata/resourceVersion',
    value: textAt(live, 'metadata', 'resourceVersion') ?? '',
  };
  const outcome = merged(body, repaired, heldIn(live)) as JsonObject;
  const parts = Object.keys(body).filter((key) => !notProven.has(key));
  return {
    patch: [...changes.map(({ path, value }) => ({ op: 'replace', path: pointer(path), value })), version],
    proof: [...parts.map((key) => ({ op: 'add', path: pointer([key]), value: outcome[key] })), version],
  };
}
