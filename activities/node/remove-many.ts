import { failures, isLynqFailure } from '../../domain/failures.ts';
import { removalOrder, removedCause } from '../../domain/mass-removal.ts';
import type { RemovalPage, RemovalsOutcome } from '../contract.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { Attempt, Deps } from '../deps.ts';
import { isHeldHere } from '../hub/holding.ts';
import { measuredRemoval } from '../measured.ts';
import { inParallelAll } from '../parallel.ts';
import type { Places } from '../places.ts';
import { formsOfPage } from './forms-of-page.ts';
import { nodesOfPage } from './nodes-of-page.ts';
import type { RemovalManner } from './remove.ts';

/** How long a node among many may wait for something before it is left to its own run, which waits for as long as it takes. */
const patience = { waitMilliseconds: 8_000, silenceMilliseconds: 8_000 };

/** Messages to Temporal at a time. */
const messagesAtOnce = 8;

/**
 * Removes nodes that are being deleted, each as its own run would. What cannot go soon, or fails, is left to that run, which may be at it at the same moment
 * already: a removal starts from what is there, and each of its deletes demands a uid.
 */
export async function removeNodes(
  deps: Deps,
  places: Places,
  page: RemovalPage,
  attempt: Attempt,
): Promise<RemovalsOutcome> {
  // Another installation may have taken the hub over since the nodes were handed to this one.
  if (!(await isHeld(deps, page))) return { removed: 0, left: page.nodes.length };
  const known = page.nodes.flatMap((name) => deps.nodes.get(page.namespace, name) ?? []);
  const going = known.filter((node) => isGoing(node, page));
  const read = nodesOfPage(deps, { ...page, nodes: going }, attempt);
  const work: Work = {
    deps: { ...deps, changes: places.yieldedBy(deps.changes), forms: formsOfPage(deps.forms) },
    manner: { ...patience, read: (_deps, request) => read(request) },
    attempt,
  };
  const removals = removalOrder(going).map((node) => places.hold(() => removeOne(work, node)));
  const outcomes = await Promise.all(removals);
  attempt.signal.throwIfAborted();
  const gone = page.nodes.length - known.length;
  const removed = gone + outcomes.filter((outcome) => outcome === 'removed').length;
  return { removed, left: page.nodes.length - removed };
}

interface Work {
  readonly deps: Deps;
  readonly manner: RemovalManner;
  readonly attempt: Attempt;
}

/** A hub that cannot be read for what is in it is not one to act on; what may pass is for the next attempt. */
async function isHeld(deps: Deps, { namespace, hub }: RemovalPage): Promise<boolean> {
  try {
    return await isHeldHere(deps, { namespace, hub });
  } catch (error) {
    if (isLynqFailure(error) && failures[error.type] !== 'never') throw error;
    deps.logger.warn('a hub cannot be read, its nodes are left to their own runs', { namespace, hub });
    return false;
  }
}

const isGoing = ({ hub, deleting, released }: NodeDigest, page: Pick<RemovalPage, 'hub'>): boolean =>
  hub === page.hub && deleting && !released;

/** Never fails. A node is left to its own run where another one has its name by now: what was read once for the page may be older than its deletion. */
async function removeOne({ deps, manner, attempt }: Work, before: NodeDigest): Promise<'removed' | 'left'> {
  const { namespace, name, hub, nodeUid } = before;
  const node = deps.nodes.get(namespace, name);
  if (node === undefined) return 'removed';
  const isSame = node.nodeUid === nodeUid && isGoing(node, { hub });
  // A pass that is under way here comes to the removal by itself.
  if (!isSame || attempt.signal.aborted || deps.runs.isBusy(namespace, name)) return 'left';
  try {
    const { kind } = await measuredRemoval(deps, { namespace, node: name }, attempt, manner);
    return kind === 'removed' ? 'removed' : 'left';
  } catch (error) {
    if (!attempt.signal.aborted) tellFailed(deps, { namespace, hub, node: name }, error);
    return 'left';
  }
}

function tellFailed(deps: Deps, about: Readonly<Record<string, string>>, error: unknown): void {
  if (isLynqFailure(error)) {
    deps.logger.warn('a node could not be removed with others, its own run goes on', { ...about, failure: error.type });
    return;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  deps.logger.error('a node could not be removed with others, its own run goes on', { ...about, error: stack });
}

/**
 * Tells runs that their LynqNodes are gone. That they are is a hint from the watch and ends a run only, which the next sync starts again should the LynqNode
 * be there after all; nothing is deleted by it. A message that fails keeps none from the others.
 *
 * @throws the failure of the first one, when all were tried.
 */
export async function endRuns(deps: Deps, { namespace, nodes }: RemovalPage, attempt: Attempt): Promise<void> {
  const failed = await inParallelAll(nodes, messagesAtOnce, async (name) => {
    attempt.signal.throwIfAborted();
    const isGone = (): boolean => deps.nodes.get(namespace, name) === undefined;
    if (isGone()) {
      await deps.wake(namespace, name, removedCause);
      // One of the same name that was made meanwhile may have found this run there, and so have none of its own.
      if (isGone()) return;
    }
    if ((await deps.wake(namespace, name, 'nodeChanged')) === 'missing') deps.runs.missing(namespace, name);
  });
  const [first] = failed;
  if (first !== undefined) throw first.error;
}
