import { type JsonObject, textAt, textMapAt } from './api/json.ts';
import type { InventoryEntry } from './api/node.ts';
import type { PlacedResource, ResourceList } from './api/resource.ts';
import { namespaceInside } from './kept-places.ts';

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

/** What is known of a node's objects. */
export interface StoredFacts {
  readonly namespace: string;
  /** What the entries render to, by id, as far as they do. */
  readonly objects: ReadonlyMap<string, JsonObject>;
  readonly record: readonly Pick<InventoryEntry, 'id' | 'kind' | 'namespace' | 'name' | 'ignoredNamespace'>[];
  /** The entries are not those that the objects were made from: these are named as on record, whatever the entries say. */
  readonly replaced?: boolean;
}

/** The name of an entry's object; as the form has it where neither is known, for the Go operator renders it once more. */
function nameOf({ id, nameTemplate, spec }: PlacedResource['resource'], facts: StoredFacts): string {
  if (!nameTemplate) return '';
  const rendered = textAt(facts.objects.get(id), 'metadata', 'name');
  const recorded = facts.record.find((entry) => entry.id === id && entry.kind === textAt(spec, 'kind'))?.name;
  return (facts.replaced === true ? (recorded ?? rendered) : (rendered ?? recorded)) ?? nameTemplate;
}

/**
 * The namespace to compare with: an object that its entry places from inside, which the Go operator ignores, is found by it only where `targetNamespace` says
 * where it is. Empty where that is the namespace of the node, or there is no object.
 */
function placeOf({ id, targetNamespace, spec }: PlacedResource['resource'], facts: StoredFacts): string {
  const inside = namespaceInside({ targetNamespace, spec });
  if (inside === undefined) return targetNamespace ?? '';
  const own = facts.record.filter((entry) => entry.id === id && entry.kind === textAt(spec, 'kind'));
  const rendered = textAt(facts.objects.get(id), 'metadata', 'namespace');
  const found =
    own.find(({ ignoredNamespace }) => ignoredNamespace === inside) ??
    own.find(({ namespace }) => namespace === rendered) ??
    own[0];
  return found?.namespace === undefined || found.namespace === facts.namespace ? '' : found.namespace;
}

/** Name, labels and annotations rendered, and a namespace that stands inside of the object as `targetNamespace`; everything else as in the form; what does not render stays as it is. */
function storedEntry({ resource }: PlacedResource, facts: StoredFacts): JsonObject {
  const entry = JSON.parse(JSON.stringify(resource)) as JsonObject;
  const object = facts.objects.get(resource.id);
  const rendered = (map: 'labels' | 'annotations', templates: Readonly<Record<string, string>> = {}): JsonObject => {
    const values = textMapAt(object, 'metadata', map);
    return Object.fromEntries(Object.entries(templates).map(([key, template]) => [key, values[key] ?? template]));
  };
  const { nameTemplate, labelsTemplate, annotationsTemplate } = resource;
  const place = placeOf(resource, facts);
  return {
    ...entry,
    ...(place === '' ? {} : { targetNamespace: place }),
    ...(nameTemplate ? { nameTemplate: nameOf(resource, facts) } : {}),
    ...(labelsTemplate === undefined ? {} : { labelsTemplate: rendered('labels', labelsTemplate) }),
    ...(annotationsTemplate === undefined ? {} : { annotationsTemplate: rendered('annotations', annotationsTemplate) }),
  };
}

function appliedKey({ resource }: PlacedResource, facts: StoredFacts): string {
  const { id, spec } = resource;
  return `${textAt(spec, 'kind') ?? ''}/${placeOf(resource, facts) || facts.namespace}/${nameOf(resource, facts)}@${id}`;
}

/** In all of these arrays, from the entries of a form's revision and what is known of their objects. */
export function peerNode(
  lists: readonly ResourceList[],
  entries: readonly PlacedResource[],
  facts: StoredFacts,
): PeerNode {
  const arrayOf = (list: ResourceList): readonly JsonObject[] | null => {
    const stored = entries.filter((entry) => entry.list === list);
    return stored.length === 0 ? null : stored.map((entry) => storedEntry(entry, facts));
  };
  return {
    arrays: Object.fromEntries(lists.map((list) => [list, arrayOf(list)])) as unknown as PeerNode['arrays'],
    appliedResources: entries.map((entry) => appliedKey(entry, facts)),
  };
}
