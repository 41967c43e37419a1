import { isJsonObject, textAt, type Json, type JsonObject } from '../../domain/api/json.ts';
import { isEqual, overlay } from './fake-cluster-fields.ts';

/** RFC 7386. */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result: Record<string, Json | undefined> = isJsonObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** Strategic merge: maps as in a merge patch, lists by their keys. Directives (`$patch`) are not known here. */
export function strategicPatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = overlay(target, dropNulls(patch) as JsonObject) as JsonObject;
  return mergePatch(merged, onlyNulls(patch) as JsonObject) as JsonObject;
}

function dropNulls(value: Json): Json {
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null && inner !== undefined);
  return Object.fromEntries(kept.map(([key, inner]) => [key, dropNulls(inner ?? null)]));
}

function onlyNulls(value: Json): Json {
  if (!isJsonObject(value)) return {};
  const kept = Object.entries(value).filter(([, inner]) => inner === null || isJsonObject(inner));
  return Object.fromEntries(kept.map(([key, inner]) => [key, inner === null ? null : onlyNulls(inner ?? null)]));
}

/** RFC 6902 with add, remove, replace and test; undefined when an operation does not fit. */
export function jsonPatch(target: JsonObject, operations: readonly JsonObject[]): JsonObject | undefined {
  let result: Json | undefined = target;
  for (const operation of operations) {
    const path = (textAt(operation, 'path') ?? '')
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    result = operate(result, path, operation);
    if (result === undefined) return undefined;
  }
  return result as JsonObject;
}

function operate(target: Json | undefined, path: readonly string[], operation: JsonObject): Json | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  const entries = entriesOf(target);
  if (entries === undefined) return undefined;
  const present = entries.findIndex(([name]) => name === key);
  if (rest.length > 0) {
    const inner = present < 0 ? undefined : operate(entries[present]?.[1], rest, operation);
    if (inner === undefined) return undefined;
    entries[present] = [key, inner];
  } else if (!change(entries, present, key, operation)) return undefined;
  return Array.isArray(target) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

function change(entries: [string, Json][], present: number, key: string, operation: JsonObject): boolean {
  const value = operation.value ?? null;
  if (operation.op === 'test') return present >= 0 && isEqual(entries[present]?.[1], value);
  if (operation.op === 'remove') return present >= 0 && entries.splice(present, 1).length === 1;
  if (operation.op === 'replace' && present < 0) return false;
  if (present >= 0) entries[present] = [key, value];
  else entries.push([key, value]);
  return true;
}

function entriesOf(target: Json | undefined): [string, Json][] | undefined {
  if (Array.isArray(target)) return (target as readonly Json[]).map((value, index) => [String(index), value]);
  if (!isJsonObject(target)) return undefined;
  return Object.entries(target).filter((entry): entry is [string, Json] => entry[1] !== undefined);
}
