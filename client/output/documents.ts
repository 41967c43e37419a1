import type { JsonObject } from '../../domain/api/json.ts';
import { isJsonObject } from '../../domain/api/json.ts';

/** Objects as YAML or JSON, in the shape kubectl gives them. */

/** YAML with quotes wherever kubectl's reader would take text for something else (`yes`, `0777`). */
export async function formatYaml(value: JsonObject): Promise<string> {
  const { stringify } = await import('yaml');
  return stringify(value, { version: '1.1', indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false });
}

export function formatJson(value: JsonObject): string {
  return `${JSON.stringify(value, undefined, 4)}\n`;
}

/** One object as it is, several as a `List`. */
export function asDocument(objects: readonly JsonObject[], single: boolean): JsonObject {
  const [first] = objects;
  if (single && first !== undefined) return withoutManagedFields(first);
  return {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: objects.map(withoutManagedFields),
  };
}

/** managedFields are bookkeeping of the API server, longer than the rest; kubectl hides them too. */
function withoutManagedFields(object: JsonObject): JsonObject {
  const metadata = object['metadata'];
  if (!isJsonObject(metadata)) return object;
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}
