import { at, isJsonObject, type Json, type JsonObject, jsonText, textAt } from '../../domain/api/json.ts';
import type { KindRef, ObjectRef } from '../../domain/ports.ts';

/**
 * The body when it is the object that was asked for: kind, coordinates and uid are right. An answer that is something else proves
 * nothing, not even absence.
 */
export function asObject(ref: ObjectRef, body: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(body)) return undefined;
  const fits =
    textAt(body, 'kind') === ref.kind &&
    textAt(body, 'apiVersion') === ref.apiVersion &&
    textAt(body, 'metadata', 'name') === ref.name &&
    textAt(body, 'metadata', 'namespace') === ref.namespace &&
    textAt(body, 'metadata', 'uid') !== undefined;
  return fits ? body : undefined;
}

/** An item of a list with the coordinates of its kind, which lists leave out; undefined when it has no name. */
export function asItem(kind: KindRef, item: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(item) || textAt(item, 'metadata', 'name') === undefined) return undefined;
  if ((textAt(item, 'kind') ?? kind.kind) !== kind.kind) return undefined;
  return { apiVersion: kind.apiVersion, kind: kind.kind, ...item };
}

/** uid the body of a write demands. */
export function demandedUid(body: JsonObject | readonly JsonObject[]): string | undefined {
  return isJsonObject(body) ? textAt(body, 'metadata', 'uid') : undefined;
}

/** resourceVersion the body of a write demands. */
export function demandedVersion(body: JsonObject): string | undefined {
  return textAt(body, 'metadata', 'resourceVersion');
}

/** Whether the object is on its way out. */
export function isTerminating(object: JsonObject): boolean {
  return at(object, 'metadata', 'deletionTimestamp') !== undefined;
}

/**
 * JSON text of an apply. The server reads it as YAML, in which these characters are line breaks or not allowed; as escapes they arrive
 * unchanged. Characters beyond the basic plane must stay as they are: YAML has no surrogate pairs.
 */
export function applyText(body: JsonObject): string {
  return jsonText(body).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
