import { isJsonObject, type Json, type JsonObject, listAt, textAt } from './api/json.ts';
import { canonicalJson } from './canonical.ts';
import { hashText } from './identity.ts';
import { managers } from './keys.ts';

/**
 * The baseline of drift detection (decisions.md section 5): a hash over the fields that our server-side apply owns, with the values the server
 * holds. An edit by someone else changes a value or takes a field out of our set; either changes the hash. What others own does not count.
 */

function isOurApply(entry: Json): boolean {
  return (
    textAt(entry, 'manager') === managers.apply &&
    textAt(entry, 'operation') === 'Apply' &&
    textAt(entry, 'subresource') === undefined
  );
}

function fieldsOf(entry: Json | undefined): JsonObject | undefined {
  const fields = isJsonObject(entry) ? entry['fieldsV1'] : undefined;
  return isJsonObject(fields) ? fields : undefined;
}

function matchesKeys(item: Json, keys: JsonObject): boolean {
  return (
    isJsonObject(item) &&
    Object.entries(keys).every(([key, value]) => canonicalJson(item[key]) === canonicalJson(value))
  );
}

/** The member of a map or list that one FieldsV1 path element names: `f:name`, `k:{"name":"x"}`, `v:"x"` or `i:0`. */
function member(value: Json | undefined, element: string): Json | undefined {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return isJsonObject(value) && Object.hasOwn(value, rest) ? value[rest] : undefined;
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly Json[];
  if (element.startsWith('i:')) return list[Number(rest)];
  const wanted = JSON.parse(rest) as Json;
  if (element.startsWith('v:')) return list.find((item) => canonicalJson(item) === canonicalJson(wanted));
  return isJsonObject(wanted) ? list.find((item) => matchesKeys(item, wanted)) : undefined;
}

const below = (fields: JsonObject, element: string): JsonObject | undefined => {
  const found = Object.hasOwn(fields, element) ? fields[element] : undefined;
  return isJsonObject(found) ? found : undefined;
};

const elementsOf = (fields: JsonObject): readonly string[] => Object.keys(fields).filter((key) => key !== '.');

/**
 * The owned part of a value as a list of pairs (a map would trip over a key like `__proto__`). A field that we own without members is atomic, and
 * counts whole, unless others own members of it: then we only own that it is there.
 */
function extract(value: Json | undefined, fields: JsonObject, others: readonly JsonObject[]): Json {
  const elements = elementsOf(fields);
  if (elements.length === 0) {
    const shared = others.some((other) => elementsOf(other).length > 0);
    const map = isJsonObject(value) && (Object.hasOwn(fields, '.') || Object.keys(value).length === 0);
    return value !== undefined && (shared || map) ? true : (value ?? null);
  }
  return elements.toSorted().map((element): Json => {
    const deeper = others.map((other) => below(other, element)).filter((found) => found !== undefined);
    return [element, extract(member(value, element), below(fields, element) ?? {}, deeper)];
  });
}

/** Hash over the fields our apply owns and their values; undefined when we own none. */
export function ownedFieldsHash(object: JsonObject): string | undefined {
  const entries = listAt(object, 'metadata', 'managedFields');
  const fields = fieldsOf(entries.find(isOurApply));
  if (fields === undefined) return undefined;
  const others = entries
    .filter((entry) => !isOurApply(entry))
    .map(fieldsOf)
    .filter((found) => found !== undefined);
  return hashText(canonicalJson(extract(object, fields, others)), 16);
}

/** Whether any entry of managedFields names our apply manager: a sign that we, or the Go operator, wrote the object. */
export function writtenByUs(object: JsonObject): boolean {
  return listAt(object, 'metadata', 'managedFields').some((item) => textAt(item, 'manager') === managers.apply);
}

/** Paths of a FieldsV1 set as conflict messages write them: `.spec.containers[name="web"].image`. */
function pathsOf(fields: JsonObject, prefix = ''): readonly string[] {
  return elementsOf(fields).flatMap((element) => {
    const path = `${prefix}${pathElement(element)}`;
    return [path, ...pathsOf(below(fields, element) ?? {}, path)];
  });
}

function pathElement(element: string): string {
  const rest = element.slice(2);
  if (element.startsWith('f:')) return `.${rest}`;
  if (element.startsWith('i:')) return `[${rest}]`;
  if (element.startsWith('v:')) return `[=${rest}]`;
  const keys = JSON.parse(rest) as Json;
  const pairs = isJsonObject(keys) ? Object.entries(keys).map(([key, value]) => `${key}=${JSON.stringify(value)}`) : [];
  return `[${pairs.join(',')}]`;
}

/** How a manager holds a field: by an apply of its own, through a subresource, or by plain updates. */
export function managerKind(
  object: JsonObject,
  manager: string,
  field: string,
): 'apply' | 'subresource' | 'update' | 'unknown' {
  const entries = listAt(object, 'metadata', 'managedFields').filter((item) => textAt(item, 'manager') === manager);
  const holding = entries.filter((entry) => pathsOf(fieldsOf(entry) ?? {}).includes(field));
  const judged = holding.length > 0 ? holding : entries;
  if (judged.some((item) => textAt(item, 'operation') === 'Apply')) return 'apply';
  if (judged.some((item) => textAt(item, 'subresource') !== undefined)) return 'subresource';
  return judged.length > 0 ? 'update' : 'unknown';
}
