import { type JsonObject, listAt, textAt } from '../domain/api/json.ts';
import { isLynqFailure } from '../domain/failures.ts';
import { annotations } from '../domain/keys.ts';
import { contentOf, countsAsContent, type NamedNode } from '../domain/namespace-content.ts';
import type { Cluster, KindRef } from '../domain/ports.ts';
import { isOrphaned } from '../domain/removal-plan.ts';
import { kinds } from './kinds.ts';

/** What a Namespace would take along. It goes by the rule of the worker (decisions.md section 4), and what cannot be told keeps it. */
export interface Space {
  /** What else keeps it, in words: other retained objects, LynqNodes with objects in it, what may not be listed. */
  readonly holders: readonly string[];
  /** What else would go with it, as `Kind/name`: nobody's of ours. */
  readonly others: readonly string[];
}

const parallelLists = 8;

/** @param going uids of the retained objects that go as well. */
export async function readSpace(cluster: Cluster, name: string, going: ReadonlySet<string>): Promise<Space> {
  try {
    const [nodes, lists] = await Promise.all([listNodes(cluster), listContent(cluster, name)]);
    const users = usersOf(name, nodes, lists.objects);
    const named = new Set(users.keys());
    const holders = [
      ...lists.objects.flatMap(({ kind, object }) => retainedText(kind, object, going)),
      ...[...users].map(([node, objects]) => `LynqNode ${node}, which has ${shortened([...objects])} in it`),
      ...lists.unread.map(({ kind, why }) => `what there is of ${kind}, which cannot be told: ${why}`),
    ];
    const others = lists.objects.flatMap(({ kind, object }) =>
      isOrphaned(object)
        ? []
        : contentOf(kind, [object]).flatMap(({ what, node }) =>
            node !== undefined && named.has(keyOf(node)) ? [] : [what],
          ),
    );
    return { holders, others };
  } catch (error) {
    if (!isLynqFailure(error)) throw error;
    return { holders: [`what cannot be told: ${error.message}`], others: [] };
  }
}

/** Where the definitions are gone there is no node. */
async function listNodes(cluster: Cluster): Promise<readonly JsonObject[]> {
  return (await cluster.kindInfo(kinds.node)) === undefined ? [] : cluster.list(kinds.node, {});
}

interface Found {
  readonly kind: KindRef;
  readonly object: JsonObject;
}

interface Lists {
  readonly objects: readonly Found[];
  /** Rights of this account say nothing about what the worker has made. */
  readonly unread: readonly { readonly kind: string; readonly why: string }[];
}

async function listContent(cluster: Cluster, namespace: string): Promise<Lists> {
  const queue = (await cluster.listableKinds()).filter(countsAsContent);
  const objects: Found[] = [];
  const unread: { kind: string; why: string }[] = [];
  const work = async (): Promise<void> => {
    for (let kind = queue.shift(); kind !== undefined; kind = queue.shift()) {
      const ofKind = kind;
      try {
        const list = await cluster.list(ofKind, { namespace });
        objects.push(...list.map((object) => ({ kind: ofKind, object })));
      } catch (error) {
        if (!isLynqFailure(error)) throw error;
        unread.push({ kind: ofKind.kind, why: error.message });
      }
    }
  };
  await Promise.all(Array.from({ length: parallelLists }, work));
  return { objects, unread };
}

const keyOf = ({ namespace, name }: NamedNode): string => `${namespace}/${name}`;

/** LynqNodes with objects in the Namespace, on record or by the labels of these, and which those are. Nodes of the Go operator have no record. */
function usersOf(
  space: string,
  nodes: readonly JsonObject[],
  content: readonly Found[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const labelled = content.flatMap(({ kind, object }) =>
    contentOf(kind, [object]).flatMap(({ what, node }) => (node === undefined ? [] : [{ what, key: keyOf(node) }])),
  );
  const users = nodes.map((node): readonly [string, ReadonlySet<string>] => {
    const key = `${textAt(node, 'metadata', 'namespace') ?? ''}/${textAt(node, 'metadata', 'name') ?? ''}`;
    const recorded = listAt(node, 'status', 'inventory')
      .filter((entry) => textAt(entry, 'namespace') === space)
      .map((entry) => `${textAt(entry, 'kind') ?? ''}/${textAt(entry, 'name') ?? ''}`);
    return [key, new Set([...recorded, ...labelled.filter((one) => one.key === key).map(({ what }) => what)])];
  });
  return new Map(users.filter(([, objects]) => objects.size > 0));
}

function retainedText({ kind }: KindRef, object: JsonObject, going: ReadonlySet<string>): readonly string[] {
  if (!isOrphaned(object) || going.has(textAt(object, 'metadata', 'uid') ?? '')) return [];
  const from = textAt(object, 'metadata', 'annotations', annotations.orphanedFrom);
  const what = `${kind}/${textAt(object, 'metadata', 'name') ?? ''}`;
  return [from === undefined ? `${what}, retained` : `${what}, retained of ${from}`];
}

const shown = 10;

/** Names for one line. */
export function shortened(names: readonly string[]): string {
  const more = names.length - shown;
  return `${names.slice(0, shown).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
