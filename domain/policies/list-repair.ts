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

/** What one entry of managedFields holds at the place that is looked at. */
interface Held {
  readonly holding: Holding;
  readonly set: FieldSet;
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

function repairedList(wanted: readonly Json[], live: readonly Json[], held: readonly Held[]): readonly Json[] {
  const keys = listKeys(held);
  if (keys === undefined) return live;
  const kept = live.flatMap((item, place) => {
    const holders = heldBelow(held, (element) => placeOf(live, element) === place);
    const same = wanted.find((other) => isSameItem(keys, item, other));
    if (same !== undefined) return [repairedValue(same, item, holders)];
    return holders.some(({ holding }) => isFirm(holding)) ? [item] : [];
  });
  return [...kept, ...wanted.filter((item) => !kept.some((other) => isSameItem(keys, item, other)))];
}

function repairedValue(wanted: Json, live: Json, held: readonly Held[]): Json {
  if (Array.isArray(wanted) && Array.isArray(live))
    return repairedList(wanted as readonly Json[], live as readonly Json[], held);
  if (!isJsonObject(wanted) || !isJsonObject(live)) return live;
  const repaired = Object.entries(wanted).flatMap(([key, value]): readonly (readonly [string, Json])[] => {
    const found = at(live, key);
    if (found === undefined || value === undefined) return [];
    return [
      [
        key,
        repairedValue(
          value,
          found,
          heldBelow(held, (element) => element === `f:${key}`),
        ),
      ],
    ];
  });
  return { ...live, ...Object.fromEntries(repaired) };
}

interface Change {
  readonly path: readonly string[];
  readonly value: Json;
}

/** The outermost lists that are not as they should be. */
function* changesOf(live: Json | undefined, repaired: Json | undefined, path: readonly string[]): Generator<Change> {
  if (Array.isArray(repaired)) {
    if (canonicalJson(live) !== canonicalJson(repaired)) yield { path, value: repaired };
    return;
  }
  if (!isJsonObject(repaired)) return;
  for (const key of Object.keys(repaired)) yield* changesOf(at(live, key), at(repaired, key), [...path, key]);
}

const pointer = (path: readonly string[]): string =>
  path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** JSON patch that brings the keyed lists of an object back to what the body names; undefined when none holds a stranger. */
export function listRepair(body: JsonObject, live: JsonObject): readonly JsonObject[] | undefined {
  const held = holdingsOf(live).map((holding) => ({ holding, set: holding.fields }));
  const changes = [...changesOf(live, repairedValue(body, live, held), [])];
  if (changes.length === 0) return undefined;
  const version = textAt(live, 'metadata', 'resourceVersion') ?? '';
  return [
    ...changes.map(({ path, value }) => ({ op: 'replace', path: pointer(path), value })),
    { op: 'replace', path: '/metadata/resourceVersion', value: version },
  ];
}
