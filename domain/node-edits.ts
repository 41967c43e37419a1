import { at, type JsonObject, listAt, textAt } from './api/json.ts';
import { labelValue, nodeName } from './identity.ts';
import { annotations, apiGroup, apiVersion, finalizers, labels } from './keys.ts';

/**
 * What only a sync writes on a LynqNode, and how an edit of it by hand is told and taken back. A node is who its name and its owner say: neither can be
 * edited into another node's, so a changed field never makes a row look gone.
 */

/** A row and a form. */
export interface NodePair {
  readonly uid: string;
  readonly form: string;
}

function rest(name: string, beginning: string): string | undefined {
  return name.length > beginning.length + 1 && name.startsWith(`${beginning}-`)
    ? name.slice(beginning.length + 1)
    : undefined;
}

/** The pair a LynqNode is of: as its spec says where that gives its name, otherwise what its name leaves of it. */
export function pairOf(node: JsonObject): NodePair {
  const name = textAt(node, 'metadata', 'name') ?? '';
  const uid = textAt(node, 'spec', 'uid') ?? '';
  const form = textAt(node, 'spec', 'templateRef') ?? '';
  if (nodeName(uid, form) === name) return { uid, form };
  if (form !== '' && name.length > form.length + 1 && name.endsWith(`-${form}`))
    return { uid: name.slice(0, -form.length - 1), form };
  for (const known of [uid, textAt(node, 'metadata', 'labels', labels.uid) ?? '']) {
    const found = known === '' ? undefined : rest(name, known);
    if (found !== undefined) return { uid: known, form: found };
  }
  return { uid, form };
}

function hubOwner(node: JsonObject): JsonObject | undefined {
  return listAt(node, 'metadata', 'ownerReferences').find(
    (owner): owner is JsonObject =>
      at(owner, 'controller') === true &&
      textAt(owner, 'kind') === 'LynqHub' &&
      (textAt(owner, 'apiVersion') ?? '').startsWith(`${apiGroup}/`),
  );
}

/**
 * The hub of a node: its owner. Of a node without one the label decides (parity 1.6); the annotation only completes a name that was too long for a
 * label.
 */
export function hubOf(node: JsonObject): string {
  const owner = textAt(hubOwner(node), 'name');
  if (owner !== undefined) return owner;
  const label = textAt(node, 'metadata', 'labels', labels.hub) ?? '';
  const annotated = textAt(node, 'metadata', 'annotations', annotations.hubId);
  if (annotated === undefined) return label;
  return label === '' || labelValue(annotated) === label ? annotated : label;
}

/** Whether something that only a sync writes has been changed by hand. What is on its way out is left to its removal. */
export function isEditedByHand(node: JsonObject): boolean {
  if (textAt(node, 'metadata', 'deletionTimestamp') !== undefined) return false;
  const { uid, form } = pairOf(node);
  return (
    textAt(node, 'spec', 'uid') !== uid ||
    textAt(node, 'spec', 'templateRef') !== form ||
    textAt(node, 'metadata', 'labels', labels.uid) !== uid ||
    textAt(node, 'metadata', 'labels', labels.hub) !== labelValue(hubOf(node)) ||
    !listAt(node, 'metadata', 'finalizers').includes(finalizers.node) ||
    hubOwner(node) === undefined
  );
}

/** Whether a node says that it is of a hub, and is owned by none and by nobody else, nor on its way out: what `--cascade=orphan` leaves. */
export function isOrphanOf(node: JsonObject, hub: string): boolean {
  if (textAt(node, 'metadata', 'deletionTimestamp') !== undefined) return false;
  const owners = listAt(node, 'metadata', 'ownerReferences');
  return hubOf(node) === hub && !owners.some((owner) => at(owner, 'controller') === true);
}

/** The owner reference of a hub's node. */
export function ownedByHub(hub: { readonly name: string; readonly uid: string }): JsonObject {
  return { apiVersion, kind: 'LynqHub', name: hub.name, uid: hub.uid, controller: true, blockOwnerDeletion: true };
}

/** Merge patch that takes edits back; finalizers and owners of others stay. To be sent on condition of the version it was made from. */
export function restoringPatch(
  node: JsonObject,
  hub: { readonly name: string; readonly uid: string },
): { readonly metadata: JsonObject; readonly spec: JsonObject } {
  const { uid, form } = pairOf(node);
  const others = listAt(node, 'metadata', 'finalizers').filter((finalizer) => finalizer !== finalizers.node);
  const owners = listAt(node, 'metadata', 'ownerReferences').filter((owner) => at(owner, 'controller') !== true);
  return {
    metadata: {
      labels: { [labels.hub]: labelValue(hub.name), [labels.uid]: uid },
      finalizers: [...others, finalizers.node],
      ownerReferences: [...owners, ownedByHub(hub)],
    },
    spec: { uid, templateRef: form },
  };
}
