import type { Json, JsonObject } from '../../domain/api/json.ts';

/**
 * An integer beyond 2^53 in a rendered object: JSON numbers of JavaScript cannot hold it, so it is `{ "$int64": "9007199254740993" }`.
 * `exactJson` writes it as the number it is. No form can contain the key itself: `compileForm` refuses it.
 */
export const INT64_KEY = '$int64';

/** A typed integer as JSON: a number where that is exact. */
export function integerJson(value: bigint): Json {
  const narrow = Number(value);
  return Number.isSafeInteger(narrow) ? narrow : { [INT64_KEY]: value.toString() };
}

/** The exact integer in a value that `integerJson` made, undefined for anything else. */
export function exactInteger(value: Json | undefined): bigint | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const text = (value as JsonObject)[INT64_KEY];
  return typeof text === 'string' ? BigInt(text) : undefined;
}

/** JSON text of a rendered object, with every integer exact. */
export function exactJson(value: Json): string {
  const integer = exactInteger(value);
  if (integer !== undefined) return integer.toString();
  if (Array.isArray(value)) return `[${value.map((item: Json) => exactJson(item)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .filter((entry): entry is [string, Json] => entry[1] !== undefined)
    .map(([key, item]) => `${JSON.stringify(key)}:${exactJson(item)}`);
  return `{${members.join(',')}}`;
}
