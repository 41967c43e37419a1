import type { Json, JsonObject } from './api/json.ts';
import { hashText } from './identity.ts';

/** JSON with sorted keys and without absent values: equal data gives equal text. */
export function canonicalJson(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value as JsonObject).filter(([, item]) => item !== undefined);
    entries.sort(([left], [right]) => (left < right ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}

/** 32 hex characters over the canonical JSON. Of what may be secret it stays inside the process (hashes.ts). */
export function plainHash(value: Json | undefined): string {
  return hashText(canonicalJson(value), 32);
}

/** 16 hex characters over the canonical JSON. */
export function hashJson(value: Json | undefined): string {
  return hashText(canonicalJson(value), 16);
}
