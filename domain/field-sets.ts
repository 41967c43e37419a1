import { isJsonObject, type Json, type JsonObject, listAt, textAt } from './api/json.ts';
import { canonicalJson } from './canonical.ts';
import { annotations, managers } from './keys.ts';

/**
 * Sets of fields as managedFields write them (FieldsV1): a map of path elements, `f:name`, `k:{"name":"x"}`, `v:"x"` or `i:0`, each to the set
 * below it; `.` is the map or list itself, and a set without elements is a whole field.
 */
export type FieldSet = JsonObject;

/** One entry of managedFields, as far as it matters here. */
export interface Holding {
  readonly entry: JsonObject;
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string | undefined;
  readonly fields: FieldSet;
}

/** The entries of an object; one that cannot be read is left out. */
export function holdingsOf(object: JsonObject): readonly Holding[] {
  return listAt(object, 'metadata', 'managedFields').flatMap((entry): readonly Holding[] => {
    const fields = isJsonObject(entry) ? entry['fieldsV1'] : undefined;
    if (!isJsonObject(entry) || !isJsonObject(fields)) return [];
    const operation = textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update';
    return [
      {
        entry,
        manager: textAt(entry, 'manager') ?? '',
        operation,
        subresource: textAt(entry, 'subresource'),
        fields,
      },
    ];
  });
}

/** Written by this product's main manager, by apply or by update. */
export function isOwnHolding({ manager, subresource }: Holding): boolean {
  return manager === managers.apply && subresource === undefined;
}

/**
 * Written by the Go operator through an update, under whatever name its binary has: it stamps every object with the time of its write, and nobody
 * else writes that annotation.
 */
export function isPeerUpdate(holding: Holding): boolean {
  if (holding.operation !== 'Update' || holding.subresource !== undefined || isOwnHolding(holding)) return false;
  const metadata = below(holding.fields, 'f:metadata');
  const stamped = metadata === undefined ? undefined : below(metadata, 'f:annotations');
  return stamped !== undefined && Object.hasOwn(stamped, `f:${annotations.applyStartTime}`);
}

export const elementsOf = (fields: FieldSet): readonly string[] => Object.keys(fields).filter((key) => key !== '.');

/** The set below one element, if the element is a member. */
export function below(fields: FieldSet, element: string): FieldSet | undefined {
  const found = Object.hasOwn(fields, element) ? fields[element] : undefined;
  return isJsonObject(found) ? found : undefined;
}

/** The sets below one element in each of several sets. */
export function allBelow(sets: readonly FieldSet[], element: string): readonly FieldSet[] {
  return sets.map((set) => below(set, element)).filter((found) => found !== undefined);
}

/** Keys of a list item that `k:{...}` names; undefined for another element. */
export function keysOf(element: string): JsonObject | undefined {
  if (!element.startsWith('k:')) return undefined;
  const keys = JSON.parse(element.slice(2)) as Json;
  return isJsonObject(keys) ? keys : undefined;
}

function hasKeys(item: Json, keys: JsonObject): boolean {
  return (
    isJsonObject(item) &&
    Object.entries(keys).every(
      ([key, value]) => item[key] === value || canonicalJson(item[key]) === canonicalJson(value),
    )
  );
}

/** Where in a list the item of a `k:`, `v:` or `i:` element is; -1 when it is not there. */
export function placeOf(list: readonly Json[], element: string): number {
  const rest = element.slice(2);
  if (element.startsWith('i:')) return Number(rest) < list.length ? Number(rest) : -1;
  const keys = keysOf(element);
  if (keys !== undefined) return list.findIndex((item) => hasKeys(item, keys));
  const wanted = canonicalJson(JSON.parse(rest) as Json);
  return element.startsWith('v:') ? list.findIndex((item) => canonicalJson(item) === wanted) : -1;
}

/** The member of a map or list that one element names. */
export function member(value: Json | undefined, element: string): Json | undefined {
  const name = element.slice(2);
  if (element.startsWith('f:')) return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly Json[];
  return list[placeOf(list, element)];
}

const textOf = (value: Json | undefined): string | undefined =>
  value === undefined ? undefined : canonicalJson(value);

/** As `member`, in an object that was not defaulted yet: an item may lack keys that the server fills in. */
export function looseMember(value: Json | undefined, element: string): Json | undefined {
  const keys = keysOf(element);
  if (keys === undefined || !Array.isArray(value)) return member(value, element);
  return (value as readonly Json[]).find(
    (item) =>
      isJsonObject(item) &&
      Object.entries(keys).every(([key, wanted]) => [undefined, canonicalJson(wanted)].includes(textOf(item[key]))),
  );
}

const setOf = (entries: readonly (readonly [string, FieldSet])[]): FieldSet => Object.fromEntries(entries);

export function unionOf(left: FieldSet, right: FieldSet): FieldSet {
  const elements = [...new Set([...Object.keys(left), ...Object.keys(right)])];
  return setOf(
    elements.map((element) => [element, unionOf(below(left, element) ?? {}, below(right, element) ?? {})] as const),
  );
}

/** The leaves of `left` that are no leaves of `right`; empty when there is none. */
export function differenceOf(left: FieldSet, right: FieldSet): FieldSet {
  return setOf(
    Object.keys(left).flatMap((element): readonly (readonly [string, FieldSet])[] => {
      const mine = below(left, element) ?? {};
      const theirs = below(right, element);
      if (theirs === undefined) return [[element, mine]];
      const rest = differenceOf(mine, theirs);
      return Object.keys(rest).length === 0 ? [] : [[element, rest]];
    }),
  );
}

function elementText(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('i:')) return `[${rest}]`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  const pairs = Object.entries(keysOf(element) ?? {}).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return `[${pairs.join(',')}]`;
}

/** Paths of all members of a set as conflict messages write them: `.spec.containers[name="web"].image`. */
export function pathsOf(fields: FieldSet, prefix = ''): readonly string[] {
  return elementsOf(fields).flatMap((element) => {
    const path = `${prefix}${elementText(element)}`;
    return [path, ...pathsOf(below(fields, element) ?? {}, path)];
  });
}

/** One whole field of a set, with the elements that lead to it. */
export interface FieldLeaf {
  readonly path: readonly string[];
  readonly text: string;
}

/** The fields of a set that have no members of their own in it. */
export function* leavesOf(fields: FieldSet, path: readonly string[] = [], text = ''): Generator<FieldLeaf> {
  for (const element of elementsOf(fields)) {
    const inner = below(fields, element) ?? {};
    const here = { path: [...path, element], text: `${text}${elementText(element)}` };
    if (elementsOf(inner).length === 0) yield here;
    else yield* leavesOf(inner, here.path, here.text);
  }
}
