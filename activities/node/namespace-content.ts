import { at, type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import { isFormKind } from '../../domain/form-kinds.ts';
import { labels } from '../../domain/keys.ts';
import { type Content, contentOf, countsAsContent, type NamedNode } from '../../domain/namespace-content.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { Cluster, KindRef, ListOptions } from '../../domain/ports.ts';
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

type Reader = Pick<Deps, 'cluster' | 'childCluster' | 'children' | 'nodes'>;

type Listed =
  | { readonly state: 'seen'; readonly objects: readonly JsonObject[] }
  /** Nothing of ours can be among it. */
  | { readonly state: 'unseen' }
  /** Something of ours may be among it. */
  | { readonly state: 'open' };

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
  const acting = deps.childCluster(namespace);
  const lists = await Promise.all(
    kinds.map(async (kind) => ({ kind, listed: await listOf(deps, acting, { kind, namespace: space }) })),
  );
  const open = lists.flatMap(({ kind, listed }) => (listed.state === 'open' ? [kind] : []));
  if (open.length > 0) throw untold(space, open);
  const seen = lists.flatMap(({ kind, listed }) =>
    listed.state === 'seen' ? [{ kind, objects: listed.objects }] : [],
  );
  const content = seen.flatMap(({ kind, objects }) => contentOf(kind, objects));
  const self = `${namespace}/${name}`;
  const found = await usersAmong(deps, content, { space, except: self });
  const known = deps.nodes.withObjectsIn(space, self).map((node) => node.name);
  return {
    keeps: seen.some(({ objects }) => objects.some(isOrphaned)),
    users: [...new Set([...known, ...found.values()])],
    foreign: content.flatMap(({ what, node }) => (node !== undefined && found.has(keyOf(node)) ? [] : [what])),
    unseen: lists.flatMap(({ kind, listed }) =>
      listed.state === 'unseen' && countsAsContent(kind) ? [kind.kind] : [],
    ),
  };
}

const keyOf = ({ namespace, name }: NamedNode): string => `${namespace}/${name}`;

/** Names of the LynqNodes that labels in the Namespace name, and whose record does not say otherwise, by namespace and name. */
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
      return object !== undefined && mayUse(object, space) ? [[key, name] as const] : [];
    }),
  );
  return new Map(users.flat());
}

/** One without a record is the Go operator's still, and has what its labels are on until it is taken over. */
function mayUse(node: JsonObject, space: string): boolean {
  if (at(node, 'status', 'inventory') === undefined) return true;
  return listAt(node, 'status', 'inventory').some((entry) => textAt(entry, 'namespace') === space);
}

/**
 * Of a kind that is none of a form's, was never seen by a watch and may not be listed, there is nothing of ours: this account cannot have made any.
 * That says nothing where forms write as another account (`impersonate`): its own list is the answer then, and without it the question is open, for it,
 * or that of another namespace, may have made some all the same. Every other refusal leaves the question open too, since rights may just be missing for
 * a moment.
 */
async function listOf(
  { cluster, children }: Reader,
  acting: Cluster,
  { kind, namespace }: { readonly kind: KindRef; readonly namespace: string },
): Promise<Listed> {
  const orphans = { labelSelector: `${labels.orphaned}=true` };
  const options: ListOptions = { namespace, ...(countsAsContent(kind) ? {} : orphans) };
  const own = await listOrRefused(cluster, kind, options);
  if (own instanceof LynqFailure) {
    if (acting !== cluster) {
      const theirs = await listOrRefused(acting, kind, options);
      return theirs instanceof LynqFailure ? { state: 'open' } : { state: 'seen', objects: theirs };
    }
    if (isFormKind(kind) || children.wasListed(kind)) throw own;
    return { state: 'unseen' };
  }
  return { state: 'seen', objects: own };
}

async function listOrRefused(
  cluster: Cluster,
  kind: KindRef,
  options: ListOptions,
): Promise<readonly JsonObject[] | LynqFailure> {
  try {
    return await cluster.list(kind, options);
  } catch (error) {
    // Not a 401: that says nothing about the kind.
    const forbidden = isLynqFailure(error) && error.type === 'ClusterForbidden' && error.detail['code'] === 403;
    if (forbidden) return error;
    throw error;
  }
}

function untold(space: string, open: readonly KindRef[]): LynqFailure {
  const names = open.map(({ apiVersion, kind }) => `${kind} (${apiVersion})`).toSorted();
  const more = names.length > 5 ? ` and ${names.length - 5} more kinds` : '';
  return new LynqFailure(
    'ClusterForbidden',
    `Namespace ${space} stays while something retained may be in it: neither the worker nor the account that objects of forms are written as may list ` +
      `${names.slice(0, 5).join(', ')}${more} there; docs/security.md has the rights.`,
    { code: 403 },
  );
}
