import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';

/**
 * Names that follow from other names: LynqNodes, workflow ids, label values. Pure text in, text out, safe inside the workflow sandbox
 * (hence a hash that needs no Node built-in).
 */

/** Task queue of all workflows and activities; one queue, so that activities can be dispatched eagerly. */
export const defaultTaskQueue = 'lynqflow';

/** SHA-256 of UTF-8 text as lower-case hex, cut to `length` characters. */
export function hashText(text: string, length = 16): string {
  return bytesToHex(sha256(utf8ToBytes(text))).slice(0, length);
}

/** Workers that share their namespace, Temporal namespace and task queue are one installation. */
export function installationId(place: {
  readonly namespace: string;
  readonly temporalNamespace: string;
  readonly taskQueue: string;
}): string {
  return hashText(`${place.namespace}/${place.temporalNamespace}/${place.taskQueue}`, 12);
}

/** `{uid}-{form}` (parity 3.3). Two pairs may give one name: the hub plan detects and reports that. */
export function nodeName(uid: string, form: string): string {
  return `${uid}-${form}`;
}

const maxWorkflowId = 200;

function bounded(id: string): string {
  return id.length <= maxWorkflowId ? id : `${id.slice(0, maxWorkflowId - 17)}-${hashText(id, 16)}`;
}

/** Ids in Temporal (decisions.md section 6); over 200 characters they are cut and get 16 hex of their hash. */
export const workflowIds = {
  schedule: (namespace: string, hub: string): string => bounded(`hub/${namespace}/${hub}`),
  sync: (namespace: string, hub: string): string => bounded(`hub-sync/${namespace}/${hub}`),
  node: (namespace: string, node: string): string => bounded(`node/${namespace}/${node}`),
  rollout: (namespace: string, form: string): string => bounded(`rollout/${namespace}/${form}`),
  removals: (namespace: string, hub: string): string => bounded(`removals/${namespace}/${hub}`),
} as const;

/** A label value holds 63 characters: longer text is cut to 52, `-` and 10 hex of its hash (decisions.md section 5). */
export function labelValue(text: string): string {
  return text.length <= 63 ? text : `${text.slice(0, 52)}-${hashText(text, 10)}`;
}

/** Name of the Secret with a hub's 256-bit key. It has no owner and outlives the hub (decisions.md section 2). */
export function hubKeySecret(hub: string): string {
  return `${hub}-lynq-key`;
}

/** Name of the Secret with the first results of key and certificate functions of a node (decisions.md section 2). */
export function generatedSecret(node: string): string {
  return `${node}-generated`;
}

/** Name of the Secret beside a node that holds the values of secretValueMappings (decisions.md section 1). */
export function valuesSecret(node: string): string {
  return `${node}-values`;
}

/** Name of the Secret with values that wait for a place in the rollout of the node's form (docs/rollouts.md). */
export function pendingValuesSecret(node: string): string {
  return `${node}-values-next`;
}

/** Name of the ControllerRevision that holds a form's content (decisions.md section 1). */
export function revisionName(form: string, contentHash: string): string {
  return `${form}-${contentHash}`;
}
