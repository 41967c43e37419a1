import { int64Key, isJsonObject, type Json, type JsonObject } from '../api/json.ts';
import { changedFields, type FieldChange } from './fields.ts';

/**
 * Takes secrets out of what a plan shows. A text that contains a secret is found by looking; what a template has made of one (encoded, cut, compared) is
 * found by rendering a second time with stand-ins: whatever differs follows from a secret.
 */

/** Stands for a value that is not to be shown. */
export const maskedValue = '***';

/** What of an object follows from secrets. */
export interface Derived {
  /** As in `changedFields`, with everything below them. */
  readonly paths: readonly string[];
  /** Whole texts, for where a list is told in another way than by these paths. */
  readonly texts: readonly string[];
}

export interface Hidden {
  /** Values of secrets: what they are to be, and what they were. */
  readonly secrets: readonly string[];
  readonly derived: Derived;
}

export const nothingDerived: Derived = { paths: [], texts: [] };
/** Of an object that cannot be rendered with stand-ins nobody knows what follows from secrets. */
export const allDerived: Derived = { paths: [''], texts: [] };

export function bothDerived(left: Derived, right: Derived): Derived {
  return { paths: [...left.paths, ...right.paths], texts: [...left.texts, ...right.texts] };
}

/** What differs between an object and the same one rendered with stand-ins. Metadata is never made of secrets, and tracked differently. */
export function derivedOf(object: JsonObject, standIn: JsonObject): Derived {
  const changes = changedFields(withoutMetadata(object), withoutMetadata(standIn));
  return {
    paths: changes.map(({ path }) => path),
    texts: changes.flatMap(({ before }) => textsIn(before)).filter((text) => text !== ''),
  };
}

function withoutMetadata({ metadata: _metadata, ...rest }: JsonObject): JsonObject {
  return rest;
}

function textsIn(value: Json | undefined): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return (value as readonly Json[]).flatMap(textsIn);
  return isJsonObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/**
 * The changes without secrets: of a Secret only which keys change, elsewhere no text that contains a secret value or follows from one. A masked value is
 * told apart only by being there or not.
 */
export function maskedFields(
  object: JsonObject,
  fields: readonly FieldChange[],
  { secrets, derived }: Hidden,
): readonly FieldChange[] {
  const isSecret = isSecretObject(object);
  const known = secrets.filter((secret) => secret !== '');
  return fields.map((field) => {
    const inData = isSecret && /^\.(?:data|stringData)\b/.test(field.path);
    const leaks = [field.before, field.after].some((value) => {
      const text = JSON.stringify(value ?? null);
      return (
        known.some((secret) => text.includes(JSON.stringify(secret).slice(1, -1))) ||
        derived.texts.some((made) => text.includes(JSON.stringify(made)))
      );
    });
    const path = maskedPath(
      field.path,
      (key) => known.some((each) => key.includes(each)) || derived.texts.includes(key),
    );
    if (!inData && !leaks && !follows(field.path, derived)) return { ...field, path };
    return { path, before: masked(field.before), after: masked(field.after) };
  });
}

function isSecretObject(object: JsonObject): boolean {
  return object['apiVersion'] === 'v1' && object['kind'] === 'Secret';
}

/** The key of a list's element can be made of a secret too. */
function maskedPath(path: string, isHidden: (key: string) => boolean): string {
  // Behind the last bracket nothing is closed, and every opened one would be followed to the end in vain.
  const end = path.lastIndexOf(']') + 1;
  const shown = path
    .slice(0, end)
    .replace(/(\[\w+=)([^\]]*)\]/g, (step, start: string, key: string) =>
      isHidden(key) ? `${start}${maskedValue}]` : step,
    );
  return shown + path.slice(end);
}

function follows(path: string, { paths }: Derived): boolean {
  if (isWithin(path, '.metadata')) return false;
  return paths.some((each) => isWithin(path, each) || isWithin(each, path));
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || (path.startsWith(outer) && /^[.[]/.test(path.slice(outer.length)));
}

function masked(value: Json | undefined): Json | undefined {
  return value === undefined ? undefined : maskedValue;
}

/**
 * An object without secrets: no value of a Secret, no text that contains a secret value, and nothing that differs from the object with stand-ins.
 *
 * @param standIn Undefined where it could not be rendered: then nothing but metadata is shown.
 */
export function maskedObject(
  object: JsonObject,
  { secrets, standIn }: { readonly secrets: readonly string[]; readonly standIn: JsonObject | undefined },
): JsonObject {
  const known = secrets.filter((secret) => secret !== '');
  const leaks = (text: string): boolean => known.some((secret) => text.includes(secret));
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => {
      if (isSecretObject(object) && (key === 'data' || key === 'stringData')) return [key, allMasked(value)];
      const own = key === 'apiVersion' || key === 'kind' || key === 'metadata';
      return [key, maskedIn(value, own ? value : standIn?.[key], leaks)];
    }),
  );
}

function maskedIn(
  value: Json | undefined,
  standIn: Json | undefined,
  leaks: (text: string) => boolean,
): Json | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) {
    const items = value as readonly Json[];
    if (!Array.isArray(standIn) || standIn.length !== items.length) return allMasked(value);
    return items.map((item, index) => maskedIn(item, (standIn as readonly Json[])[index], leaks) ?? null);
  }
  if (isTree(value)) {
    if (!isTree(standIn)) return allMasked(value);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskedIn(item, standIn[key], leaks)]));
  }
  const text = JSON.stringify(value);
  return text === JSON.stringify(standIn) && !leaks(typeof value === 'string' ? value : text) ? value : maskedValue;
}

/** Large integers are objects that stand for one number. */
function isTree(value: Json | undefined): value is JsonObject {
  return isJsonObject(value) && !Object.hasOwn(value, int64Key);
}

function allMasked(value: Json | undefined): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(allMasked);
  if (!isTree(value)) return maskedValue;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, allMasked(item)]));
}
