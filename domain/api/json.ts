/** Plain JSON, as the API server speaks it. Objects are read-only: a change is a new object. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

/** Narrowing for values that came from the API server or a form. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The value at a path of object keys, or undefined where the path leaves objects.
 *
 * Only own properties count, so that `__proto__` and `constructor` are ordinary, absent keys.
 */
export function at(root: Json | undefined, ...path: readonly string[]): Json | undefined {
  let current = root;
  for (const key of path) {
    if (!isJsonObject(current) || !Object.hasOwn(current, key)) return undefined;
    current = current[key];
  }
  return current;
}

/** Text at a path; undefined when it is absent or not text. */
export function textAt(root: Json | undefined, ...path: readonly string[]): string | undefined {
  const value = at(root, ...path);
  return typeof value === 'string' ? value : undefined;
}

/** Number at a path; undefined when it is absent or not a number. */
export function numberAt(root: Json | undefined, ...path: readonly string[]): number | undefined {
  const value = at(root, ...path);
  return typeof value === 'number' ? value : undefined;
}

/** List at a path; empty when it is absent or not a list. */
export function listAt(root: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const value = at(root, ...path);
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

/** Map at a path; empty when it is absent or not a map. */
export function mapAt(root: Json | undefined, ...path: readonly string[]): JsonObject {
  const value = at(root, ...path);
  return isJsonObject(value) ? value : {};
}

/** Map of text at a path (labels, annotations); values that are not text are left out. */
export function textMapAt(root: Json | undefined, ...path: readonly string[]): Readonly<Record<string, string>> {
  const value = at(root, ...path);
  if (!isJsonObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/**
 * Key of the one object that stands for a number: an integer beyond 2^53, which a JavaScript number cannot hold, is `{ "$int64": "<digits>" }`.
 * Forms may not contain the key, and rows cannot make keys.
 */
export const int64Key = '$int64';

/** Inside a JSON string the quotes would be escaped, so the pattern only ever meets the stand-in itself. */
const int64StandIn = /\{"\$int64":"(-?\d+)"\}/g;

/** JSON text with every integer exact. */
export function jsonText(value: Json): string {
  return JSON.stringify(value).replace(int64StandIn, '$1');
}
