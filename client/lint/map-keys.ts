import { isJsonObject, type Json, textAt } from '../../domain/api/json.ts';
import type { PathStep } from '../manifest/located.ts';
import type { Problem } from '../manifest/source.ts';
import { atKey, type EntryInFile } from './entry.ts';

/** Keys of maps are sent as they are written (parity 4.2). Those of labels and annotations have rules of their own. */
export function lintMapKeys(entry: EntryInFile): readonly Problem[] {
  const { spec, id } = entry.resource;
  const isData = ['ConfigMap', 'Secret'].includes(textAt(spec, 'kind') ?? '');
  return templatedKeys(spec, []).map((path) => {
    const refused = isData && ['data', 'binaryData', 'stringData'].includes(String(path[0])) && path.length === 2;
    const message = `a key of resource '${id}' is not a template and stays as it is written`;
    const fix = refused
      ? 'Kubernetes takes letters, digits, -, _ and . here; put what differs into the value'
      : 'write a fixed text';
    return atKey(entry, ['spec', ...path], { message, fix, severity: refused ? 'error' : 'warning' });
  });
}

function templatedKeys(value: Json | undefined, path: readonly PathStep[]): readonly (readonly PathStep[])[] {
  if (Array.isArray(value)) return value.flatMap((item: Json, index) => templatedKeys(item, [...path, index]));
  if (!isJsonObject(value)) return [];
  const isChecked = path[0] === 'metadata' && path.length === 2 && ['labels', 'annotations'].includes(String(path[1]));
  return Object.entries(value).flatMap(([key, item]) => [
    ...(key.includes('{{') && !isChecked ? [[...path, key]] : []),
    ...templatedKeys(item, [...path, key]),
  ]);
}
