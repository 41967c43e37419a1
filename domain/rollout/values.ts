import { isJsonObject, type Json } from '../api/json.ts';
import { annotations } from '../keys.ts';

const valueKeys: ReadonlySet<string> = new Set([
  annotations.hostOrUrl,
  annotations.activate,
  annotations.extra,
  annotations.secretValues,
]);

/** Values of a row that wait for a rollout: the annotations of parity 1.6 that they become, as one JSON text. */
export function writePendingValues(values: Readonly<Record<string, string>>): string {
  return JSON.stringify(values);
}

/** Undefined when there are none, or when someone else has written something that is not ours. */
export function readPendingValues(text: string | undefined): Readonly<Record<string, string>> | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = JSON.parse(text) as Json;
    if (!isJsonObject(parsed)) return undefined;
    const entries = Object.entries(parsed).filter(
      (entry): entry is [string, string] => valueKeys.has(entry[0]) && typeof entry[1] === 'string',
    );
    return Object.fromEntries(entries);
  } catch {
    return undefined;
  }
}
