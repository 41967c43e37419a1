import { at, isJsonObject, type Json, type JsonObject, textAt } from './api/json.ts';

/**
 * Maps of an object in which every value is a text. A form that has `port: 8080` there means the text, but does not say so: to send it would be
 * refused by the server, and to leave it out would make another object than the form has, without a word. What has no value at all, as files made by
 * tools often have it, means nothing: of labels, annotations and `stringData` it is left out (`withValues`), and lint warns of it.
 */

/** What stands where a map of texts belongs, or a text inside of one. */
export interface NotText {
  readonly path: readonly string[];
  /** Never quotes a value. */
  readonly message: string;
  /** A member that is there, without a value. */
  readonly isNull: boolean;
}

/** Labels, annotations and `stringData`, which are put together with others before they are sent. */
export function mergedTextMaps(object: JsonObject): readonly (readonly string[])[] {
  return [['metadata', 'labels'], ['metadata', 'annotations'], ...(isCore(object, 'Secret') ? [['stringData']] : [])];
}

/** The content of ConfigMaps and Secrets, which is sent as it is. */
export function contentMaps(object: JsonObject): readonly (readonly string[])[] {
  if (isCore(object, 'Secret')) return [['data']];
  return isCore(object, 'ConfigMap') ? [['data'], ['binaryData']] : [];
}

function isCore(object: JsonObject, kind: string): boolean {
  return textAt(object, 'apiVersion') === 'v1' && textAt(object, 'kind') === kind;
}

/** What is no text in these maps; a map that is absent or null has nothing in it. */
export function notTexts(object: JsonObject, maps: readonly (readonly string[])[]): readonly NotText[] {
  const metadata = object['metadata'];
  const holder = isMissing(metadata) || isJsonObject(metadata) ? [] : [notMap(['metadata'], metadata)];
  const inside = maps.flatMap((path) => {
    const map = at(object, ...path);
    if (isMissing(map)) return [];
    if (!isJsonObject(map)) return [notMap(path, map)];
    return Object.entries(map).flatMap(([key, value]) =>
      typeof value === 'string' || value === undefined
        ? []
        : [{ path: [...path, key], message: `must be text, not ${describeType(value)}`, isNull: value === null }],
    );
  });
  return [...holder, ...inside];
}

/** The members of a map that have a value. */
export function withValues(map: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(map).filter(([, value]) => !isMissing(value)));
}

/** Why an entry cannot be sent: the first of its labels, annotations and `stringData` that has a value which is no text. */
export function textMapProblem(form: JsonObject, rendered: JsonObject): string | undefined {
  // Rendering takes labels and annotations together, so that one that was no map is seen in the form only.
  const [shape] = notTexts(form, mergedTextMaps(form)).filter(({ path }) => !isMember(path));
  const members = notTexts(rendered, mergedTextMaps(rendered)).filter(({ isNull }) => !isNull);
  const first = shape ?? members[0];
  return first === undefined ? undefined : `${pathText(first.path)} ${first.message}${adviceFor(first)}`;
}

const isMember = ([first, ...rest]: readonly string[]): boolean => rest.length === (first === 'metadata' ? 2 : 1);
const adviceFor = ({ path }: NotText): string => (isMember(path) ? '; write it in quotes' : '');

function pathText(path: readonly string[]): string {
  return path.reduce((text, key) => (/^[\w-]+$/.test(key) ? `${text}.${key}` : `${text}["${key}"]`));
}

const isMissing = (value: Json | undefined): value is null | undefined => value === undefined || value === null;
const notMap = (path: readonly string[], value: Json): NotText => ({
  path,
  message: `must be a map, not ${describeType(value)}`,
  isNull: false,
});

/** A word for the type of a value; never the value. */
export function describeType(value: Json): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  const words = { string: 'a text', number: 'a number', boolean: 'true or false', object: 'a map' } as const;
  return words[typeof value as keyof typeof words];
}
