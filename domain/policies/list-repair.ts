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
 * together may be invalid (two Service ports of one name: 422). Repaired by taking out the items that only plain updates hold.
 */

interface KeyedList {
  readonly path: readonly string[];
  readonly keys: readonly string[];
}

function* keyedLists(body: Json | undefined, sets: readonly FieldSet[], path: readonly string[]): Generator<KeyedList> {
  if (Array.isArray(body)) {
    const keys = sets
      .flatMap(elementsOf)
      .map(keysOf)
      .find((found) => found !== undefined);
    if (keys !== undefined) yield { path, keys: Object.keys(keys) };
    return;
  }
  if (!isJsonObject(body)) return;
  for (const [key, value] of Object.entries(body)) {
    const inner = sets.map((set) => below(set, `f:${key}`)).filter((found) => found !== undefined);
    if (inner.length > 0) yield* keyedLists(value, inner, [...path, key]);
  }
}

/** Held by nobody but plain updates of others. */
function isLoose(place: number, list: readonly Json[], path: readonly string[], holdings: readonly Holding[]): boolean {
  const holders = holdings.filter(({ fields }) => {
    const set = path.reduce<FieldSet | undefined>((found, key) => found && below(found, `f:${key}`), fields);
    return set !== undefined && elementsOf(set).some((element) => placeOf(list, element) === place);
  });
  const firm = (holding: Holding) =>
    isOwnHolding(holding) || holding.operation === 'Apply' || holding.subresource !== undefined;
  return !holders.some(firm);
}

/** Items are the same when the keys that both have agree and at least one key does. */
function isSameItem(keys: readonly string[], left: Json, right: Json): boolean {
  const both = keys.filter((key) => at(left, key) !== undefined && at(right, key) !== undefined);
  return both.length > 0 && both.every((key) => canonicalJson(at(left, key)) === canonicalJson(at(right, key)));
}

function repairedList({ path, keys }: KeyedList, body: JsonObject, live: JsonObject): readonly Json[] | undefined {
  const wanted = at(body, ...path) as readonly Json[];
  const found = at(live, ...path);
  if (!Array.isArray(found)) return undefined;
  const list = found as readonly Json[];
  const holdings = holdingsOf(live);
  const isWanted = (item: Json) => wanted.some((other) => isSameItem(keys, item, other));
  const kept = list.filter((item, place) => isWanted(item) || !isLoose(place, list, path, holdings));
  if (kept.length === list.length) return undefined;
  return [...kept, ...wanted.filter((item) => !kept.some((other) => isSameItem(keys, item, other)))];
}

const pointer = (path: readonly string[]): string =>
  path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** JSON patch that brings the keyed lists of an object back to what the body names; undefined when none holds a stranger. */
export function listRepair(body: JsonObject, live: JsonObject): readonly JsonObject[] | undefined {
  const sets = holdingsOf(live).map(({ fields }) => fields);
  const changes = [...keyedLists(body, sets, [])].flatMap((keyed) => {
    const value = repairedList(keyed, body, live);
    return value === undefined ? [] : [{ op: 'replace', path: pointer(keyed.path), value }];
  });
  if (changes.length === 0) return undefined;
  const version = textAt(live, 'metadata', 'resourceVersion') ?? '';
  return [...changes, { op: 'replace', path: '/metadata/resourceVersion', value: version }];
}
