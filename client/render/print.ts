import type { Json, JsonObject } from '../../domain/api/json.ts';
import { isJsonObject } from '../../domain/api/json.ts';
import { exactInteger } from '../../template/index.ts';

/** Rendered objects as YAML for people: Secrets masked, large integers exact. */

/** What stands for a value that is not to be seen. */
export const mask = '***';

/** A Secret without its values; anything else as it is. */
export function maskSecret(object: JsonObject): JsonObject {
  if (object['kind'] !== 'Secret' || object['apiVersion'] !== 'v1') return object;
  const masked = Object.entries(object).map(([key, value]) => {
    const secret = (key === 'data' || key === 'stringData') && isJsonObject(value);
    return [key, secret ? Object.fromEntries(Object.keys(value).map((name) => [name, mask])) : value] as const;
  });
  return Object.fromEntries(masked);
}

/** The order people read: what it is, what it is called, what is in it. */
export function inReadingOrder({ apiVersion, kind, metadata, ...rest }: JsonObject): JsonObject {
  return { apiVersion, kind, metadata, ...rest };
}

/** Integers beyond 2^53 as bigint, which YAML prints as they are. */
export function withBigints(value: Json | undefined): unknown {
  const integer = exactInteger(value);
  if (integer !== undefined) return integer;
  if (Array.isArray(value)) return value.map((item: Json) => withBigints(item));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withBigints(item)]));
}
