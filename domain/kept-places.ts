import { isJsonObject, textAt } from './api/json.ts';
import type { InventoryEntry } from './api/node.ts';
import type { TResource } from './api/resource.ts';
import { childRef, type RenderedEntry, refKey } from './child.ts';
import type { NodeIdentity } from './ownership.ts';

/**
 * An entry that names its namespace inside of its object only: the Go operator ignores that, and has the object in the node's namespace (parity 5.3). What
 * it made there stays there, since to follow the entry would be to delete the object and to make an empty one elsewhere. The record keeps what is not
 * followed; the form moves the object by naming another namespace than that.
 */

/** The text of `spec.metadata.namespace` where it alone says where the object is. */
export function namespaceInside({ targetNamespace, spec }: Pick<TResource, 'targetNamespace' | 'spec'>) {
  return targetNamespace ? undefined : textAt(spec, 'metadata', 'namespace') || undefined;
}

/** The entry with its object in the node's namespace, and what it names on record. */
export function keptHere(rendered: RenderedEntry): RenderedEntry {
  const { namespace: _namespace, ...metadata } = isJsonObject(rendered.object['metadata'])
    ? rendered.object['metadata']
    : {};
  const ignored = namespaceInside(rendered.entry);
  return {
    ...rendered,
    object: { ...rendered.object, metadata },
    ...(ignored === undefined ? {} : { ignoredNamespace: ignored }),
  };
}

export interface PlaceFacts {
  readonly namespace: string;
  readonly record: ReadonlyMap<string, InventoryEntry>;
  /** The record is what the Go operator made. */
  readonly isPeers: boolean;
  /** Objects of entries that name no namespace inside of them, by key. */
  readonly taken: ReadonlySet<string>;
}

/** Where an entry's object is: where the entry says, in the node's namespace, or that has to be looked at. */
export function placeOf(rendered: RenderedEntry, facts: PlaceFacts): 'named' | 'here' | 'unknown' {
  const inside = namespaceInside(rendered.entry);
  if (!rendered.namespaced || inside === undefined || inside === facts.namespace) return 'named';
  const here = refKey(childRef(keptHere(rendered), facts.namespace));
  const named = refKey(childRef(rendered, facts.namespace));
  if (facts.taken.has(here)) return 'named';
  const known = facts.record.get(here);
  const onRecord = known === undefined ? undefined : placeOnRecord(known, inside, facts);
  if (onRecord !== undefined) return onRecord;
  return here === named || facts.record.has(named) ? 'named' : 'unknown';
}

/**
 * Where what is on record in the node's namespace has an entry that names another one. An object that is only intended there may have been somebody else's,
 * a conflict, and may be gone by now: that has to be looked at.
 */
function placeOnRecord(
  { uid, adopted, ignoredNamespace }: InventoryEntry,
  inside: string,
  { isPeers }: PlaceFacts,
): 'named' | 'here' | undefined {
  if (isPeers) return 'here';
  if (ignoredNamespace !== inside) return 'named';
  return uid !== undefined || adopted === true ? 'here' : undefined;
}

/** Objects whose entries name no namespace inside of them, by key. */
export function plainPlaces(rendered: readonly RenderedEntry[], { namespace }: NodeIdentity): ReadonlySet<string> {
  const plain = rendered.filter(({ entry }) => namespaceInside(entry) === undefined);
  return new Set(plain.map((item) => refKey(childRef(item, namespace))));
}
