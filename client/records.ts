import type { Json, JsonObject } from '../domain/api/json.ts';
import { at, listAt, textAt } from '../domain/api/json.ts';

/**
 * Which record (status.inventory) is of which entry (status.resources). While an entry takes the place of an object of another name, kind or namespace,
 * both are on record under its id, the old one first.
 */
export interface Records {
  /** The record of an entry; undefined while its object has none. */
  readonly of: (resource: Json) => Json | undefined;
  /** Records of objects that no entry names any more. */
  readonly leftovers: readonly Json[];
}

/** Reads the records of a LynqNode. */
export function recordsOf(node: JsonObject): Records {
  const resources = listAt(node, 'status', 'resources');
  const records = listAt(node, 'status', 'inventory');
  const found = new Map<Json, Json>();
  const free = new Set(records);
  for (const resource of resources) {
    const own = [...free].filter((record) => isOf(record, resource));
    // Objects that are all on their way out stand in the order of the records.
    const record = textAt(resource, 'state') === 'Deleting' ? own[0] : own.at(-1);
    if (record === undefined) continue;
    found.set(resource, record);
    free.delete(record);
  }
  return {
    of: (resource) => found.get(resource),
    leftovers: areGoing(node) ? [] : [...free].filter((record) => !mayBeNamed(record, resources)),
  };
}

/** An entry that could not be rendered has no name. */
function isOf(record: Json, resource: Json): boolean {
  const same = (key: string): boolean => textAt(record, key) === textAt(resource, key);
  return same('id') && (isNameless(resource) || (same('kind') && same('name')));
}

const isNameless = (resource: Json): boolean => (textAt(resource, 'name') ?? '') === '';

/** What an entry that could not be rendered has on record stays. */
function mayBeNamed(record: Json, resources: readonly Json[]): boolean {
  return resources.some((resource) => isNameless(resource) && textAt(resource, 'id') === textAt(record, 'id'));
}

/** All objects go, which status.resources tells, or nothing was judged yet. */
function areGoing(node: JsonObject): boolean {
  const resources = at(node, 'status', 'resources');
  if (!Array.isArray(resources) || textAt(node, 'metadata', 'deletionTimestamp') !== undefined) return true;
  return resources.some((resource) => textAt(resource, 'state') === 'Deleting');
}

/** `Kind namespace/name` of a record. */
export function placeOf(record: Json): string {
  const namespace = textAt(record, 'namespace');
  const name = textAt(record, 'name') ?? '';
  return `${textAt(record, 'kind') ?? ''} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** What becomes of an object that no entry names any more. */
export function fateOf(record: Json, node: JsonObject): string {
  const id = textAt(record, 'id') ?? '';
  const successor = listAt(node, 'status', 'resources').find((resource) => textAt(resource, 'id') === id);
  const isAwaited = successor !== undefined && textAt(successor, 'state') !== 'Ready';
  const when = isAwaited ? `when the new object of '${id}' is there` : 'due now';
  return textAt(record, 'policy') === 'Retain' ? `kept with markers: ${when}` : when;
}
