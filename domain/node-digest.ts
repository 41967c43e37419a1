import { at, type Json, type JsonObject, listAt, textAt, textMapAt } from './api/json.ts';
import { refKey } from './child.ts';
import { nodeCounts } from './gauges.ts';
import { hashText } from './identity.ts';
import { annotations, labels, reservedPrefix } from './keys.ts';
import { hubOf, isEditedByHand, pairOf } from './node-edits.ts';
import type { ChildDigest } from './node-plan.ts';
import { ownedFieldsHash } from './owned-fields.ts';
import type { ObjectRef } from './ports.ts';
import { hasMovableFields } from './policies/field-managers.ts';
import { isNodeReference } from './policies/merge-body.ts';
import { evaluateReadiness } from './readiness/index.ts';
import type { ReadyWhen } from './readiness/ready-when.ts';
import { isDeletable } from './removal-plan.ts';
import { readPendingValues } from './rollout/values.ts';
import { annotationsDigest } from './rows.ts';
import type { NodeDigest, ReportedChild } from './watching.ts';

/** Objects as the watches deliver them -> the little that is kept of each. */

const inputAnnotations = [
  annotations.hostOrUrl,
  annotations.activate,
  annotations.extra,
  annotations.overrides,
] as const;

/**
 * Hash of what a pass acts on; equal texts mean that a pass would see the same form, values and overrides, and was asked for as often. What annotation
 * `lynq.sh/force-reconcile` says stands behind a slash, so that a pass can tell that it was asked for anew.
 */
export function inputHash(node: JsonObject): string {
  const found = textMapAt(node, 'metadata', 'annotations');
  const values = inputAnnotations.map((key) => found[key] ?? '');
  const paused = at(node, 'spec', 'paused') === true;
  const seal = found[annotations.secretValues];
  const sealed = [seal, found[annotations.released]].filter((value) => value !== undefined);
  const asked = found[annotations.forceReconcile];
  const hash = hashText(JSON.stringify([textAt(node, 'spec', 'formRevision') ?? '', paused, ...values, ...sealed]), 16);
  return asked === undefined ? hash : `${hash}/${hashText(asked, 8)}`;
}

/** Whether annotation `lynq.sh/force-reconcile` has a value that no pass has acted on: every object is to be written once more (parity 11.3). */
export function isResyncAsked(node: JsonObject): boolean {
  const asked = inputHash(node).split('/')[1];
  return asked !== undefined && asked !== (textAt(node, 'status', 'observedInput') ?? '').split('/')[1];
}

function recordedRef(entry: Json): ObjectRef {
  return {
    apiVersion: textAt(entry, 'apiVersion') ?? '',
    kind: textAt(entry, 'kind') ?? '',
    name: textAt(entry, 'name') ?? '',
    namespace: textAt(entry, 'namespace'),
  };
}

const none: readonly string[] = [];

/** Most nodes have nothing to do with others of their row: one empty list serves all of them. */
function listOf(texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? none : [...new Set(texts)].toSorted();
}

function recordedNeeds(node: JsonObject): Pick<NodeDigest, 'needs' | 'kept'> {
  const record = listAt(node, 'status', 'inventory');
  return {
    needs: listOf(record.flatMap((entry) => listAt(entry, 'needs')).filter((mark) => typeof mark === 'string')),
    kept: listOf(
      record.flatMap((entry) => (textAt(entry, 'neededElsewhere') === 'Named' ? [refKey(recordedRef(entry))] : [])),
    ),
  };
}

/** Of the entries in status, also where the object is someone else's and thus not on record. */
function namedSpaces(node: JsonObject): Pick<NodeDigest, 'spaces'> {
  const entries = listAt(node, 'status', 'resources').filter((item) => textAt(item, 'kind') === 'Namespace');
  const spaces = listOf(entries.flatMap((item) => textAt(item, 'name') || []));
  return spaces.length === 0 ? {} : { spaces };
}

/** What may still be there while a removal waits for the Namespaces alone: it goes after them. */
const laterReasons: ReadonlySet<string | undefined> = new Set(['WaitsForDependents', 'WaitingForForm']);

function heldUpSpaces(node: JsonObject): Pick<NodeDigest, 'heldUp'> {
  if (textAt(node, 'metadata', 'deletionTimestamp') === undefined) return {};
  const left = listAt(node, 'status', 'resources').filter((item) => !laterReasons.has(textAt(item, 'reason')));
  const isHeldUp = (item: Json): boolean =>
    textAt(item, 'state') === 'Deleting' && textAt(item, 'reason') === 'NamespaceInUse';
  return left.length > 0 && left.every(isHeldUp)
    ? { heldUp: listOf(left.flatMap((item) => textAt(item, 'name') || [])) }
    : {};
}

function reportedChildren(node: JsonObject): ReadonlyMap<string, ReportedChild> {
  const reported = new Map(listAt(node, 'status', 'resources').map((item) => [textAt(item, 'id'), item]));
  return new Map(
    listAt(node, 'status', 'inventory').map((entry) => {
      const ref = recordedRef(entry);
      const item = reported.get(textAt(entry, 'id'));
      return [
        refKey(ref),
        {
          uid: textAt(entry, 'uid'),
          namespace: ref.namespace,
          state: textAt(item, 'state') ?? '',
          drifted: textAt(item, 'reason') === 'Drifted',
          baseline: textAt(entry, 'baseline'),
          apiVersion: ref.apiVersion,
          readyWhen: at(entry, 'readyWhen') === true,
          once: at(entry, 'once') === true,
          ...(textAt(entry, 'policy') === 'Retain' ? { retained: true as const } : {}),
        },
      ] as const;
    }),
  );
}

/** Labels that people put on a LynqNode; ours are in other fields. */
function ownLabels(node: JsonObject): Readonly<Record<string, string>> {
  const entries = Object.entries(textMapAt(node, 'metadata', 'labels'));
  const kept = entries.filter(([key]) => !key.startsWith(reservedPrefix));
  return kept.length === 0 ? noLabels : Object.fromEntries(kept);
}

const noLabels: Readonly<Record<string, string>> = {};

function failureReason(node: JsonObject): string | undefined {
  const failed = listAt(node, 'status', 'resources').find((item) => {
    const state = textAt(item, 'state');
    return state === 'Failed' || state === 'Conflicted';
  });
  return textAt(failed, 'reason');
}

function pendingHash(found: Readonly<Record<string, string>>): string | undefined {
  const values = readPendingValues(found[annotations.pendingValues]);
  return values === undefined ? undefined : annotationsDigest(values, (text) => hashText(text, 32)).hash;
}

function conditionStatus(node: JsonObject, type: string): string {
  const found = listAt(node, 'status', 'conditions').find((item) => textAt(item, 'type') === type);
  return textAt(found, 'status') ?? 'Unknown';
}

/** What is kept of a LynqNode. */
export function nodeDigest(node: JsonObject): NodeDigest {
  const found = textMapAt(node, 'metadata', 'annotations');
  const { uid, form } = pairOf(node);
  const failed = Number(at(node, 'status', 'failedResources') ?? 0);
  return {
    name: textAt(node, 'metadata', 'name') ?? '',
    namespace: textAt(node, 'metadata', 'namespace') ?? '',
    nodeUid: textAt(node, 'metadata', 'uid') ?? '',
    resourceVersion: textAt(node, 'metadata', 'resourceVersion') ?? '',
    hub: hubOf(node),
    rowUid: uid,
    form,
    edited: isEditedByHand(node),
    revision: textAt(node, 'spec', 'formRevision'),
    dataHash: annotationsDigest(found, (text) => hashText(text, 32)).hash,
    pendingHash: pendingHash(found),
    labels: ownLabels(node),
    deleting: textAt(node, 'metadata', 'deletionTimestamp') !== undefined,
    inputHash: inputHash(node),
    observedInput: textAt(node, 'status', 'observedInput'),
    ready: conditionStatus(node, 'Ready') === 'True',
    failed: failed > 0,
    failure: failed > 0 ? failureReason(node) : undefined,
    conflicted: conditionStatus(node, 'Conflicted') === 'True',
    paused: at(node, 'spec', 'paused') === true || found[annotations.released] !== undefined,
    released: found[annotations.released] !== undefined,
    templateGeneration: found[annotations.templateGeneration] ?? '',
    ...(found[annotations.abandon] === undefined ? {} : { abandon: found[annotations.abandon] }),
    letGo: found[annotations.letGo],
    overridden: found[annotations.overrides] !== undefined,
    dependsOn: listAt(node, 'status', 'dependsOn').filter((form) => typeof form === 'string'),
    counts: nodeCounts(node),
    ...recordedNeeds(node),
    ...namedSpaces(node),
    ...heldUpSpaces(node),
    children: reportedChildren(node),
  };
}

/** What is kept of a child, judged by its form's `readyWhen` where there is one and it is known. */
export function childDigest(object: JsonObject, readyWhen?: ReadyWhen): ChildDigest {
  return {
    uid: textAt(object, 'metadata', 'uid') ?? '',
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
    deleting: textAt(object, 'metadata', 'deletionTimestamp') !== undefined,
    readiness: evaluateReadiness(object, readyWhen),
    ...(readyWhen === undefined ? {} : { judgedBy: readyWhen.expression }),
    appliedHash: textAt(object, 'metadata', 'annotations', annotations.appliedHash),
    ownedHash: ownedFieldsHash(object),
    movable: hasMovableFields(object),
    ...(isDeletable(object) ? { deletable: true as const } : {}),
    ...(textAt(object, 'metadata', 'labels', labels.node) === undefined ? { untracked: true as const } : {}),
    ...(listAt(object, 'metadata', 'ownerReferences').some(isNodeReference) ? { owned: true as const } : {}),
  };
}
