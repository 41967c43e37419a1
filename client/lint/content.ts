import { isJsonObject, mapAt } from '../../domain/api/json.ts';
import { contentMaps, mergedTextMaps, notTexts } from '../../domain/text-maps.ts';
import type { Problem } from '../manifest/source.ts';
import { atKey, type EntryInFile, type EntryRule } from './entry.ts';
import { notTextProblem } from './text-maps.ts';

/** The content of a ConfigMap or Secret: what the server refuses, or what nobody means. Values of Secrets are never shown. */

const lintValues: EntryRule = (entry) => {
  const { spec } = entry.resource;
  if (!isJsonObject(spec['metadata'] ?? {})) return [];
  return notTexts(spec, contentMaps(spec)).map((found) => {
    const problem = notTextProblem(entry, found);
    // The server makes an empty text of it.
    return found.isNull ? { ...problem, severity: 'warning' } : problem;
  });
};

/** A key becomes the name of a file where the object is mounted. */
const isContentKey = (key: string): boolean =>
  key.length <= 253 && /^[-._a-zA-Z0-9]+$/.test(key) && key !== '.' && !key.startsWith('..');

const lintContentKeys: EntryRule = (entry) => {
  const { spec, id } = entry.resource;
  const maps = [...contentMaps(spec), ...mergedTextMaps(spec).filter(([first]) => first === 'stringData')];
  return maps.flatMap((path) =>
    Object.keys(mapAt(spec, ...path))
      .filter((key) => !isContentKey(key) && !key.includes('{{'))
      .map((key) => {
        const message = `"${key}" of resource '${id}' is not a key that ${path.join('.')} can have`;
        const fix = 'use letters, digits, -, _ and .; at most 253';
        return atKey(entry, ['spec', ...path, key], { message, fix });
      }),
  );
};

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const lintBase64: EntryRule = (entry) => {
  const { spec, id } = entry.resource;
  const isEncoded = ([name]: readonly string[]): boolean => spec['kind'] === 'Secret' || name === 'binaryData';
  return contentMaps(spec)
    .filter(isEncoded)
    .flatMap((path) =>
      Object.entries(mapAt(spec, ...path)).flatMap(([key, value]) => {
        if (typeof value !== 'string' || value.includes('{{') || base64.test(value.replaceAll(/[\r\n]/g, '')))
          return [];
        const message = `${path.join('.')}.${key} of resource '${id}' is not base64`;
        const fix = spec['kind'] === 'Secret' ? 'put plain text into stringData' : 'put plain text into data';
        return [atKey(entry, ['spec', ...path, key], { message, fix })];
      }),
    );
};

export function lintContent(entry: EntryInFile): readonly Problem[] {
  return [lintValues, lintContentKeys, lintBase64].flatMap((rule) => rule(entry));
}
