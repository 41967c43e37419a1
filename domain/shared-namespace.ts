import { at, type JsonObject, listAt, textAt } from './api/json.ts';
import { refKey } from './child.ts';
import { isNamespace } from './form-kinds.ts';
import { annotations, labels } from './keys.ts';
import { inputHash } from './node-digest.ts';
import { writtenByUs } from './owned-fields.ts';
import { isOrphanOf, tracksNode } from './ownership.ts';
import { isOrphaned } from './removal-plan.ts';
import type { NodeDigest } from './watching.ts';

/**
 * A Namespace that several forms of a row name (docs/decisions/0007): one node of the row keeps it, which is written by that one only and has its uid on
 * record. The others have it on record without a uid, which claims nothing: it is there for them, and theirs as soon as its labels name them.
 */

/** How a Namespace is with the other nodes of the row. */
export type SpaceHolder =
  /** One has it on record. */
  | { readonly kind: 'held'; readonly by: string }
  /** Its marks name one that has not said yet what it has. */
  | { readonly kind: 'claimed'; readonly by: string };

type Sibling = Pick<
  NodeDigest,
  'namespace' | 'name' | 'nodeUid' | 'hub' | 'form' | 'rowUid' | 'deleting' | 'paused' | 'observedInput' | 'inputHash'
> & { readonly children: ReadonlyMap<string, { readonly uid: string | undefined }> };

const keyOf = (object: JsonObject): string =>
  refKey({ apiVersion: 'v1', kind: 'Namespace', name: textAt(object, 'metadata', 'name') ?? '' });

/** The node of these that the labels of an object name. */
export function trackerAmong<Node extends Pick<NodeDigest, 'namespace' | 'name'>>(
  object: JsonObject,
  nodes: readonly Node[],
): Node | undefined {
  return nodes.find((node) => tracksNode(object, node));
}

const isUnsettled = ({ deleting, paused, observedInput, inputHash: input }: Sibling): boolean =>
  !deleting && !paused && observedInput !== input;

/** Which of the other nodes of a row keeps a live Namespace; undefined when none does. What its labels say goes before what records say. */
export function holderOf(object: JsonObject, siblings: readonly Sibling[]): SpaceHolder | undefined {
  if (listAt(object, 'metadata', 'ownerReferences').some((owner) => at(owner, 'controller') === true)) return undefined;
  if (isOrphaned(object)) return heirOfOrphan(object, siblings);
  const tracker = trackerAmong(object, siblings);
  return tracker === undefined ? recordedHolder(object, siblings) : trackingHolder(object, tracker);
}

const said = ({ namespace, name }: Sibling): string => `LynqNode ${namespace}/${name}`;

/** What was kept of the row goes back to the form that it was kept for. */
function heirOfOrphan(object: JsonObject, siblings: readonly Sibling[]): SpaceHolder | undefined {
  const heir = siblings.find((node) => isOrphanOf(object, { ...node, uid: node.rowUid }));
  if (heir === undefined) return undefined;
  const isComing = isUnsettled(heir) || (!heir.deleting && heir.children.has(keyOf(object)));
  return isComing ? { kind: 'claimed', by: said(heir) } : undefined;
}

/** Labels that name anyone else are that one's, or will be put right by the node that has it. */
function recordedHolder(object: JsonObject, siblings: readonly Sibling[]): SpaceHolder | undefined {
  const uid = textAt(object, 'metadata', 'uid');
  if (uid === undefined || textAt(object, 'metadata', 'labels', labels.node) !== undefined) return undefined;
  const owner = siblings.find((node) => node.children.get(keyOf(object))?.uid === uid);
  return owner === undefined ? undefined : { kind: 'held', by: said(owner) };
}

function trackingHolder(object: JsonObject, tracker: Sibling): SpaceHolder | undefined {
  const recorded = tracker.children.get(keyOf(object));
  if (recorded === undefined)
    return isUnsettled(tracker) && writtenByUs(object) ? { kind: 'claimed', by: said(tracker) } : undefined;
  const isKept = recorded.uid === textAt(object, 'metadata', 'uid') || writtenByUs(object);
  return isKept ? { kind: 'held', by: said(tracker) } : undefined;
}

/** What another node of a row has to do with a Namespace that one gives up. */
export type Heir =
  /** It names the Namespace, and has it on record or waits for it: it takes what its labels give it. */
  | 'takes'
  /** Another form or other values than it has acted on: what it names is not known yet. */
  | 'unsettled'
  | 'none';

/** How a LynqNode, as the API server has it, takes a Namespace that is given up. */
export function heirOf(node: JsonObject, space: string): Heir {
  if (textAt(node, 'metadata', 'deletionTimestamp') !== undefined) return 'none';
  if (textAt(node, 'metadata', 'annotations', annotations.released) !== undefined) return 'none';
  if (!namesSpace(node, space)) return 'none';
  const isSettled = at(node, 'spec', 'paused') === true || textAt(node, 'status', 'observedInput') === inputHash(node);
  return isSettled ? 'takes' : 'unsettled';
}

/** Whether a LynqNode said that it makes a Namespace, and has it on record or is kept from having it. */
export function namesSpace(node: JsonObject, space: string): boolean {
  const entries = listAt(node, 'status', 'resources').filter(
    (item) => textAt(item, 'kind') === 'Namespace' && textAt(item, 'name') === space,
  );
  const waits = entries.some((item) => textAt(item, 'state') === 'Conflicted');
  return waits || (entries.length > 0 && recordsSpace(node, space));
}

/** Whether a LynqNode has a Namespace on record, with this uid where one is given. */
export function recordsSpace(node: JsonObject, space: string, uid?: string): boolean {
  return listAt(node, 'status', 'inventory').some(
    (entry) =>
      isNamespace({ apiVersion: textAt(entry, 'apiVersion') ?? '', kind: textAt(entry, 'kind') ?? '' }) &&
      textAt(entry, 'name') === space &&
      (uid === undefined || textAt(entry, 'uid') === uid),
  );
}

type Records = Pick<NodeDigest, 'children'>;

/** Keys of the Namespaces that a node had and has no more: another node of the row may have them now. */
export function spacesGivenUp(before: Records | undefined, after: Records | undefined): readonly string[] {
  return [...(before?.children ?? [])].flatMap(([key, { uid }]) =>
    key.startsWith(spacePrefix) && uid !== undefined && after?.children.get(key)?.uid !== uid ? [key] : [],
  );
}

const spacePrefix = refKey({ apiVersion: 'v1', kind: 'Namespace', name: '' });
