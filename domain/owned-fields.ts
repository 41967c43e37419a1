import { isJsonObject, type Json, type JsonObject, listAt, textAt } from './api/json.ts';
import { plainHash } from './canonical.ts';
import {
  allBelow,
  below,
  elementsOf,
  type FieldSet,
  holdingsOf,
  isOwnHolding,
  member,
  pathsOf,
  unionOf,
} from './field-sets.ts';
import { managers } from './keys.ts';
import { ignoredPaths, withoutFields } from './policies/ignored-fields.ts';

/**
 * The baseline of drift detection (decisions.md section 5): a hash over the fields that our writes own, with the values the server holds. An edit by
 * someone else changes a value or takes a field out of our set; either changes the hash. What others own does not count, nor what the object was
 * written to leave to others (ignoreFields).
 */

interface Place {
  readonly value: Json | undefined;
  /** The same place without the ignored fields. */
  readonly counted: Json | undefined;
}

/**
 * The owned part of a value as a list of pairs (a map would trip over a key like `__proto__`). A field that we own without members is atomic, and
 * counts whole, unless others own members of it: then we only own that it is there.
 */
function extract({ value, counted }: Place, fields: FieldSet, others: readonly FieldSet[]): Json {
  const elements = elementsOf(fields);
  if (elements.length === 0) {
    const shared = others.some((other) => elementsOf(other).length > 0);
    const map = isJsonObject(value) && (Object.hasOwn(fields, '.') || Object.keys(value).length === 0);
    return value !== undefined && (shared || map) ? true : (counted ?? null);
  }
  return elements.toSorted().flatMap((element): readonly Json[] => {
    const found = member(value, element);
    const inner = { value: found, counted: counted === value ? found : member(counted, element) };
    if (inner.value !== undefined && inner.counted === undefined) return [];
    return [[element, extract(inner, below(fields, element) ?? {}, allBelow(others, element))]];
  });
}

/** Plain hash over the fields our writes own and their values; undefined when we own none. */
export function ownedFieldsHash(object: JsonObject): string | undefined {
  const holdings = holdingsOf(object);
  const own = holdings.filter(isOwnHolding).map(({ fields }) => fields);
  const [first, ...more] = own;
  if (first === undefined) return undefined;
  const fields = more.reduce(unionOf, first);
  const others = holdings.filter((holding) => !isOwnHolding(holding)).map((holding) => holding.fields);
  const place = { value: object, counted: withoutFields(object, ignoredPaths(object)) };
  return plainHash(extract(place, fields, others));
}

/** Whether any entry of managedFields names our apply manager: a sign that we, or the Go operator, wrote the object. */
export function writtenByUs(object: JsonObject): boolean {
  return listAt(object, 'metadata', 'managedFields').some((item) => textAt(item, 'manager') === managers.apply);
}

/** Whether nobody but our managers has written the object itself: a sign, right after a write, that this write made it. */
export function writtenOnlyByUs(object: JsonObject): boolean {
  const ours: ReadonlySet<string | undefined> = new Set(Object.values(managers));
  return listAt(object, 'metadata', 'managedFields').every(
    (item) => textAt(item, 'subresource') !== undefined || ours.has(textAt(item, 'manager')),
  );
}

/** How a manager holds a field: by an apply of its own, through a subresource, or by plain updates. */
export function managerKind(
  object: JsonObject,
  manager: string,
  field: string,
): 'apply' | 'subresource' | 'update' | 'unknown' {
  const entries = holdingsOf(object).filter((holding) => holding.manager === manager);
  const holding = entries.filter(({ fields }) => pathsOf(fields).includes(field));
  const judged = holding.length > 0 ? holding : entries;
  if (judged.some(({ operation }) => operation === 'Apply')) return 'apply';
  if (judged.some(({ subresource }) => subresource !== undefined)) return 'subresource';
  return judged.length > 0 ? 'update' : 'unknown';
}
