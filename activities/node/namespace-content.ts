import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { isFormKind } from '../../domain/form-kinds.ts';
import { labels } from '../../domain/keys.ts';
import { type Content, contentOf, countsAsContent, type NamedNode } from '../../domain/namespace-content.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { KindRef } from '../../domain/ports.ts';
import { isOrphaned } from '../../domain/removal-plan.ts';
import type { Deps } from '../deps.ts';
import { nodeRef } from './gather.ts';

/** What a Namespace holds at this moment, for the decision whether it goes. */
export interface NamespaceContent {
  /** Something in it is retained, whatever form made it: the Namespace is too. */
  readonly keeps: boolean;
  /** LynqNodes with objects in it on record, the asking one aside. */
  readonly users: readonly string[];
  /** What else would go with it, as `Kind/name`. */
  readonly foreign: readonly string[];
  /** Kinds that may not be listed: what is there of them is not known. */
  readonly unseen: readonly string[];
}

type Reader = Pick<Deps, 'cluster' | 'children' | 'nodes'>;

/**
 * Reads it from complete lists of every kind, not from a watch: a LynqNode that has just made its first object in the Namespace is found by that object.
 * One that has only recorded an object, too lately for the watch, loses nothing: its object waits for the Namespace.
 *
 * @throws LynqFailure when it cannot be told.
 */
export async function readNamespaceContent(
  deps: Reader,
  { namespace, name }: Pick<NodeIdentity, 'namespace' | 'name'>,
  space: string,
): Promise<NamespaceContent> {
  const kinds = await deps.cluster.listableKinds();
  const lists = await Promise.all(kinds.map(async (kind) => ({ kind, objects: await listOf(deps, kind, space) })));
  const content = lists.flatMap(({ kind, objects }) => contentOf(kind, objects ?? []));
  const self = `${namespace}/${name}`;
  const found = await usersAmong(deps, content, { space, except: self });
  const known = deps.nodes.withObjectsIn(space, self).map((node) => node.name);
  return {
    keeps: lists.some(({ objects }) => objects?.some(isOrphaned) === true),
    users: [...new Set([...known, ...found.values()])],
    foreign: content.flatMap(({ what, node }) => (node !== undefined && found.has(keyOf(node)) ? [] : [what])),
    unseen: lists.flatMap(({ kind, objects }) => (objects === undefined && countsAsContent(kind) ? [kind.kind] : [])),
  };
}

const keyOf = ({ namespace, name }: NamedNode): string => `${namespace}/${name}`;

/** Names of the LynqNodes that labels in the Namespace name, and whose record says so too, by namespace and name. */
async function usersAmong(
  { cluster }: Reader,
  content: readonly Content[],
  { space, except }: { readonly space: string; readonly except: string },
): Promise<ReadonlyMap<string, string>> {
  const named = new Map(content.flatMap(({ node }) => (node === undefined ? [] : [[keyOf(node), node] as const])));
  named.delete(except);
  const users = await Promise.all(
    [...named].map(async ([key, { namespace, name }]) => {
      const object = await cluster.get(nodeRef({ namespace, node: name }));
      const records = listAt(object, 'status', 'inventory').some((entry) => textAt(entry, 'namespace') === space);
      return records ? [[key, name] as const] : [];
    }),
  );
  return new Map(users.flat());
}

/**
 * Of a kind that is none of a form's, was never seen by a watch and may not be listed, there is nothing of ours: this account cannot have made any.
 * Every other refusal leaves the question open, since rights may just be missing for a moment.
 */
async function listOf(
  { cluster, children }: Reader,
  kind: KindRef,
  namespace: string,
): Promise<readonly JsonObject[] | undefined> {
  const orphans = { labelSelector: `${labels.orphaned}=true` };
  try {
    return await cluster.list(kind, { namespace, ...(countsAsContent(kind) ? {} : orphans) });
  } catch (error) {
    // Not a 401: that says nothing about the kind.
    const forbidden = isLynqFailure(error) && error.type === 'ClusterForbidden' && error.detail['code'] === 403;
    if (!forbidden || isFormKind(kind) || children.wasListed(kind)) throw error;
    return undefined;
  }
}
