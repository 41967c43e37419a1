import { int64Key, type Json, type JsonObject } from '../../domain/api/json.ts';

/** An integer beyond 2^53 in a rendered object stands as `{ "$int64": "9007199254740993" }` (domain/api/json.ts). `compileForm` refuses the key. */
export const INT64_KEY = int64Key;

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
