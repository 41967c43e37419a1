import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { changedFields } from '../../domain/change-plan/fields.ts';
import { maskedFields } from '../../domain/change-plan/masking.ts';
import type { ObjectChange, PlannedObject } from '../../domain/change-plan/types.ts';
import { type DesiredChild, intendedRecord, refKey } from '../../domain/child.ts';
import { buildGraph } from '../../domain/graph.ts';
import { annotations, apiVersion, labels } from '../../domain/keys.ts';
import { childDigest } from '../../domain/node-digest.ts';
import type { EntryVerdict, Observation, PlannedEntry } from '../../domain/node-plan.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import type { SecretValues } from '../../domain/secret-values.ts';
import type { Deps } from '../deps.ts';
import { type FormRevision, orderOf } from '../forms.ts';
import { type NodePass, planEntries, type ReadNode } from '../node/gather.ts';
import { mustReplan, takeLook } from '../node/adopt.ts';
import { lookAt } from '../node/observe.ts';
import { PassState } from '../node/pass-state.ts';
import { Removal } from '../node/removal.ts';
import { writeChild } from '../node/write-child.ts';
import { conflictsOf, type KnownObjects, removalsOf } from './clusters.ts';
import type { PlanningDeps } from './deps.ts';
import { openSecrecy, type Secrecy } from './secrecy.ts';

/** What one pass of a node would do to its objects, were nothing to wait for. */

export interface NodeWork {
  readonly read: ReadNode;
  readonly revision: FormRevision;
  /** Annotations the node will have: row values and overrides. */
  readonly found: Readonly<Record<string, string>>;
  readonly secrets: SecretValues;
}

export interface PlanningRun extends Pick<PlanningDeps, 'deps' | 'isStandIn'> {
  readonly known: KnownObjects;
  readonly signal: AbortSignal;
}

/** Objects that change, and those that cannot; what stays as it is is left out. Sorted by entry as the form would apply them. */
export async function planObjects(run: PlanningRun, work: NodeWork): Promise<readonly PlannedObject[]> {
  const { deps, signal } = run;
  const pass = await passOf(deps, work);
  const state = new PassState(deps, pass, false);
  await Promise.all(state.children.map(({ ref }) => run.known.prefetch(ref, labels.node)));
  for (const child of state.children) {
    const looked = await lookAt(deps, pass, { child, record: state.recordOf(child), signal });
    if (looked.kind === 'seen' && looked.observation.kind === 'ours') state.observed.set(child.id, looked.observation);
    else takeLook(state, child, looked);
  }
  if (mustReplan(state)) return planObjects(run, { ...work, read: withRecord(work.read, [...state.record.values()]) });
  const verdicts = state.verdicts(deps.clock.now());
  const secrecy = openSecrecy(deps, work);
  const planned: PlannedObject[] = [];
  for (const id of orderOf(work.revision).order) {
    const entry = pass.entries.get(id);
    const verdict = verdicts.get(id);
    if (entry === undefined || verdict === undefined) continue;
    planned.push(...(await planEntry(run, { entry, verdict, state, secrecy })));
  }
  return [...planned, ...(await planLeftovers(run, state))];
}

/** The node once the record says what was not made here: what it is made into depends on that. */
function withRecord(read: ReadNode, inventory: InventoryEntry[]): ReadNode {
  return { ...read, node: { ...read.node, status: { ...read.node.status, inventory } } };
}

/** Without order, first start and creation: a plan is about all that will be done, not about what can go now. */
async function passOf(deps: Deps, { read, revision, found, secrets }: NodeWork): Promise<NodePass> {
  const { entries, ...planned } = await planEntries(deps, read, { revision, secrets, found });
  const free = new Map([...entries].map(([id, planned]) => [id, independent(planned)] as const));
  const graph = buildGraph([...free.keys()].map((id) => ({ id, dependIds: [] })));
  return {
    ...read,
    ...planned,
    entries: free,
    graph: graph.ok ? graph.graph : orderOf(revision),
    lists: new Map(revision.entries.map(({ resource, list }) => [resource.id, list])),
    inputHash: 'planned',
    hubKey: await deps.hubKeys.of(read.identity.namespace, read.identity.hub),
    readyWhen: revision.readyWhen,
    rules: { ...revision.rules, dependsOn: [], rollbackOnFailure: false },
  };
}

function independent(planned: PlannedEntry): PlannedEntry {
  if (planned.kind === 'broken') return { ...planned, entry: { ...planned.entry, dependIds: [] } };
  return { kind: 'desired', child: { ...planned.child, entry: { ...planned.child.entry, dependIds: [] } } };
}

interface EntryWork {
  readonly entry: PlannedEntry;
  readonly verdict: EntryVerdict;
  readonly state: PassState;
  readonly secrecy: Secrecy;
}

async function planEntry(
  run: PlanningRun,
  { entry, verdict, state, secrecy }: EntryWork,
): Promise<readonly PlannedObject[]> {
  if (entry.kind === 'broken') return [brokenObject(entry)];
  const { child } = entry;
  const observation = state.observed.get(child.id) ?? { kind: 'unread' };
  if (observation.kind === 'foreign') {
    return [planned(child, { kind: 'conflict', owner: observation.owner, fields: [] })];
  }
  if (verdict.step !== 'apply') return [];
  const live = await run.deps.cluster.get(child.ref, run.signal);
  const change = await planWrite(run, { child, observation, live, secrecy });
  return change === undefined ? [] : [planned(child, change, live)];
}

function brokenObject({ entry, reason, message }: Extract<PlannedEntry, { kind: 'broken' }>): PlannedObject {
  const ref = {
    apiVersion: textAt(entry.spec, 'apiVersion') ?? '',
    kind: textAt(entry.spec, 'kind') ?? '',
    name: '',
  };
  if (reason === 'MissingKind')
    return { id: entry.id, ref, change: { kind: 'unchecked', why: 'its kind does not exist' } };
  return { id: entry.id, ref, change: { kind: 'broken', reason, message } };
}

function planned(child: DesiredChild, change: ObjectChange, live?: JsonObject): PlannedObject {
  if (live === undefined) return { id: child.id, ref: coordinates(child.ref), change };
  const { uid, ownedHash = '' } = childDigest(live);
  return { id: child.id, ref: coordinates(child.ref), change, seen: `${uid}/${ownedHash}` };
}

function coordinates({ apiVersion, kind, namespace, name }: ObjectRef): PlannedObject['ref'] {
  return { apiVersion, kind, ...(namespace === undefined ? {} : { namespace }), name };
}

interface WriteWork {
  readonly child: DesiredChild;
  readonly observation: Observation;
  readonly live: JsonObject | undefined;
  readonly secrecy: Secrecy;
}

/** The write a pass would do, as a dry run; undefined when the object would stay as it is. */
async function planWrite(
  { deps, signal }: PlanningRun,
  { child, observation, live, secrecy }: WriteWork,
): Promise<ObjectChange | undefined> {
  const noted = conflictsOf(deps.cluster);
  const outcome = await writeChild({ ...deps, cluster: noted.cluster }, { child, observation, signal });
  if (outcome.kind === 'retry') {
    return { kind: 'refused', reason: 'Changing', message: 'the object changed while it was planned; plan again' };
  }
  if (outcome.kind === 'stopped') return stoppedChange(child, outcome.attempt, noted.conflicts);
  if (live === undefined) return { kind: 'create' };
  const changed = changedFields(live, outcome.object);
  const fields = changed.length === 0 ? [] : maskedFields(child.body, changed, await secrecy.hiddenOf(child));
  if (observation.kind === 'orphan') return { kind: 'adopt', fields };
  return fields.length === 0 ? undefined : { kind: 'update', fields };
}

type Stopped = Extract<Awaited<ReturnType<typeof writeChild>>, { kind: 'stopped' }>['attempt'];

function stoppedChange(
  { ref }: DesiredChild,
  attempt: Stopped,
  conflicts: readonly { readonly field: string }[],
): ObjectChange {
  if (attempt.kind === 'conflicted') {
    const fields = [...new Set(conflicts.map(({ field }) => field))].toSorted();
    return { kind: 'conflict', owner: attempt.owner, fields };
  }
  const { reason, message } = attempt;
  if (reason === 'MissingNamespace') return { kind: 'unchecked', why: 'its namespace does not exist' };
  if (reason === 'MissingKind') return { kind: 'unchecked', why: 'its kind does not exist' };
  // The name of the object would make each refusal another one.
  const title = `${ref.kind} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}: `;
  return { kind: 'refused', reason, message: message.replace(title, '') };
}

/** Objects on record that the form does not name any more. */
async function planLeftovers({ deps, signal }: PlanningRun, state: PassState): Promise<readonly PlannedObject[]> {
  const entries = state.leftovers();
  if (entries.length === 0) return [];
  const noted = removalsOf(deps.cluster);
  const { cluster } = noted;
  const noting = { ...deps, cluster, childCluster: () => cluster };
  const removal = new Removal(noting, state.pass, {
    entries,
    reason: 'RemovedFromTemplate',
    staying: stayingBeside(state, entries),
  });
  await removal.proceed(signal);
  return entries.flatMap((entry): readonly PlannedObject[] => {
    const change = leftoverChange(removal, entry, noted);
    return change === undefined ? [] : [{ id: entry.id, ref: coordinates(entry), change }];
  });
}

/** What the node has on record beside its leftovers, or is to have before any of them goes. */
function stayingBeside(state: PassState, leftovers: readonly InventoryEntry[]): readonly InventoryEntry[] {
  const going = new Set(leftovers);
  const recorded = [...state.record.values()].filter((entry) => !going.has(entry));
  const intended = state.children.filter((child) => state.recordOf(child) === undefined).map(intendedRecord);
  return [...recorded, ...intended];
}

function leftoverChange(
  removal: Removal,
  entry: InventoryEntry,
  { deleted, kept }: Pick<ReturnType<typeof removalsOf>, 'deleted' | 'kept'>,
): ObjectChange | undefined {
  const key = refKey(entry);
  if (deleted.has(key)) return { kind: 'delete' };
  if (kept.has(key)) return { kind: 'retain' };
  const reason = removal.reasons.get(key);
  return reason === undefined ? undefined : { kind: 'stays', reason };
}

/** What a row gives a node that does not exist yet. */
export function unbornNode(birth: {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly hub: string;
  readonly form: string;
  readonly found: Readonly<Record<string, string>>;
}): JsonObject {
  return {
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name: birth.name,
      namespace: birth.namespace,
      uid: '00000000-0000-0000-0000-000000000000',
      resourceVersion: '0',
      labels: { [labels.hub]: birth.hub, [labels.uid]: birth.uid },
      annotations: { ...birth.found, [annotations.hubId]: birth.hub },
    },
    spec: { uid: birth.uid, templateRef: birth.form },
  };
}
