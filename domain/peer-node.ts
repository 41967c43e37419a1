import { type JsonObject, textAt, textMapAt } from './api/json.ts';
import type { PlacedResource, ResourceList } from './api/resource.ts';

/**
 * A LynqNode as the Go operator stores it (parity 1.5): without its arrays it would take every child for one that was removed from the form, and
 * delete it.
 */
export interface PeerNode {
  /** All sixteen arrays; null takes away one that was there. */
  readonly arrays: Readonly<Record<ResourceList, readonly JsonObject[] | null>>;
  /** `status.appliedResources`, in the spelling it compares with: the namespace template as the form has it. */
  readonly appliedResources: readonly string[];
}

/** Name, labels and annotations rendered, everything else as in the form; an entry that does not render stays as it is. */
function storedEntry({ resource }: PlacedResource, object: JsonObject | undefined): JsonObject {
  const entry = JSON.parse(JSON.stringify(resource)) as JsonObject;
  if (object === undefined) return entry;
  const rendered = (map: 'labels' | 'annotations', templates: Readonly<Record<string, string>> = {}): JsonObject => {
    const values = textMapAt(object, 'metadata', map);
    return Object.fromEntries(Object.entries(templates).map(([key, template]) => [key, values[key] ?? template]));
  };
  const { nameTemplate, labelsTemplate, annotationsTemplate } = resource;
  return {
    ...entry,
    ...(nameTemplate ? { nameTemplate: textAt(object, 'metadata', 'name') ?? nameTemplate } : {}),
    ...(labelsTemplate === undefined ? {} : { labelsTemplate: rendered('labels', labelsTemplate) }),
    ...(annotationsTemplate === undefined ? {} : { annotationsTemplate: rendered('annotations', annotationsTemplate) }),
  };
}

function appliedKey({ resource }: PlacedResource, object: JsonObject | undefined, namespace: string): string {
  const { id, nameTemplate, targetNamespace, spec } = resource;
  const name = nameTemplate ? (textAt(object, 'metadata', 'name') ?? nameTemplate) : '';
  return `${textAt(spec, 'kind') ?? ''}/${targetNamespace || namespace}/${name}@${id}`;
}

/** In all of these arrays, from the entries of a form's revision and the objects they render to, by id. */
export function peerNode(
  lists: readonly ResourceList[],
  entries: readonly PlacedResource[],
  objects: ReadonlyMap<string, JsonObject>,
  namespace: string,
): PeerNode {
  const arrayOf = (list: ResourceList): readonly JsonObject[] | null => {
    const stored = entries.filter((entry) => entry.list === list);
    return stored.length === 0 ? null : stored.map((entry) => storedEntry(entry, objects.get(entry.resource.id)));
  };
  return {
    arrays: Object.fromEntries(lists.map((list) => [list, arrayOf(list)])) as unknown as PeerNode['arrays'],
    appliedResources: entries.map((entry) => appliedKey(entry, objects.get(entry.resource.id), namespace)),
  };
}
