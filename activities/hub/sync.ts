import { type GuardVerdict, judgeDeletions } from '../../domain/deletion-guard.ts';
import { numberReaders } from '../../domain/empty-numbers.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import {
  type Birth,
  type HubPlan,
  leavingRows,
  planHub,
  type PlannedForm,
  type Update,
} from '../../domain/hub-plan.ts';
import type { SyncFacts } from '../../domain/hub-status.ts';
import type { KnownRead } from '../../domain/ports.ts';
import { judgeSource } from '../../domain/source-watch.ts';
import { annotations } from '../../domain/keys.ts';
import type { HubRef, SyncOutcome } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { inParallel } from '../parallel.ts';
import { GoneForms, lookForForms, recordedAbsences, unlistedForms } from './absent-forms.ts';
import { birthPage, reviewRuns } from './births.ts';
import {
  countsOf,
  type Decided,
  factsOf,
  hadNothingToDo,
  livingNodes,
  secondsOf,
  type Sync,
  type Synced,
} from './decided.ts';
import { findOrphans, noOrphans, type Orphans } from './orphaned-nodes.ts';
import { readForms } from './read-forms.ts';
import type { HoldLimits } from './held-values.ts';
import { claimHub, releasedAt, reportOther, sayAlone } from './holding.ts';
import { takeBack } from './adopt-hub.ts';
import { releaseHub } from './release-hub.ts';
import { basisOf, type QuietSync } from './quiet-syncs.ts';
import { beginCredentials, ensureFinalizer, type ReadHub, readHub } from './read-hub.ts';
import { readRows, type RowsRead } from './read-rows.ts';
import { forgetHub, removeHub } from './remove-hub.ts';
import { fromAnywhere } from './refused-nodes.ts';
import { removeNode } from './remove-node.ts';
import { reportForms } from './report-forms.ts';
import { pruneRevisions } from './prune-revisions.ts';
import { isOtherRecord, recordGuard } from './judged-status.ts';
import { endingReason, reportFailed, reportPaused, reportSynced, useUpApproval } from './report-hub.ts';
import { dueRollouts, plannedForms } from './rollouts.ts';
import { ofRows, RowOutcomes, withValues, type Writable } from './row-outcomes.ts';
import { StillWanted } from './still-wanted.ts';
import { nothingSwept, type Sweep, sweepStrays } from './sweep.ts';
import { createNode, type NodeWrites, sealNode, updateNode } from './write-nodes.ts';

/** Writes to LynqNodes that run at the same time. */
const writeConcurrency = 16;

/**
 * One sync of a hub: reads the table, plans against the LynqNodes, writes them, reports. Everything is planned from one proven read; without it
 * nothing is created, changed or removed (decisions.md section 3). A hub that is someone else's to act on is not touched.
 */
export async function syncHub(deps: Deps, request: HubRef, attempt: Attempt): Promise<SyncOutcome> {
  await deps.nodes.synced();
  const [hub, peer] = await Promise.all([readHub(deps, request), deps.others.peer()]);
  if (hub === undefined) return forgetHub(deps, request);
  if (peer !== undefined) {
    await reportOther(deps, request, hub, peer);
    return { kind: 'paused' };
  }
  const claim = await claimHub(deps, request, hub);
  if (claim.kind === 'other') return { kind: 'paused' };
  const released = releasedAt(claim.hub);
  if (released === undefined) return syncHeldHub(deps, request, await sayAlone(deps, request, claim.hub), attempt);
  await releaseHub(deps, request, { hub: claim.hub, released, attempt });
  return { kind: 'paused' };
}

async function syncHeldHub(deps: Deps, request: HubRef, hub: ReadHub, attempt: Attempt): Promise<SyncOutcome> {
  const open = await takeBack(deps, request, hub);
  if (hub.hub.metadata.deletionTimestamp !== undefined) return removeHub(deps, request, { hub, open, attempt });
  if (hub.hub.spec.paused === true) {
    await reportPaused(deps, request, hub, open);
    return { kind: 'paused' };
  }
  await ensureFinalizer(deps, request, hub);
  const started = deps.clock.now();
  if (deps.quiet.takeReview(request, started)) await reviewRuns(deps, request, attempt);
  const credentials = beginCredentials(deps, request, hub);
  const forms = await readForms(deps, request, hub, deps.formsSeen());
  const nodes = deps.nodes.ofHub(request.namespace, request.hub);
  const names = unlistedForms(nodes, forms);
  const left = await lookForForms(deps, request, { names, recorded: recordedAbsences(hub) });
  try {
    return await syncRows({ deps, request, hub, forms, left, credentials, attempt, started }, open);
  } catch (error) {
    const reason = isLynqFailure(error) ? endingReason(error) : undefined;
    if (!isLynqFailure(error) || reason === undefined) throw error;
    await reportFailed(deps, request, { hub, left }, { reason, message: error.message });
    await reportForms(deps, forms, deps.nodes.ofHub(request.namespace, request.hub));
    return { kind: 'unread', reason, page: birthPage(deps, request, ''), ...dueRollouts(deps, request, hub, forms) };
  }
}

/** `before`: what is left to the next sync already. */
async function syncRows(sync: Sync, before: readonly string[]): Promise<Synced> {
  const { deps, request, hub, forms } = sync;
  const basis = basisOf(deps, request, hub, forms);
  const quiet = before.length > 0 ? undefined : deps.quiet.find(request, basis);
  const began = deps.clock.now();
  const known = await readSource(sync, quiet?.rows);
  const readMilliseconds = deps.clock.now().getTime() - began.getTime();
  const isUnread = known.proof.unchanged === true;
  // Reading takes its time: only what holds at its end is the same.
  if (quiet !== undefined && isUnread && basis === basisOf(deps, request, hub, forms)) {
    const from = { hub, forms, credentials: await sync.credentials };
    deps.quiet.keep(request, basis, { ...quiet, from, readMilliseconds });
    return repeat(sync, quiet);
  }
  const read = isUnread ? await readSource(sync, undefined) : known;
  const decided = await decide(sync, read);
  const prepared = { ...sync, hub: await prepareDeletions(sync, decided) };
  const outcomes = await writeAll(sync, decided);
  const { refused } = outcomes;
  const swept = await sweep(sync, decided);
  const open = [...before, ...outcomes.leftOpen()];
  const facts = factsOf(sync, decided, { refused, open, strays: swept.warnings });
  await report(prepared, facts);
  const page = birthPage(deps, request, '');
  const synced: Synced = {
    kind: 'synced',
    counts: countsOf(decided, outcomes.counts),
    page,
    ...dueRollouts(deps, request, hub, forms),
  };
  const isQuiet = hadNothingToDo(sync, decided, synced) && refused.length + open.length === 0 && swept.isClean;
  // What came in between may have been seen by one step and not by another.
  if (isQuiet && basis === basisOf(deps, request, hub, forms)) {
    const { digest, identity, warnings } = read.proof;
    const from = { hub, forms, credentials: await sync.credentials };
    const rows = { digest, identity, warnings };
    deps.quiet.keep(request, basis, { rows, facts, counts: synced.counts, from, readMilliseconds });
  } else deps.quiet.drop(request);
  return synced;
}

/** The rows are those of a sync that had nothing to do, and so is everything else. */
async function repeat(sync: Sync, { facts, counts }: QuietSync): Promise<Synced> {
  const { deps, request } = sync;
  await reportSynced(deps, request, sync, { ...facts, seconds: secondsOf(sync) });
  return { kind: 'synced', counts, page: { births: [] } };
}

function readSource(sync: Sync, known: KnownRead | undefined, limits?: HoldLimits): Promise<RowsRead> {
  const { deps, request, hub, forms, credentials, attempt } = sync;
  const numbers = numberReaders(forms.map(({ name, revision }) => ({ name, numbers: revision?.numbers ?? [] })));
  const work = { hub, forms: plannedForms(forms), credentials, attempt, known, limits, numbers };
  return readRows(deps, request, work);
}

/** Reads the table and decides over every LynqNode of the hub; writes nothing. Fails as RowSource.read does. */
export async function decideSync(sync: Sync): Promise<Decided> {
  return decide(sync, await readSource(sync, undefined, { most: Number.POSITIVE_INFINITY }));
}

async function decide(sync: Sync, read: RowsRead): Promise<Decided> {
  const { hub, forms } = sync;
  const planned = plannedForms(forms);
  const first = planFrom(sync, read, planned, noOrphans);
  const orphans = await findOrphans(sync, first);
  const wanted = orphans.nodes.size === 0 ? first : planFrom(sync, read, planned, orphans);
  const leaving = leavingRows(wanted);
  const lacks = sync.deps.rowHash(leaving.join('\n'));
  const source = judgeSource(hub.hub.status?.source, { identity: read.proof.identity, lacks });
  const guard = judge(sync, { read, plan: wanted, source });
  const plan = { ...wanted, ...permitted(wanted, { source, guard }) };
  return { read, plan, wanted, source, guard, leaving, orphans };
}

function planFrom(sync: Sync, { classified }: RowsRead, forms: readonly PlannedForm[], orphans: Orphans): HubPlan {
  const nodes = livingNodes(sync);
  return planHub({
    rows: new Map([...classified.active].map(([uid, { hash }]) => [uid, hash])),
    frozen: new Set(nodes.map(({ rowUid }) => rowUid).filter((uid) => classified.isFrozen(uid))),
    forms,
    brokenForms: new Set(sync.forms.filter(({ revision }) => revision === undefined).map(({ name }) => name)),
    goneForms: sync.left.gone,
    movedForms: sync.left.moved,
    nodes,
    orphans: orphans.nodes,
    heldElsewhere: (name) => {
      const node = sync.deps.nodes.get(sync.request.namespace, name);
      return node?.hub === sync.request.hub ? undefined : node;
    },
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
    hold: hub.status?.deletionGuard?.hold,
    approval: hub.metadata.annotations?.[annotations.approveDeletions],
    sourceChanged: source.kind === 'changed',
    now: sync.deps.clock.now(),
  });
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
async function sweep({ deps, request, forms, attempt }: Sync, { read, source, guard }: Decided): Promise<Sweep> {
  const { classified } = read;
  if (guard.kind !== 'allow' || source.kind !== 'known') return nothingSwept;
  const active: ReadonlyMap<string, unknown> = classified.active;
  const isLiving = (uid: string): boolean => active.has(uid) || classified.isFrozen(uid);
  return sweepStrays(deps, request, { forms, isLiving, signal: attempt.signal });
}

/**
 * What is on record before the plan is carried out. An approval is used up by the first sync that judges by it, whether it fits or not, and after the set
 * that it lets go is on record: a sync that ends in between has lost neither.
 */
async function prepareDeletions({ deps, request, hub }: Sync, { guard, leaving }: Decided): Promise<ReadHub> {
  const isJudged = guard.kind === 'allow' || guard.why !== 'SourceChanged';
  const isGoing = guard.kind === 'allow' && leaving.length > 0;
  const isNews = isGoing || isOtherRecord(hub, guard.state);
  const recorded = isNews ? await recordGuard(deps, request, hub, guard.state) : hub;
  if (isJudged) await useUpApproval(deps, request, hub);
  return recorded;
}

/** How often, a second apart, a row is tried again that waits for something which goes by itself: the Secret of its earlier node. */
const waitingTries = 3;

/** Rows beyond what one read may hold get reads of their own, which end: each gives a row its turn that had none. What is still left then, since its node has just changed, is the next sync's. */
async function writeAll(sync: Sync, decided: Decided): Promise<RowOutcomes> {
  const outcomes = new RowOutcomes();
  const had = new Set<string>();
  for (let next = decided; ; ) {
    const { read } = next;
    const left = await writeHeld(sync, withValues(next, had), outcomes);
    for (const uid of read.turns) had.add(uid);
    read.forget();
    if (!read.isFull || left === 0) return outcomes;
    const further = await decide(sync, await readSource(sync, undefined, { had }));
    next = { ...further, plan: { ...further.plan, remove: [] } };
  }
}

async function writeHeld(sync: Sync, { decided, left }: Writable, outcomes: RowOutcomes): Promise<number> {
  await write(sync, decided, outcomes);
  for (let tries = waitingTries; tries > 0 && outcomes.isWaiting; tries -= 1) {
    const uids = outcomes.takeWaiting();
    await pause(sync);
    const again = await decide(sync, decided.read);
    await write(sync, ofRows(withValues(again, uids).decided, uids), outcomes);
  }
  outcomes.leaveWaiting();
  return left;
}

/** Of nothing that is watched can be told when that goes. */
async function pause({ deps, attempt }: Sync): Promise<void> {
  const changes = deps.changes.subscribe();
  try {
    await changes.next(1_000, attempt.signal);
  } finally {
    changes.close();
  }
}

/** Writes the plan; a node that the API server refuses for what it contains or does not let go, or that has to wait, never blocks the others. */
async function write(
  { deps, request, hub, forms, left, attempt }: Sync,
  { read, plan }: Decided,
  outcomes: RowOutcomes,
): Promise<void> {
  const writes: NodeWrites = {
    deps,
    request,
    hub,
    forms: new Map(forms.map((form) => [form.name, form])),
    values: read.values,
  };
  const wanted = new StillWanted(deps, request);
  const gone = new GoneForms(deps, request, left);
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
    unlessStopped((birth) => outcomes.attempt(birth.uid, () => createWanted(writes, wanted, birth, outcomes))),
  );
  await inParallel(
    plan.update,
    writeConcurrency,
    unlessStopped((update) => outcomes.attempt(update.node.rowUid, () => updateExisting(writes, update, outcomes))),
  );
  await inParallel(
    fromAnywhere(plan.remove),
    writeConcurrency,
    unlessStopped((removal) => removeNode(writes, { gone, outcomes }, removal)),
  );
}

async function createWanted(
  writes: NodeWrites,
  wanted: StillWanted,
  birth: Birth,
  { counts }: RowOutcomes,
): Promise<void> {
  const form = writes.forms.get(birth.form.name);
  if (form === undefined || !(await wanted.form(form))) return;
  const nodeUid = await createNode(writes, birth);
  if (nodeUid === undefined) return;
  counts.created += 1;
  await sealNode(writes, birth, nodeUid);
}

async function updateExisting(writes: NodeWrites, update: Update, { counts }: RowOutcomes): Promise<void> {
  if ((await updateNode(writes, update)) === 'updated') counts.updated += 1;
}

async function report(sync: Sync, facts: Omit<SyncFacts, 'seconds'>): Promise<void> {
  const { deps, request, forms } = sync;
  await reportForms(deps, forms, livingNodes(sync));
  await pruneRevisions(deps, request, forms);
  await reportSynced(deps, request, sync, { ...facts, seconds: secondsOf(sync) });
}
