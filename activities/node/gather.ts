import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { type InventoryEntry, LynqNode } from '../../domain/api/node.ts';
import type { PlacedResource, ResourceList } from '../../domain/api/resource.ts';
import {
  childRef,
  describeRef,
  type DesiredChild,
  desiredChildren,
  namingProblem,
  type RenderedEntry,
  refKey,
} from '../../domain/child.ts';
import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import type { Graph } from '../../domain/graph.ts';
import { valuesSecret } from '../../domain/identity.ts';
import { annotations, apiVersion } from '../../domain/keys.ts';
import type { UnusableReason } from '../../domain/looking.ts';
import { inputHash } from '../../domain/node-digest.ts';
import { hubOf, pairOf } from '../../domain/node-edits.ts';
import type { PlaceFacts } from '../../domain/kept-places.ts';
import type { PlannedEntry } from '../../domain/node-plan.ts';
import { overriddenVariables, readOverrides } from '../../domain/overrides.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import { parseIgnoreFields } from '../../domain/policies/field-path.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import type { ReadyWhen } from '../../domain/readiness/ready-when.ts';
import { isNewer } from '../../domain/resource-version.ts';
import { rowVariables } from '../../domain/rows.ts';
import type { SecretValues } from '../../domain/secret-values.ts';
import { textMapProblem } from '../../domain/text-maps.ts';
import type { NodeRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { breakSeal, readSecretValues } from '../secret-values.ts';
import { outOfForeignNamespaces, outOfScope } from './boundaries.ts';
import { type FormRevision, type FormRules, orderOf } from '../forms.ts';
import { inItsPlace, placeFacts } from './kept-places.ts';
import { readPeerRecord } from './peer-record.ts';
import { type RenderedForm, renderNode } from './render.ts';
import { neededByLeft, type RowNeeds, rowNeedsOf } from './row-needs.ts';

/** A LynqNode as it was read, with what identifies it. */
export interface ReadNode {
  readonly object: JsonObject;
  readonly node: LynqNode;
  readonly identity: NodeIdentity;
}

/** All that one pass decides from. */
export interface NodePass extends ReadNode {
  readonly graph: Graph;
  readonly entries: ReadonlyMap<string, PlannedEntry>;
  /** The form's array each entry stands in, by id. */
  readonly lists: ReadonlyMap<string, ResourceList>;
  readonly inputHash: string;
  /** What is on record, or what the Go operator made where no pass of ours has written one. */
  readonly record: readonly InventoryEntry[];
  /** Compiled `readyWhen` by entry id. */
  readonly readyWhen: ReadonlyMap<string, ReadyWhen>;
  readonly rules: FormRules;
  readonly hubKey: Uint8Array;
  /** Names of overridden variables that hold. */
  readonly overridden: readonly string[];
  readonly rowNeeds: RowNeeds;
}

export type Gathered =
  | { readonly kind: 'gone' }
  | { readonly kind: 'removing'; readonly read: ReadNode }
  | { readonly kind: 'paused' }
  | { readonly kind: 'unusable'; readonly read: ReadNode; readonly reason: UnusableReason; readonly message: string }
  | { readonly kind: 'pass'; readonly pass: NodePass };

export function nodeRef({ namespace, node }: NodeRef): ObjectRef {
  return { apiVersion, kind: 'LynqNode', namespace, name: node };
}

/** The LynqNode, read from the API server and not from a watch: what is written depends on it. */
export async function readNode(deps: Pick<Deps, 'cluster' | 'nodes'>, request: NodeRef): Promise<ReadNode | undefined> {
  const known = deps.nodes.get(request.namespace, request.node);
  const object = await deps.cluster.get(nodeRef(request));
  if (object === undefined) return undefined;
  if (known !== undefined) refuseOlder(request, object, known.resourceVersion);
  deps.nodes.observe(object);
  return asReadNode(object);
}

/**
 * The LynqNode a pass is about. One for which nothing was done yet is taken as it has just been delivered: its first pass only makes objects that are not
 * there, and an edit that has not been delivered yet asks for another pass.
 */
async function readForPass(deps: Deps, request: NodeRef): Promise<ReadNode | undefined> {
  const newborn = deps.nodes.newborn(request.namespace, request.node);
  return newborn === undefined ? readNode(deps, request) : asReadNode(newborn);
}

/** A LynqNode's object with what identifies it. */
export function asReadNode(object: JsonObject): ReadNode {
  const node = LynqNode.parse(object);
  const identity: NodeIdentity = {
    namespace: node.metadata.namespace,
    name: node.metadata.name,
    nodeUid: node.metadata.uid,
    hub: hubOf(object),
    ...pairOf(object),
  };
  return { object, node, identity };
}

/** An API server that lags behind what was already seen must not take the node back to what it was. */
function refuseOlder({ namespace, node }: NodeRef, object: JsonObject, known: string): void {
  if (!isNewer(known, textAt(object, 'metadata', 'resourceVersion') ?? '')) return;
  const message = `the API server answered with an older version of LynqNode ${namespace}/${node} than it showed before`;
  throw new LynqFailure('ClusterStale', message, { namespace, node });
}

/**
 * Reads and renders a node. Problems of one entry leave the others in the plan.
 *
 * A node without a revision is one of the Go operator that no sync could give one yet: its row is frozen, its table cannot be read, or its form's rollout
 * has not let it go. It stays as it is, with what the Go operator has said of it.
 */
export async function gatherNode(deps: Deps, request: NodeRef): Promise<Gathered> {
  const read = await readForPass(deps, request);
  if (read === undefined) return { kind: 'gone' };
  if (read.node.metadata.deletionTimestamp !== undefined) return { kind: 'removing', read };
  const revisionName = read.node.spec.formRevision;
  if (isLeftAlone(read) || revisionName === undefined) return { kind: 'paused' };
  const revision = await deps.forms.read(request.namespace, revisionName);
  if (revision === undefined) {
    const message = `the revision ${revisionName} of form ${read.identity.form} does not exist any more; its objects stay as they are until the node gets the present one, from the next sync or, where the form has a rollout, with its turn in that`;
    return { kind: 'unusable', read, reason: 'RevisionMissing', message };
  }
  const values = await readSecretValues(
    deps,
    read.identity,
    read.node.metadata.annotations?.[annotations.secretValues],
  );
  if (values.kind === 'broken') return lostValues(deps, request, read);
  try {
    return { kind: 'pass', pass: await planPass(deps, read, { revision, secrets: values.secrets }) };
  } catch (error) {
    if (!isLynqFailure(error) || error.type !== 'FormInvalid') throw error;
    return { kind: 'unusable', read, reason: 'DependencyError', message: error.message };
  }
}

/** Whether the node is left to another operator. */
export function isReleased({ node }: ReadNode): boolean {
  return node.metadata.annotations?.[annotations.released] !== undefined;
}

function isLeftAlone(read: ReadNode): boolean {
  return read.node.spec.paused === true || isReleased(read);
}

/** The variables of a node's row, and the same with the overrides that hold; `found` are the annotations that have them. */
export function variablesOf(
  identity: NodeIdentity,
  found: Readonly<Record<string, string>>,
): Readonly<Record<'row' | 'variables', ReadonlyMap<string, string>>> {
  const row = rowVariables(found, identity.uid, identity.hub, identity.form);
  return { row, variables: overriddenVariables(row, readOverrides(found[annotations.overrides])) };
}

async function lostValues(deps: Deps, request: NodeRef, read: ReadNode): Promise<Gathered> {
  await breakSeal(deps, nodeRef(request), read.object);
  const message = `Secret ${valuesSecret(read.identity.name)} does not hold what the row had last; the next sync writes it again`;
  return { kind: 'unusable', read, reason: 'SecretValuesMissing', message };
}

interface PassInput {
  readonly revision: FormRevision;
  readonly secrets: SecretValues;
}

/** What a node's entries become with values that need not be those it has. */
export interface PlannedNode {
  readonly entries: ReadonlyMap<string, PlannedEntry>;
  /** Names of overridden variables that hold. */
  readonly overridden: readonly string[];
  readonly rowNeeds: RowNeeds;
  /** What is on record, or what the Go operator made where no pass of ours has written one. */
  readonly record: readonly InventoryEntry[];
}

/** Renders a node's entries with the row values and overrides of `found`, its annotations or others in their place. */
export async function planEntries(
  deps: Deps,
  read: ReadNode,
  work: PassInput & { readonly found: Readonly<Record<string, string>> },
): Promise<PlannedNode> {
  const { revision, found } = work;
  const { row, variables } = variablesOf(read.identity, found);
  const record = read.node.status?.inventory ?? (await readPeerRecord(deps, read));
  const rendered = await renderWith(deps, read, work);
  return {
    ...(await plannedEntries(deps, read, { revision, rendered, record })),
    record,
    overridden: [...variables.keys()].filter((name) => variables.get(name) !== row.get(name)),
  };
}

/** What a node's entries render to with these values. */
export function renderWith(
  deps: Deps,
  { identity }: Pick<ReadNode, 'identity'>,
  { revision, secrets, found }: PassInput & { readonly found: Readonly<Record<string, string>> },
): Promise<RenderedForm> {
  return renderNode(deps, { identity, revision, variables: variablesOf(identity, found).variables, secrets });
}

async function planPass(deps: Deps, read: ReadNode, input: PassInput): Promise<NodePass> {
  const { revision } = input;
  const planned = await planEntries(deps, read, { ...input, found: read.node.metadata.annotations ?? {} });
  return {
    ...read,
    ...planned,
    graph: orderOf(revision),
    lists: new Map(revision.entries.map(({ resource, list }) => [resource.id, list])),
    inputHash: inputHash(read.object),
    readyWhen: revision.readyWhen,
    rules: revision.rules,
    hubKey: await deps.hubKeys.of(read.identity.namespace, read.identity.hub),
  };
}

/** Record entries by coordinates, so that renaming an id keeps the object. */
export function recordByRef(inventory: readonly InventoryEntry[]): ReadonlyMap<string, InventoryEntry> {
  return new Map(inventory.map((entry) => [refKey(entry), entry]));
}

async function plannedEntries(
  deps: Deps,
  read: ReadNode,
  form: Pick<PlannedNode, 'record'> & { readonly revision: FormRevision; readonly rendered: RenderedForm },
): Promise<Pick<PlannedNode, 'entries' | 'rowNeeds'>> {
  const { rendered } = form;
  const facts = placeFacts(read, recordByRef(form.record), form);
  const judged = await Promise.all(
    form.revision.entries.map(({ resource }) => judgeEntry(deps, read, { entry: resource, rendered, facts })),
  );
  const usable = judged.flatMap((item) => (item.kind === 'usable' ? [item.rendered] : []));
  const taken = new Map<string, string>();
  const { wanted, rowNeeds } = await wantedChildren(deps, read, usable);
  const children = wanted.map((child): PlannedEntry => {
    const holder = taken.get(refKey(child.ref));
    taken.set(refKey(child.ref), holder ?? child.id);
    return holder === undefined ? { kind: 'desired', child } : sameObject(child, holder);
  });
  const broken = judged.flatMap((item) => (item.kind === 'broken' ? [item] : []));
  const inside = await outOfForeignNamespaces(deps, read, children);
  const entries = new Map<string, PlannedEntry>([
    ...inside.map((planned) => [planned.kind === 'desired' ? planned.child.id : planned.entry.id, planned] as const),
    ...broken.map((planned) => [planned.entry.id, planned] as const),
  ]);
  return { entries, rowNeeds };
}

/** The node's objects under the policies that hold for them: those of the form, of what was taken over, and of what the row needs. */
async function wantedChildren(
  deps: Deps,
  read: ReadNode,
  usable: readonly RenderedEntry[],
): Promise<{ readonly wanted: readonly DesiredChild[]; readonly rowNeeds: RowNeeds }> {
  const { identity, node } = read;
  const record = node.status?.inventory ?? [];
  const hubKey = await deps.hubKeys.of(identity.namespace, identity.hub);
  const adopted = new Set(record.filter((entry) => entry.adopted === true).map(refKey));
  const keys = usable.map((item) => refKey(childRef(item, identity.namespace)));
  const rowNeeds = rowNeedsOf(deps, identity, { keys, hubKey });
  const wanted = desiredChildren(identity, usable, hubKey, { adopted, neededElsewhere: rowNeeds.needed });
  const left = await neededByLeft(deps, record, wanted);
  if (left.size === 0) return { wanted, rowNeeds };
  const neededElsewhere = new Set([...rowNeeds.needed, ...left]);
  return { wanted: desiredChildren(identity, usable, hubKey, { adopted, neededElsewhere }), rowNeeds };
}

type JudgedEntry = { readonly kind: 'usable'; readonly rendered: RenderedEntry } | Broken;

async function judgeEntry(
  deps: Deps,
  read: ReadNode,
  { entry, rendered, facts }: { readonly entry: Entry; readonly rendered: RenderedForm; readonly facts: PlaceFacts },
): Promise<JudgedEntry> {
  const object = rendered.objects.get(entry.id);
  if (object === undefined) return brokenTemplate(rendered, entry);
  const kind = { apiVersion: textAt(object, 'apiVersion') ?? '', kind: textAt(object, 'kind') ?? '' };
  const info = await deps.cluster.kindInfo(kind);
  const { problems } = parseIgnoreFields(entry.id, entry.ignoreFields ?? []);
  if (problems.length > 0) return invalidIgnoreFields(entry, problems);
  if (info === undefined) return unknownKind(entry, kind);
  const usable = await inItsPlace(deps, read, { facts, rendered: { entry, object, namespaced: info.namespaced } });
  if ('kind' in usable) return usable;
  const problem = namingProblem(usable);
  if (problem !== undefined) return invalid(entry, 'InvalidName', problem);
  const notText = textMapProblem(entry.spec, object);
  if (notText !== undefined) return invalid(entry, 'NotText', notText);
  return outOfScope(deps.scope, read.identity, usable) ?? { kind: 'usable', rendered: usable };
}

type Entry = PlacedResource['resource'];

type Broken = Extract<PlannedEntry, { kind: 'broken' }>;

function brokenTemplate(rendered: RenderedForm, entry: Entry): Broken {
  const message = rendered.problems.get(entry.id) ?? 'the entry was not rendered';
  return { kind: 'broken', entry, state: 'Failed', reason: 'TemplateRenderError', message };
}

function unknownKind(entry: Entry, kind: { readonly apiVersion: string; readonly kind: string }): Broken {
  const message = `the cluster knows no kind ${kind.kind} in ${kind.apiVersion}; it is looked for again`;
  return { kind: 'broken', entry, state: 'Waiting', reason: 'MissingKind', message };
}

function invalid(entry: Entry, reason: 'InvalidName' | 'NotText', message: string): Broken {
  return { kind: 'broken', entry, state: 'Failed', reason, message };
}

/** Two entries of one form that name one object would overwrite each other for ever. */
function sameObject(child: DesiredChild, holder: string): Broken {
  const message = `${describeRef(child.ref)} is already the object of entry '${holder}'; give one of them another name`;
  return { kind: 'broken', entry: child.entry, state: 'Failed', reason: 'DuplicateObject', message };
}

/** Ignoring a path that cannot be understood would overwrite what it was meant to protect. */
function invalidIgnoreFields(entry: Entry, problems: readonly string[]): Broken {
  return { kind: 'broken', entry, state: 'Failed', reason: 'InvalidIgnoreFields', message: problems.join('; ') };
}
