import { type JsonObject, textAt } from './api/json.ts';
import type { InventoryEntry } from './api/node.ts';
import type { PlacedResource } from './api/resource.ts';
import { refKey } from './child.ts';
import { namespaceInside } from './kept-places.ts';
import { annotations } from './keys.ts';
import { isAppliedKeyOf } from './peer-record.ts';
import { effectivePolicies } from './retain.ts';

/**
 * The record of a LynqNode that only the Go operator has written: what its arrays name, with names as they are rendered there, and what carries its
 * tracking labels, wherever that is. For its removal; a pass makes a record of its own.
 */

/** Kinds that the arrays of a node name. `namespaced` is undefined for one the cluster does not know. */
export interface PeerKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespaced: boolean | undefined;
}

export interface PeerNodeFacts {
  readonly namespace: string;
  readonly entries: readonly PlacedResource[];
  readonly kinds: readonly PeerKind[];
  /** Objects of these kinds with both tracking labels of the node. */
  readonly tracked: readonly JsonObject[];
}

const kindOf = ({ spec }: PlacedResource['resource']) => ({
  apiVersion: textAt(spec, 'apiVersion') ?? '',
  kind: textAt(spec, 'kind') ?? '',
});

/** The kinds of a node's arrays, each once. */
export function peerKinds(entries: readonly PlacedResource[]): readonly Omit<PeerKind, 'namespaced'>[] {
  const kinds = entries.map(({ resource }) => kindOf(resource));
  return [...new Map(kinds.map((kind) => [`${kind.apiVersion}/${kind.kind}`, kind])).values()];
}

const isTemplate = (text: string): boolean => text.includes('{{');

/** Name as it was rendered; empty where the arrays do not say it. */
function nameOf({ nameTemplate, spec }: PlacedResource['resource']): string {
  const name = nameTemplate || (textAt(spec, 'metadata', 'name') ?? '');
  return isTemplate(name) ? '' : name;
}

/** Whether only a search by labels tells where an entry of this kind has its object. */
export function isSearched(entries: readonly PlacedResource[], kind: Omit<PeerKind, 'namespaced'>): boolean {
  return entries.some(
    ({ resource }) =>
      isOfKind({ ...kindOf(resource) }, kind) &&
      (isTemplate(resource.targetNamespace ?? '') || nameOf(resource) === ''),
  );
}

function recordOf(
  resource: PlacedResource['resource'],
  ref: Pick<InventoryEntry, 'apiVersion' | 'kind' | 'namespace' | 'name'>,
  policy: InventoryEntry['policy'],
): InventoryEntry {
  const { id, dependIds, creationPolicy } = resource;
  const ignored = ref.namespace === undefined ? undefined : namespaceInside(resource);
  return {
    id,
    ...ref,
    policy,
    ...(dependIds?.length ? { dependIds } : {}),
    ...(creationPolicy === 'Once' ? { once: true } : {}),
    ...(ignored === undefined ? {} : { ignoredNamespace: ignored }),
  };
}

const isOfKind = (object: JsonObject, kind: { readonly apiVersion: string; readonly kind: string }): boolean =>
  textAt(object, 'apiVersion') === kind.apiVersion && textAt(object, 'kind') === kind.kind;

/** Where an object is; `namespace` is absent for cluster-scoped ones. */
function refOf(object: JsonObject): Pick<InventoryEntry, 'apiVersion' | 'kind' | 'namespace' | 'name'> {
  const namespace = textAt(object, 'metadata', 'namespace');
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    ...(namespace === undefined ? {} : { namespace }),
    name: textAt(object, 'metadata', 'name') ?? '',
  };
}

/** What a tracked object is recorded as that no entry names: kept unless it says itself that it may go. */
function straggler(object: JsonObject): InventoryEntry {
  const mayGo = textAt(object, 'metadata', 'annotations', annotations.deletionPolicy) === 'Delete';
  const ref = refOf(object);
  return { id: `${ref.kind}/${ref.name}`, ...ref, policy: mayGo ? 'Delete' : 'Retain' };
}

/** The record, by entry and by tracked object; one entry for each object. */
export function peerInventory({ namespace, entries, kinds, tracked }: PeerNodeFacts): readonly InventoryEntry[] {
  const policies = effectivePolicies(
    entries.map(({ resource }) => ({
      id: resource.id,
      ref: { ...kindOf(resource), namespace, name: nameOf(resource) },
      policy: resource.deletionPolicy,
      dependIds: resource.dependIds ?? [],
      needs: [],
    })),
  );
  const named = entries.flatMap(({ resource }): readonly InventoryEntry[] => {
    const known = kinds.find((kind) => isOfKind({ ...kindOf(resource) }, kind));
    const name = nameOf(resource);
    const place = resource.targetNamespace || namespace;
    const record = (ref: Parameters<typeof recordOf>[1]) =>
      recordOf(resource, ref, policies.get(resource.id)?.policy ?? resource.deletionPolicy);
    const found = tracked.filter(
      (object) => isOfKind(object, kindOf(resource)) && textAt(object, 'metadata', 'name') === name,
    );
    if (name === '' || known?.namespaced === undefined) return [];
    if (known.namespaced && isTemplate(place)) return found.map((object) => record(refOf(object)));
    return [record({ ...kindOf(resource), ...(known.namespaced ? { namespace: place } : {}), name })];
  });
  const byRef = new Map(named.map((entry) => [refKey(entry), entry]));
  const others = tracked.map(straggler).filter((entry) => !byRef.has(refKey(entry)));
  return [...byRef.values(), ...others];
}

/** Whether the Go operator's status lists an object of such a record. */
export function isListed(appliedResources: readonly string[], entry: InventoryEntry): boolean {
  const child = { id: entry.id, ref: { ...entry, namespace: entry.namespace } };
  return appliedResources.some((key) => isAppliedKeyOf(key, child));
}
