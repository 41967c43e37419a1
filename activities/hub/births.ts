import { textAt } from '../../domain/api/json.ts';
import { afterWaking, dueRuns, leftRuns } from '../../domain/left-runs.ts';
import { manyAreLeaving } from '../../domain/mass-removal.ts';
import type { NodeDigest, StrayRun } from '../../domain/watching.ts';
import type { BirthPage, BirthRequest, ConfirmedBirth, HubRef } from '../contract.ts';
import type { Attempt, Deps } from '../deps.ts';
import { inParallel, inParallelAll } from '../parallel.ts';
import { formRef } from '../rollout/gather.ts';
import { isHeldHere } from './holding.ts';

/** Children that one workflow starts at a time (architecture.md, rule 2). */
const pageSize = 200;

/** Messages to Temporal at a time. */
const wakeConcurrency = 8;

/** Visibility is a store of its own that can stall while everything else works; a sync does not wait longer for one answer that is a hint only. */
const answerMilliseconds = 5_000;

/**
 * LynqNodes of a hub that no run is known of, in the order of their names. Births come from LynqNodes, never from rows, so that a lost run is
 * started again whatever the table says; that a node has a run after all is found out by the start itself.
 */
export function birthPage(deps: Deps, request: HubRef, after: string): BirthPage {
  const waiting = deps.nodes
    .ofHub(request.namespace, request.hub)
    .filter(({ namespace, name }) => name > after && !deps.runs.isRunning(namespace, name))
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  const page = waiting.slice(0, pageSize);
  const births = page.map(({ namespace, name, form, rowUid }) => ({
    namespace,
    node: name,
    hub: request.hub,
    form,
    uid: rowUid,
  }));
  const last = page.at(-1);
  return waiting.length > page.length && last !== undefined ? { births, after: last.name } : { births };
}

export async function listBirths(deps: Deps, request: BirthRequest): Promise<BirthPage> {
  await deps.nodes.synced();
  return birthPage(deps, request, request.after);
}

/** A run that was there may be at rest over an earlier LynqNode of the name, which has gone without it: nobody else tells it of this one soon. */
export async function confirmRuns(deps: Deps, births: readonly ConfirmedBirth[], { signal }: Attempt): Promise<void> {
  for (const { namespace, node } of births) deps.runs.running(namespace, node);
  const isNew = ({ namespace, node }: ConfirmedBirth): boolean => {
    const known = deps.nodes.get(namespace, node);
    return known !== undefined && known.observedInput === undefined && !deps.runs.isBusy(namespace, node);
  };
  const unheard = births.filter((birth) => birth.found === true && isNew(birth));
  await inParallel(unheard, wakeConcurrency, async ({ namespace, node }) => {
    signal.throwIfAborted();
    if ((await deps.wake(namespace, node, 'nodeChanged')) === 'missing') deps.runs.missing(namespace, node);
  });
}

/**
 * Finds runs that have ended though their node lives (a person terminated one, Temporal lost it), wakes those whose node is gone, and ends those that no
 * worker of ours serves. Visibility is only a hint: what it does not show is offered as a birth, and a run that is alive after all refuses to start twice.
 * When it cannot be asked, or not in time, nothing changes. It takes few requests a second, so that most reviews ask for one count.
 */
export async function reviewRuns(deps: Deps, request: HubRef, { signal }: Attempt): Promise<void> {
  const { namespace, hub } = request;
  const now = deps.clock.now();
  const nodes = deps.nodes.ofHub(namespace, hub);
  const believed = nodes.filter(({ name }) => deps.runs.isSettled(namespace, name));
  const inherited = deps.reviews.inherited(request, now);
  const expected = believed.filter(({ name }) => !inherited.has(name)).length;
  let isShort = false;
  try {
    const listed = await inTime(signal, async (until, onAnswer) => {
      if (deps.reviews.isStrayLookDue(request, now)) await endStrays(deps, request, until, onAnswer);
      // While many go, the run that removes them tells theirs.
      const looksForLeft = !manyAreLeaving(nodes) && deps.reviews.isLeftLookDue(request, now);
      if (expected === 0 && !looksForLeft) return undefined;
      const count = await deps.directory.count(namespace, hub, until);
      isShort = count < expected;
      const hasMore = looksForLeft && count > nodes.length;
      if (looksForLeft && !hasMore) deps.reviews.leave(request, new Map(), now);
      if (!isShort && !hasMore && !deps.reviews.isCensusDue(request, now)) return undefined;
      onAnswer();
      const all = await deps.directory.listed(namespace, until, onAnswer);
      deps.reviews.counted(request, now);
      if (!manyAreLeaving(nodes)) await wakeLeft(deps, request, all, { until, onAnswer });
      return all;
    });
    if (listed === undefined) return;
    // Where no run seems to be short, one that is not shown may just have ended with its LynqNode.
    const isStaying = ({ name, deleting }: NodeDigest): boolean =>
      !deleting && deps.nodes.get(namespace, name) !== undefined;
    const lost = believed.filter((node) => !listed.has(node.name) && (isShort || isStaying(node)));
    for (const { name } of lost) deps.runs.missing(namespace, name);
    const others = believed.filter(({ name }) => listed.has(name) && listed.get(name) !== hub);
    deps.reviews.inherit(request, new Set(others.map(({ name }) => name)), now);
  } catch (error) {
    signal.throwIfAborted();
    deps.logger.warn('runs could not be reviewed', { hub, error: error instanceof Error ? error.name : 'unknown' });
  }
}

/**
 * Wakes runs that are still there a while after their LynqNode has gone, each of which looks and ends: a removal of many that was terminated has not told
 * them, and nobody else knows of them. Also those of hubs that have no nodes any more, of which there may be no sync.
 */
async function wakeLeft(
  deps: Deps,
  request: HubRef,
  listed: ReadonlyMap<string, string | undefined>,
  { until, onAnswer }: { readonly until: AbortSignal; readonly onAnswer: () => void },
): Promise<void> {
  const { namespace, hub } = request;
  const now = deps.clock.now();
  const isOurs = (other: string | undefined): boolean =>
    other === hub || (other !== undefined && deps.nodes.ofHub(namespace, other).length === 0);
  const gone = [...listed].filter(([name, other]) => deps.nodes.get(namespace, name) === undefined && isOurs(other));
  const names = gone.map(([name]) => name);
  const left = leftRuns(names, deps.reviews.left(request), now.getTime());
  const due = dueRuns(left, now.getTime());
  deps.reviews.leave(request, afterWaking(left, due, now.getTime()), now);
  if (due.length === 0) return;
  deps.logger.info('runs without a LynqNode are woken, to end', { hub, namespace, runs: due.length });
  const failed = await inParallelAll(due, wakeConcurrency, async (name) => {
    until.throwIfAborted();
    await deps.wake(namespace, name, 'nodeChanged');
    onAnswer();
  });
  if (failed.length === 0) return;
  const retried = new Set(failed.map(({ item }) => item));
  const woken = due.filter((name) => !retried.has(name));
  deps.reviews.leave(request, afterWaking(left, woken, now.getTime()), now);
  until.throwIfAborted();
  deps.logger.warn('runs without a LynqNode could not be woken', { hub, namespace, runs: failed.length });
}

/** Requests to Temporal at a time. */
const endConcurrency = 8;
const strayReason = 'the hub of this run is held by a worker with another task queue, which starts it anew';

/**
 * Ends the runs of a hub that wait on a task queue of another installation: it held the hub before and is gone, else we would not hold it. Nobody would go
 * on with them, and as long as they are there no run of ours can take their place. Whether we hold the hub is asked again just before: a sync that was
 * stopped for a while may have lost it.
 */
async function endStrays(deps: Deps, request: HubRef, until: AbortSignal, onAnswer: () => void): Promise<void> {
  const { namespace, hub } = request;
  const asked = deps.clock.now();
  const strays = await straysOf(deps, request, await deps.directory.elsewhere(namespace, until, onAnswer));
  onAnswer();
  if (strays.length > 0) {
    if (!(await isHeldHere(deps, request))) return;
    deps.logger.info('runs of another task queue are ended, to begin anew', { hub, namespace, runs: strays.length });
    await inParallel(strays, endConcurrency, async (stray) => {
      until.throwIfAborted();
      const ended = await deps.directory.end(stray, strayReason);
      onAnswer();
      if (ended && stray.node !== undefined) deps.runs.missing(namespace, stray.node);
    });
  }
  deps.reviews.noStrays(request, asked);
}

/**
 * Those of the hub. A run bears the name of the hub it was started for, and another one may have taken over what it is of: that is known by the LynqNode
 * or the form, unless it is gone. Forms are read, as that of a hub's nodes may have gone over to a hub that another installation holds.
 */
async function straysOf(deps: Deps, request: HubRef, strays: readonly StrayRun[]): Promise<readonly StrayRun[]> {
  const { namespace, hub } = request;
  const isOurs = (stray: StrayRun, now: string | undefined): boolean => (now ?? stray.hub) === hub;
  const ofNodes = strays.filter(
    (stray) => stray.node !== undefined && isOurs(stray, deps.nodes.get(namespace, stray.node)?.hub),
  );
  const forms = new Set(deps.nodes.ofHub(namespace, hub).map(({ form }) => form));
  const ofForms: StrayRun[] = [];
  for (const stray of strays) {
    const { form } = stray;
    if (stray.node !== undefined) continue;
    if (form === undefined) {
      if (stray.hub === hub) ofForms.push(stray);
      continue;
    }
    if (stray.hub !== hub && !forms.has(form)) continue;
    const read = await deps.cluster.get(formRef({ namespace, form }));
    if (isOurs(stray, textAt(read, 'spec', 'hubId'))) ofForms.push(stray);
  }
  return [...ofNodes, ...ofForms];
}

/** Ends with the work, with the signal or when an answer takes too long, whatever the work makes of the signal it is given. */
async function inTime<T>(
  signal: AbortSignal,
  work: (until: AbortSignal, onAnswer: () => void) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const overdue = (): void => ended.abort(new DOMException('visibility did not answer in time', 'TimeoutError'));
  const stop = (): void => ended.abort(signal.reason);
  const timer = setTimeout(overdue, answerMilliseconds);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    const cut = new Promise<never>((_, reject) => {
      ended.signal.addEventListener('abort', () => reject(ended.signal.reason as Error), { once: true });
    });
    return await Promise.race([work(ended.signal, () => void timer.refresh()), cut]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
