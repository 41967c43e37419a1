import { isJsonObject, type Json, type JsonObject, listAt, textAt } from './api/json.ts';
import { canonicalJson } from './canonical.ts';
import { hashText } from './identity.ts';
import { managers } from './keys.ts';

/**
 * The baseline of drift detection (decisions.md section 5): a hash over the fields that our server-side apply owns, with the values the server
 * holds. An edit by someone else changes a value or takes a field out of our set; either changes the hash. What others own does not count.
 */

function ownedSet(object: JsonObject): JsonObject | undefined {
  const entry = listAt(object, 'metadata', 'managedFields').find(
    (item) =>
      textAt(item, 'manager') === managers.apply &&
      textAt(item, 'operation') === 'Apply' &&
      textAt(item, 'subresource') === undefined,
  );
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
  if (element.startsWith('f:')) return isJsonObject(value) ? value[rest] : undefined;
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly Json[];
  if (element.startsWith('i:')) return list[Number(rest)];
  const wanted = JSON.parse(rest) as Json;
  if (element.startsWith('v:')) return list.find((item) => canonicalJson(item) === canonicalJson(wanted));
  return isJsonObject(wanted) ? list.find((item) => matchesKeys(item, wanted)) : undefined;
}

function extract(value: Json | undefined, fields: JsonObject): Json | undefined {
  const elements = Object.keys(fields).filter((key) => key !== '.');
  if (elements.length === 0) return isJsonObject(value) && Object.hasOwn(fields, '.') ? true : value;
  const parts: Record<string, Json | undefined> = {};
  for (const element of elements) {
    const below = fields[element];
    parts[element] = extract(member(value, element), isJsonObject(below) ? below : {}) ?? null;
  }
  return parts;
}

/** Hash over the fields our apply owns and their values; undefined when we own none. */
export function ownedFieldsHash(object: JsonObject): string | undefined {
  const fields = ownedSet(object);
  return fields === undefined ? undefined : hashText(canonicalJson(extract(object, fields) ?? null), 16);
}

/** Whether any entry of managedFields names our apply manager: a sign that we, or the Go operator, wrote the object. */
export function writtenByUs(object: JsonObject): boolean {
  return listAt(object, 'metadata', 'managedFields').some((item) => textAt(item, 'manager') === managers.apply);
}

/** How a manager holds fields of an object: by an apply of its own, through a subresource, or by plain updates. */
export function managerKind(object: JsonObject, manager: string): 'apply' | 'subresource' | 'update' | 'unknown' {
  const entries = listAt(object, 'metadata', 'managedFields').filter((item) => textAt(item, 'manager') === manager);
  if (entries.some((item) => textAt(item, 'operation') === 'Apply')) return 'apply';
  if (entries.some((item) => textAt(item, 'subresource') !== undefined)) return 'subresource';
  return entries.length > 0 ? 'update' : 'unknown';
}
