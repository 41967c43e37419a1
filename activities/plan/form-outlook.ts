import { isJsonObject, type JsonObject, numberAt, textMapAt } from '../../domain/api/json.ts';
import { outlookDigest } from '../../domain/change-plan/digest.ts';
import type { FormOutlook, NodeOutlook } from '../../domain/change-plan/types.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { hashText } from '../../domain/identity.ts';
import { annotations } from '../../domain/keys.ts';
import { rolloutOutlook } from '../../domain/rollout/outlook.ts';
import { annotationsDigest } from '../../domain/rows.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import { type Decided, livingNodes, type Sync } from '../hub/decided.ts';
import type { JudgedForm } from '../hub/read-forms.ts';
import type { RowValues } from '../hub/held-values.ts';
import { remainingOverrides } from '../hub/write-nodes.ts';
import { asReadNode, type ReadNode } from '../node/gather.ts';
import { inParallel } from '../parallel.ts';
import { readSecretValues } from '../secret-values.ts';
import { presenceOf } from './hub-outlook.ts';
import { type NodeWork, planObjects, type PlanningRun, unbornNode } from './node-outlook.ts';

/** Nodes that are planned at the same time; each reads and dry-runs its own objects. */
const planConcurrency = 8;

export interface FormWork {
  readonly sync: Sync;
  readonly decided: Decided;
  readonly form: JudgedForm;
  /** The form as it is in the cluster now. */
  readonly stored: JsonObject | undefined;
  readonly nodes: ReadonlyMap<string, JsonObject>;
  readonly onNode: () => void;
}

type Target =
  | { readonly kind: 'create'; readonly name: string; readonly uid: string }
  | { readonly kind: 'update'; readonly node: NodeDigest };

interface Sorted {
  readonly targets: readonly Target[];
  readonly unchanged: number;
  readonly leftAlone: FormOutlook['leftAlone'];
}

/** Every node of a form: what would change of its objects. */
export async function formOutlook(run: PlanningRun, work: FormWork): Promise<FormOutlook> {
  const { form, sync, stored } = work;
  const { targets, unchanged, leftAlone } = sortNodes(work);
  const planned = new Map<string, NodeOutlook>();
  await inParallel(targets, planConcurrency, async (target) => {
    run.signal.throwIfAborted();
    const outlook = await nodeOutlook(run, work, target);
    planned.set(outlook.name, outlook);
    work.onNode();
  });
  return {
    namespace: sync.request.namespace,
    form: form.name,
    hub: sync.request.hub,
    ...presenceOf(stored, numberAt(stored, 'metadata', 'generation') ?? 0),
    revision: revisionOf(form).name,
    ...rolloutOf(run, work, targets),
    nodes: [...planned.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    unchanged,
    leftAlone,
  };
}

/** A form none of whose nodes changes, since its hub is being deleted. */
export function restingOutlook(sync: Sync, form: JudgedForm, stored: JsonObject | undefined): FormOutlook {
  const own = livingNodes(sync).filter((node) => node.form === form.name);
  const reason = 'is of a hub that is being deleted';
  return {
    namespace: sync.request.namespace,
    form: form.name,
    hub: sync.request.hub,
    ...presenceOf(stored, numberAt(stored, 'metadata', 'generation') ?? 0),
    revision: revisionOf(form).name,
    nodes: [],
    unchanged: 0,
    leftAlone: own.map(({ name }) => ({ name, reason })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

/** New nodes wait for nobody: a rollout is about those that are there. */
function rolloutOf({ deps }: PlanningRun, { sync, form }: FormWork, targets: readonly Target[]) {
  const covered = livingNodes(sync).filter(
    ({ form: name, deleting, paused }) => name === form.name && !deleting && !paused,
  );
  const members = covered.map(({ name, rowUid, labels }) => ({ name, uid: rowUid, labels }));
  const changing = new Set(targets.flatMap((target) => (target.kind === 'update' ? [target.node.name] : [])));
  const rollout = rolloutOutlook(form.gate, members, changing, deps.clock.now());
  return rollout === undefined ? {} : { rollout };
}

/** How many nodes of a form are planned object by object. */
export function plannedNodes(work: FormWork): number {
  return sortNodes(work).targets.length;
}

function revisionOf({ name, revision }: JudgedForm) {
  if (revision !== undefined) return revision;
  throw new LynqFailure('FormInvalid', `form ${name} cannot be used`, { form: name });
}

function sortNodes({ sync, decided, form }: FormWork): Sorted {
  const updates = new Set(decided.plan.update.map(({ node }) => node.name));
  const leaving = new Set(decided.wanted.remove.map(({ node }) => node.name));
  const frozen = new Set(decided.wanted.collisions.map(({ uid }) => uid));
  const isFrozen = (uid: string): boolean => frozen.has(uid) || decided.read.classified.isFrozen(uid);
  const targets: Target[] = decided.plan.create
    .filter((birth) => birth.form.name === form.name)
    .map(({ name, uid }) => ({ kind: 'create', name, uid }));
  const leftAlone: { name: string; reason: string }[] = [];
  let unchanged = 0;
  for (const node of livingNodes(sync).filter((item) => item.form === form.name)) {
    const reason = leftBecause(node, leaving.has(node.name), isFrozen(node.rowUid));
    if (reason !== undefined) leftAlone.push({ name: node.name, reason });
    else if (updates.has(node.name) || node.revision !== form.revision?.name) targets.push({ kind: 'update', node });
    else unchanged += 1;
  }
  return { targets, unchanged, leftAlone: leftAlone.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function leftBecause(node: NodeDigest, leaving: boolean, frozen: boolean): string | undefined {
  if (node.deleting) return 'is being deleted';
  if (leaving) return 'its row is gone';
  if (frozen) return 'its row is frozen';
  if (node.released) return 'is released';
  return node.paused ? 'is paused' : undefined;
}

async function nodeOutlook(run: PlanningRun, work: FormWork, target: Target): Promise<NodeOutlook> {
  const node = target.kind === 'create' ? birthOf(work, target) : await updateOf(run, work, target.node);
  const objects = await planObjects(run, node);
  const { identity } = node.read;
  const key = await run.deps.hubKeys.of(identity.namespace, identity.hub);
  // With a key that everybody knows they could be guessed.
  const isGuessable = run.isStandIn(key);
  const digest = outlookDigest(key, {
    name: identity.name,
    nodeUid: target.kind === 'create' ? '' : identity.nodeUid,
    content: node.revision.contentHash,
    values: isGuessable ? '' : annotationsDigest(node.found, (text) => hashText(text, 32)).hash,
    overrides: isGuessable ? '' : (node.found[annotations.overrides] ?? ''),
    objects,
  });
  return { name: identity.name, form: identity.form, uid: identity.uid, action: target.kind, objects, digest };
}

function valuesOf({ decided }: FormWork, uid: string): RowValues | undefined {
  return decided.read.values.get(uid);
}

function birthOf(work: FormWork, { name, uid }: { readonly name: string; readonly uid: string }): NodeWork {
  const { namespace, hub } = work.sync.request;
  const values = valuesOf(work, uid);
  if (values === undefined) throw new LynqFailure('Internal', 'a planned node has no values of its row', { uid });
  const found = values.annotations;
  const object = unbornNode({ namespace, name, uid, hub, form: work.form.name, found });
  return { read: asReadNode(object), revision: revisionOf(work.form), found, secrets: values.secrets };
}

async function updateOf({ deps }: PlanningRun, work: FormWork, { name, rowUid }: NodeDigest): Promise<NodeWork> {
  const object = work.nodes.get(name);
  if (!isJsonObject(object)) throw new LynqFailure('Internal', 'a planned node was not listed', { node: name });
  const read = asReadNode(object);
  const revision = revisionOf(work.form);
  const own = textMapAt(object, 'metadata', 'annotations');
  const row = valuesOf(work, rowUid);
  if (row !== undefined) return { read, revision, found: newAnnotations(read, own, row), secrets: row.secrets };
  const values = await readSecretValues(deps, read.identity, own[annotations.secretValues]);
  if (values.kind === 'values') return { read, revision, found: own, secrets: values.secrets };
  throw new LynqFailure('ClusterStale', `the secret values of LynqNode ${name} are on their way; plan again`, {
    node: name,
  });
}

/** What the node will carry: the row's values, and the overrides whose column has not changed. */
function newAnnotations(
  read: ReadNode,
  own: Readonly<Record<string, string>>,
  row: RowValues,
): Readonly<Record<string, string>> {
  const { [annotations.secretValues]: _seal, [annotations.overrides]: _overrides, ...rest } = own;
  const overrides = remainingOverrides(read, row.annotations);
  return { ...rest, ...row.annotations, ...(overrides === null ? {} : { [annotations.overrides]: overrides }) };
}

/** What one row would be rendered with by a form; undefined when the row makes no node of it now. */
export async function workOfRow(run: PlanningRun, work: FormWork, uid: string): Promise<NodeWork | undefined> {
  const birth = work.decided.plan.create.find((item) => item.uid === uid && item.form.name === work.form.name);
  if (birth !== undefined) return birthOf(work, birth);
  const node = livingNodes(work.sync).find((item) => item.rowUid === uid && item.form === work.form.name);
  return node === undefined ? undefined : updateOf(run, work, node);
}
