import { isJsonObject, type JsonObject, textAt } from '../../domain/api/json.ts';
import { nodeChangeEvents } from '../../domain/events.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { Birth, Removal, Update } from '../../domain/hub-plan.ts';
import { labelValue } from '../../domain/identity.ts';
import { ownedByHub } from '../../domain/node-edits.ts';
import { annotations, apiVersion, finalizers, labels, managers } from '../../domain/keys.ts';
import { liveOverrides, readOverrides, writeOverrides } from '../../domain/overrides.ts';
import { revisionOf } from '../../domain/rollout/revision-name.ts';
import { writePendingValues } from '../../domain/rollout/values.ts';
import { isTooLarge } from '../../domain/row-size.ts';
import { rowVariables } from '../../domain/rows.ts';
import { isoSeconds } from '../../domain/status.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellSyncedNode } from '../events.ts';
import { nodeRef, readNode, type ReadNode } from '../node/gather.ts';
import { patchNode } from '../node/patch-node.ts';
import { changesObjects } from '../rollout/values.ts';
import { restoreNode, type TakenOver, takeOverNode } from './restore-node.ts';
import { keepSecretValues } from '../secret-values.ts';
import type { JudgedForm } from './read-forms.ts';
import type { ReadHub } from './read-hub.ts';
import type { RowValues } from './held-values.ts';

/** Writes of one sync to LynqNodes. */
export interface NodeWrites {
  readonly deps: Deps;
  readonly request: HubRef;
  readonly hub: ReadHub;
  readonly forms: ReadonlyMap<string, JudgedForm>;
  readonly values: ReadonlyMap<string, RowValues>;
}

function formAnnotations({ deps, forms }: NodeWrites, form: string): Readonly<Record<string, string>> {
  return {
    [annotations.templateGeneration]: String(forms.get(form)?.generation ?? 0),
    [annotations.rolloutUpdateStart]: isoSeconds(deps.clock.now()),
  };
}

function rowValues({ values }: NodeWrites, uid: string): RowValues {
  const found = values.get(uid);
  if (found === undefined) throw new LynqFailure('Internal', 'a planned node has no values of its row', { uid });
  return found;
}

/** A seal is written only when its values are kept: a node without one is brought up to date by the next sync. */
function unsealed({
  annotations: { [annotations.secretValues]: _seal, ...rest },
}: RowValues): Readonly<Record<string, string>> {
  return rest;
}

/** Keeps the secret values of a row beside a node that exists. */
async function keepSecrets(
  { deps, request }: NodeWrites,
  node: { name: string; nodeUid: string },
  { secrets }: RowValues,
  which: 'present' | 'pending' = 'present',
): Promise<void> {
  if (secrets.size === 0) return;
  const owner = { namespace: request.namespace, node: node.name, nodeUid: node.nodeUid };
  await keepSecretValues(deps, owner, secrets, which);
}

/** Keeps the secret values of a row beside its new node, and then says so on the node. */
export async function sealNode(writes: NodeWrites, birth: Birth, nodeUid: string): Promise<void> {
  const { deps, request } = writes;
  const values = rowValues(writes, birth.uid);
  const text = values.annotations[annotations.secretValues];
  if (text === undefined) return;
  await keepSecrets(writes, { name: birth.name, nodeUid }, values);
  const body = { metadata: { uid: nodeUid, annotations: { [annotations.secretValues]: text } } };
  const ref = nodeRef({ namespace: request.namespace, node: birth.name });
  const result = await deps.cluster.patch(ref, 'merge', body, { manager: managers.apply });
  if (result.kind === 'ok') deps.nodes.observe(result.object);
}

function newNode(writes: NodeWrites, birth: Birth): JsonObject {
  const { request, hub } = writes;
  return {
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name: birth.name,
      namespace: request.namespace,
      labels: { [labels.hub]: labelValue(request.hub), [labels.uid]: birth.uid },
      annotations: { ...unsealed(rowValues(writes, birth.uid)), ...formAnnotations(writes, birth.form.name) },
      ownerReferences: [ownedByHub({ name: request.hub, uid: hub.hub.metadata.uid })],
      finalizers: [finalizers.node],
    },
    spec: { uid: birth.uid, templateRef: birth.form.name, formRevision: birth.form.births ?? birth.form.revision },
  };
}

/** Creates a LynqNode and gives its uid; one that exists already, whoever's it is, is left to the next sync, which sees it. */
export async function createNode(writes: NodeWrites, birth: Birth): Promise<string | undefined> {
  const { deps, request } = writes;
  const ref = nodeRef({ namespace: request.namespace, node: birth.name });
  const result = await deps.cluster.create(ref, newNode(writes, birth), { manager: managers.apply });
  if (result.kind === 'ok') {
    deps.nodes.observe(result.object);
    return textAt(result.object, 'metadata', 'uid') ?? '';
  }
  if (result.kind === 'exists') return undefined;
  const why = result.kind === 'refused' ? result.message : result.kind;
  throw new LynqFailure('ClusterInvalid', `LynqNode ${request.namespace}/${birth.name} cannot be created: ${why}`, {
    node: birth.name,
  });
}

/** Overrides end with a change of their column; those that still hold stay. Null for none. */
export function remainingOverrides(read: ReadNode, values: Readonly<Record<string, string>>): string | null {
  const { uid, hub, form } = read.identity;
  const current = readOverrides(read.node.metadata.annotations?.[annotations.overrides]);
  return writeOverrides(liveOverrides(current, rowVariables(values, uid, hub, form))) ?? null;
}

function tellUpdate(
  { deps, request, forms }: NodeWrites,
  node: JsonObject,
  update: { readonly form: string; readonly uid: string; readonly before: string; readonly why: Update['why'] },
): void {
  const form = forms.get(update.form);
  const change = {
    form: update.form,
    hub: request.hub,
    uid: update.uid,
    before: update.before,
    generation: String(form?.generation ?? 0),
    lists: form?.revision?.entries.map(({ list }) => list) ?? [],
  };
  const event = update.why === 'values' ? nodeChangeEvents.dataUpdated : nodeChangeEvents.templateApplied;
  tellSyncedNode(deps, node, event(change));
}

/** What of a LynqNode changes. */
interface NodeChange {
  readonly annotations: Readonly<Record<string, string | null>>;
  readonly revision?: string;
}

async function changeOf(writes: NodeWrites, update: Update): Promise<NodeChange | undefined> {
  const { node, form } = update;
  const overridden = writes.deps.nodes.get(writes.request.namespace, node.name)?.overridden === true;
  const values = {
    [annotations.secretValues]: null,
    ...rowValues(writes, node.rowUid).annotations,
    ...(node.pendingHash === undefined ? {} : { [annotations.pendingValues]: null }),
  };
  if (!overridden && form.gated !== true)
    return { annotations: { ...values, ...formAnnotations(writes, form.name) }, revision: form.revision };
  const read = await readNode(writes.deps, { namespace: writes.request.namespace, node: node.name });
  return read === undefined ? undefined : changeOfRead(writes, update, { read, values });
}

/** @throws LynqFailure when a LynqNode cannot hold what it has and what waits. */
function pendingBeside({ node, identity }: ReadNode, pending: string): NodeChange['annotations'] {
  const { [annotations.pendingValues]: _former, ...present } = node.metadata.annotations ?? {};
  if (!isTooLarge([...Object.values(present), pending])) return { [annotations.pendingValues]: pending };
  const message = `the values of LynqNode ${identity.namespace}/${identity.name} and the new ones, which wait for the rollout of its form, are together larger than a Kubernetes object can hold: 240 KiB`;
  throw new LynqFailure('ClusterInvalid', message, { node: identity.name, reason: 'TooLarge' });
}

async function changeOfRead(
  writes: NodeWrites,
  { node, form }: Update,
  known: { readonly read: ReadNode; readonly values: NodeChange['annotations'] },
): Promise<NodeChange> {
  const values = rowValues(writes, node.rowUid);
  const row = values.annotations;
  if (form.gated === true && (await changesObjects(writes.deps, known.read, values)))
    return { annotations: pendingBeside(known.read, writePendingValues(row)) };
  const overridden = known.read.node.metadata.annotations?.[annotations.overrides] !== undefined;
  const kept = overridden ? { [annotations.overrides]: remainingOverrides(known.read, row) } : {};
  if (form.gated === true) return { annotations: { ...known.values, ...kept } };
  return {
    annotations: { ...known.values, ...formAnnotations(writes, form.name), ...kept },
    revision: form.revision,
  };
}

/** Where the form has only another hub's name in it than what the node was made from, nothing changes with its revision: no rollout has to let it go. */
function takenOver(writes: NodeWrites, { node, form }: Update, from: string): TakenOver {
  const spec = writes.forms.get(form.name)?.object['spec'];
  const isRenamed = isJsonObject(spec) && revisionOf(form.name, { ...spec, hubId: from }) === node.revision;
  if (!isRenamed) return { from };
  return { from, renamed: { revision: form.revision, annotations: formAnnotations(writes, form.name) } };
}

/**
 * Brings a LynqNode to its row's values and its form's revision. Of a form with a rollout the revision is the rollout's to write, and values that
 * change objects wait for it.
 */
export async function updateNode(writes: NodeWrites, update: Update): Promise<'updated' | 'gone'> {
  const { node, form } = update;
  const { deps, request } = writes;
  if (update.from !== undefined) await takeOverNode(writes, node, takenOver(writes, update, update.from));
  else if (node.edited === true) await restoreNode(writes, node);
  if (update.why === 'edited') return 'updated';
  const change = await changeOf(writes, update);
  if (change === undefined) return 'gone';
  const waits = typeof change.annotations[annotations.pendingValues] === 'string';
  await keepSecrets(writes, node, rowValues(writes, node.rowUid), waits ? 'pending' : 'present');
  const known = deps.nodes.get(request.namespace, node.name);
  const body = {
    metadata: { annotations: change.annotations },
    ...(change.revision === undefined ? {} : { spec: { formRevision: change.revision } }),
  };
  const exact = { namespace: request.namespace, name: node.name, nodeUid: node.nodeUid };
  const patched = await patchNode(deps, exact, body);
  if (patched.kind === 'gone') return 'gone';
  const told = { form: form.name, uid: node.rowUid, before: known?.templateGeneration ?? '', why: update.why };
  if (!waits) tellUpdate(writes, patched.object, told);
  return 'updated';
}

/** Asks for the removal of exactly this LynqNode; its finalizer keeps it until its objects are dealt with. */
export async function deleteNode(
  { deps, request }: Pick<NodeWrites, 'deps' | 'request'>,
  { node }: { readonly node: Pick<Removal['node'], 'name' | 'nodeUid'> },
): Promise<void> {
  const ref = nodeRef({ namespace: request.namespace, node: node.name });
  const result = await deps.cluster.delete(ref, node.nodeUid);
  if (result.kind !== 'refused') return;
  throw new LynqFailure(
    'ClusterInvalid',
    `LynqNode ${request.namespace}/${node.name} cannot be deleted: ${result.message}`,
    { node: node.name },
  );
}
