import { type JsonObject, listAt, textAt } from './api/json.ts';
import { labels } from './keys.ts';
import type { KindRef } from './ports.ts';

/** What is in a Namespace that is about to go, from complete lists of its kinds (decisions.md section 4). */

/** A LynqNode that the labels of an object name. Anyone can write labels: its record decides. */
export interface NamedNode {
  readonly namespace: string;
  readonly name: string;
}

export interface Content {
  /** As `Kind/name`. */
  readonly what: string;
  readonly node?: NamedNode;
}

/** Kinds that come and go by themselves with what they tell of. */
const passing: ReadonlySet<string> = new Set(['Event', 'Endpoints', 'EndpointSlice', 'Lease', 'PodMetrics']);

/** Objects that every Namespace has. */
const inEvery: ReadonlySet<string> = new Set(['ServiceAccount/default', 'ConfigMap/kube-root-ca.crt']);

/** Whether objects of a kind are anybody's to lose. */
export function countsAsContent({ kind }: KindRef): boolean {
  return !passing.has(kind);
}

/** What a Namespace would take along of these objects; not what is going already, goes with its owner, or comes with every Namespace. */
export function contentOf({ kind }: KindRef, objects: readonly JsonObject[]): readonly Content[] {
  return objects.flatMap((object) => {
    const what = `${kind}/${textAt(object, 'metadata', 'name') ?? ''}`;
    const going = textAt(object, 'metadata', 'deletionTimestamp') !== undefined;
    const node = namedNode(object);
    const goesWithOwner = listAt(object, 'metadata', 'ownerReferences').length > 0 && node === undefined;
    if (going || goesWithOwner || inEvery.has(what)) return [];
    return [{ what, ...(node === undefined ? {} : { node }) }];
  });
}

/** A label that was cut has the full name in an annotation of the same key. */
function namedNode(object: JsonObject): NamedNode | undefined {
  const full = textAt(object, 'metadata', 'annotations', labels.node);
  const name = full ?? textAt(object, 'metadata', 'labels', labels.node);
  const namespace = textAt(object, 'metadata', 'labels', labels.nodeNamespace);
  return name === undefined || namespace === undefined ? undefined : { namespace, name };
}
