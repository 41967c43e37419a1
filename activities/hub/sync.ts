import type { FrozenRow } from '../../domain/api/hub.ts';
import { type GuardVerdict, judgeDeletions } from '../../domain/deletion-guard.ts';
import { hubEvents } from '../../domain/events.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import {
  type Birth,
  type HubPlan,
  leavingRows,
  planHub,
  type PlannedForm,
  type Removal,
} from '../../domain/hub-plan.ts';
import { rowTotals } from '../../domain/row-totals.ts';
import { judgeSource, type SourceVerdict } from '../../domain/source-watch.ts';
import { annotations } from '../../domain/keys.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { HubRef, SyncCounts, SyncOutcome } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import { inParallel } from '../parallel.ts';
import { birthPage, reviewRuns } from './births.ts';
import { type JudgedForm, readForms } from './read-forms.ts';
import { claimHub, releasedAt, reportOther } from './holding.ts';
import { releaseHub, takeBack } from './release-hub.ts';
import { ensureFinalizer, type ReadHub, readHub } from './read-hub.ts';
import { readRows, type RowsRead } from './read-rows.ts';
import { removeHub } from './remove-hub.ts';
import { reportForms } from './report-forms.ts';
import { pruneRevisions } from './prune-revisions.ts';
import { endingReason, reportFailed, reportSynced, reserveDeletions, useUpApproval } from './report-hub.ts';
import { dueRollouts, plannedForms } from './rollouts.ts';
import { StillWanted } from './still-wanted.ts';
import { sweepStrays } from './sweep.ts';
import { createNode, deleteNode, type NodeWrites, updateNode } from './write-nodes.ts';

/** Writes to LynqNodes that run at the same time. */
const writeConcurrency = 16;

/**
 * One sync of a hub: reads the table, plans against the LynqNodes, writes them, reports. Everything is planned from one proven read; without it
 * nothing is created, changed or removed (decisions.md section 3). A hub that is someone else's to act on is not touched.
 */
export async function syncHub(deps: Deps, request: HubRef, attempt: Attempt): Promise<SyncOutcome> {
  await deps.nodes.synced();
  const hub = await readHub(deps, request);
  if (hub === undefined) return { kind: 'gone' };
  const peer = await deps.others.peer();
  if (peer !== undefined) {
    await reportOther(deps, request, hub, peer);
    return { kind: 'paused' };
  }
  const claim = await claimHub(deps, request, hub);
  if (claim.kind === 'other') return { kind: 'paused' };
  const released = releasedAt(claim.hub);
  if (released === undefined) return syncHeldHub(deps, request, claim.hub, attempt);
  await releaseHub(deps, request, { hub: claim.hub, released, attempt });
  return { kind: 'paused' };
}

async function syncHeldHub(deps: Deps, request: HubRef, hub: ReadHub, attempt: Attempt): Promise<SyncOutcome> {
  await takeBack(deps, request);
  if (hub.hub.metadata.deletionTimestamp !== undefined) return removeHub(deps, request, hub);
  if (hub.hub.spec.paused === true) return { kind: 'paused' };
  await ensureFinalizer(deps, request, hub);
  await reviewRuns(deps, request);
  const forms = await readForms(deps, request, hub);
  try {
    const counts = await syncRows({ deps, request, hub, forms, attempt, started: deps.clock.now() });
    return { kind: 'synced', counts, page: birthPage(deps, request, ''), ...dueRollouts(deps, request, hub, forms) };
  } catch (error) {
    const reason = isLynqFailure(error) ? endingReason(error) : undefined;
    if (!isLynqFailure(error) || reason === undefined) throw error;
    await reportFailed(deps, request, hub, { reason, message: error.message });
    await reportForms(deps, forms, deps.nodes.ofHub(request.namespace, request.hub));
    return { kind: 'unread', reason, page: birthPage(deps, request, ''), ...dueRollouts(deps, request, hub, forms) };
  }
}

export interface Sync {
  readonly deps: Deps;
  readonly request: HubRef;
  readonly hub: ReadHub;
  readonly forms: readonly JudgedForm[];
  readonly attempt: Attempt;
  readonly started: Date;
}

export function livingNodes({ deps, request }: Sync): readonly NodeDigest[] {
  return deps.nodes.ofHub(request.namespace, request.hub);
}

async function syncRows(sync: Sync): Promise<SyncCounts> {
  const decided = await decideSync(sync);
  await prepareDeletions(sync, decided);
  const refused = await write(sync, decided);
  const strays = await sweep(sync, decided);
  await report(sync, decided, { refused, strays });
  return countsOf(decided);
}

/** Reads the table and decides over every LynqNode of the hub; writes nothing. Fails as RowSource.read does. */
export async function decideSync(sync: Sync): Promise<Decided> {
  const { deps, request, hub, forms, attempt } = sync;
  const planned = plannedForms(forms);
  const read = await readRows(deps, request, { hub, forms: planned, attempt });
  const wanted = await planFrom(sync, read, planned);
  const source = judgeSource(hub.hub.status?.source, { identity: read.proof.identity, rows: read.uids });
  const guard = judge(sync, { read, plan: wanted, source });
  const plan = { ...wanted, ...permitted(wanted, { source, guard }) };
  return { read, plan, wanted, source, guard, leaving: leavingRows(wanted) };
}

async function planFrom(sync: Sync, { classified }: RowsRead, forms: readonly PlannedForm[]): Promise<HubPlan> {
  const nodes = livingNodes(sync);
  const listed = new Set(sync.forms.map(({ name }) => name));
  const missing = new Set(nodes.map(({ form }) => form).filter((form) => !listed.has(form)));
  const left = await sync.deps.absences.look(sync.deps, sync.request, missing);
  return planHub({
    rows: new Map([...classified.active].map(([uid, { hash }]) => [uid, hash])),
    frozen: new Set(nodes.map(({ rowUid }) => rowUid).filter((uid) => classified.isFrozen(uid))),
    forms,
    brokenForms: new Set(sync.forms.filter(({ revision }) => revision === undefined).map(({ name }) => name)),
    goneForms: left.gone,
    movedForms: left.moved,
    nodes,
  });
}

function judge(
  sync: Sync,
  { read: { classified }, plan, source }: Pick<Decided, 'read' | 'plan' | 'source'>,
): GuardVerdict {
  const { hub } = sync.hub;
  const alive = livingNodes(sync).filter(({ deleting }) => !deleting);
  return judgeDeletions({
    settings: hub.spec.deletionGuard,
    leaving: leavingRows(plan),
    remaining: classified.active.size + classified.frozen.length,
    rowsWithNodes: new Set(alive.map(({ rowUid }) => rowUid)).size,
    window: hub.status?.deletionGuard?.window ?? [],
    approval: hub.metadata.annotations?.[annotations.approveDeletions],
    sourceChanged: source.kind === 'changed',
    now: sync.deps.clock.now(),
  });
}

export interface Decided {
  readonly read: RowsRead;
  /** What may be done of the plan now. */
  readonly plan: HubPlan;
  /** All that differs, held or not. */
  readonly wanted: HubPlan;
  readonly source: SourceVerdict;
  readonly guard: GuardVerdict;
  /** Rows that the whole plan would take nodes from. */
  readonly leaving: readonly string[];
}

/** While deletions are held everything else goes on; from a source that is not known yet no value is taken over either, it may be an older one. */
function permitted(
  plan: HubPlan,
  { source, guard }: Pick<Decided, 'source' | 'guard'>,
): Pick<HubPlan, 'update' | 'remove'> {
  return {
    update: plan.update.filter(({ why }) => source.kind === 'known' || why === 'form' || why === 'edited'),
    remove: plan.remove.filter(({ why }) => guard.kind === 'allow' || why === 'form'),
  };
}

/** Only where deletions are allowed: what belongs to no node any more is found by the same read. */
async function sweep(
  { deps, request, forms, attempt }: Sync,
  { read, source, guard }: Decided,
): Promise<readonly string[]> {
  const { classified } = read;
  if (guard.kind !== 'allow' || source.kind !== 'known') return [];
  const active: ReadonlyMap<string, unknown> = classified.active;
  const isLiving = (uid: string): boolean => active.has(uid) || classified.isFrozen(uid);
  return sweepStrays(deps, request, { forms, isLiving, signal: attempt.signal });
}

/** An approval is used up by the first sync that judges by it, whether it fits or not. */
async function prepareDeletions({ deps, request, hub }: Sync, { guard, leaving }: Decided): Promise<void> {
  const isJudged = guard.kind === 'allow' || guard.why !== 'SourceChanged';
  if (isJudged) await useUpApproval(deps, request, hub);
  if (guard.kind === 'allow' && leaving.length > 0) await reserveDeletions(deps, request, hub, guard.state);
}

/** Writes the plan; a node that the API server refuses for what it contains never blocks the others. Returns those rows. */
async function write(
  { deps, request, hub, forms, attempt }: Sync,
  { read, plan }: Decided,
): Promise<readonly FrozenRow[]> {
  const refused: FrozenRow[] = [];
  const writes: NodeWrites = {
    deps,
    request,
    hub,
    forms: new Map(forms.map((form) => [form.name, form])),
    values: read.values,
  };
  const wanted = new StillWanted(deps, request);
  const unlessStopped =
    <T>(work: (item: T) => Promise<unknown>) =>
    async (item: T): Promise<void> => {
      attempt.signal.throwIfAborted();
      await wanted.demandHub(hub);
      await work(item);
    };
  await inParallel(
    plan.create,
    writeConcurrency,
    unlessStopped((birth) => unlessRefused(refused, birth.uid, () => createWanted(writes, wanted, birth))),
  );
  await inParallel(
    plan.update,
    writeConcurrency,
    unlessStopped((update) => unlessRefused(refused, update.node.rowUid, () => updateNode(writes, update))),
  );
  await inParallel(
    plan.remove,
    writeConcurrency,
    unlessStopped((removal) => removeNode(writes, removal)),
  );
  return refused;
}

async function createWanted(writes: NodeWrites, wanted: StillWanted, birth: Birth): Promise<void> {
  const form = writes.forms.get(birth.form.name);
  if (form !== undefined && (await wanted.form(form))) await createNode(writes, birth);
}

async function unlessRefused(refused: FrozenRow[], uid: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isLynqFailure(error) || error.type !== 'ClusterInvalid') throw error;
    const reason = error.detail['reason'] === 'TooLarge' ? 'TooLarge' : 'NodeRefused';
    refused.push({ uid, reason, message: error.message });
  }
}

/** A node that has lost its row or form; a deletion that is refused says so and ends the sync. */
async function removeNode(writes: NodeWrites, removal: Removal): Promise<void> {
  const { deps, hub } = writes;
  const { name, form, rowUid: uid } = removal.node;
  tellOwner(deps, hub.object, hubEvents.nodeDeleting({ name, form, uid }));
  try {
    await deleteNode(writes, removal);
  } catch (error) {
    const failed = isLynqFailure(error) ? hubEvents.nodeDeletionFailed(name, error.message) : undefined;
    if (failed !== undefined) tellOwner(deps, hub.object, failed);
    throw error;
  }
  tellOwner(deps, hub.object, hubEvents.nodeDeleted({ name, form, uid }));
}

/** Rows whose nodes stay as they are, each with its reason. */
export function frozenRows({ read, plan }: Decided): readonly FrozenRow[] {
  const collisions = plan.collisions.map(({ uid, form, name, holder }) => ({
    uid,
    reason: 'NameCollision',
    message: `with form ${form} its LynqNode would be named ${name}, as that of row ${holder} is`,
  }));
  const byUid = new Map(collisions.map((collision) => [collision.uid, collision]));
  return [...read.classified.frozen.map(({ uid, reason, message }) => ({ uid, reason, message })), ...byUid.values()];
}

async function report(
  sync: Sync,
  decided: Decided,
  { refused, strays }: { readonly refused: readonly FrozenRow[]; readonly strays: readonly string[] },
): Promise<void> {
  const { deps, request, hub, forms } = sync;
  const nodes = livingNodes(sync);
  const { read, plan, source, guard, leaving } = decided;
  await reportForms(deps, forms, nodes);
  await pruneRevisions(deps, request, forms);
  await reportSynced(deps, request, hub, {
    forms: forms.length,
    desired: plan.desired,
    rows: rowTotals({
      counts: read.classified.rows,
      active: read.classified.active.keys(),
      plan,
      forms: forms.map(({ name }) => name),
      nodes,
      held: heldRows(decided),
      refused: new Set(refused.map(({ uid }) => uid)),
    }),
    frozen: [...frozenRows(decided), ...refused],
    warnings: [...read.proof.warnings, ...read.classified.warnings, ...strays],
    source,
    guard,
    leaving,
    totals: { ready: nodes.filter(({ ready }) => ready).length, failed: nodes.filter(({ failed }) => failed).length },
    insecure: read.proof.insecure,
    seconds: (deps.clock.now().getTime() - sync.started.getTime()) / 1000,
  });
}

function heldRows({ guard, leaving }: Decided): number {
  return guard.kind === 'hold' ? leaving.length : 0;
}

function countsOf(decided: Decided): SyncCounts {
  const {
    plan,
    read: { classified },
  } = decided;
  return {
    rows: classified.rows.seen,
    active: classified.rows.active,
    frozen: classified.frozen.length,
    held: heldRows(decided),
    created: plan.create.length,
    updated: plan.update.length,
    removed: plan.remove.length,
  };
}
