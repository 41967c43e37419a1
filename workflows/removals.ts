import { ActivityFailure } from '@temporalio/common';
import {
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { removeSignal } from './messages.ts';
import { together } from './proxies.ts';
import { type RemovalsInput, type RemovalsResult, RemovalsRun } from './removals-state.ts';

/** Events after which a run starts afresh, so that histories stay short to read and to replay. */
const historyLimit = 800;
/** Pages under way at a time: one that waits for a node that cannot go must not hold the others up. */
const pagesAtOnce = 4;
/** How long more is waited for before the runs of the removed nodes are told. */
const momentForMore = '3s';

/**
 * The removal of many nodes of a hub at once: page by page, each node as its own run would remove it, but without a message, a step and an activity for
 * each. Their runs are told at the end, so that objects go first. Cancelling or terminating it changes nothing but that nobody goes on; the watches
 * wake the runs of what is left after a minute. Cancelled, it tells those of what it was at before it ends; of a terminated one, syncs of the hub find them.
 */
export async function lynqRemovals(input: RemovalsInput): Promise<RemovalsResult> {
  const run = new RemovalsRun(input);
  setHandler(removeSignal, (request) => run.take(request), {
    description: 'Takes these away too: {"nodes": ["acme-web"]}. What is not being deleted is not touched.',
  });
  setCurrentDetails(run.details());
  try {
    return await removeAndTell(run);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    run.giveUp();
    await CancellationScope.nonCancellable(() => tellAll(run, () => false));
    throw error;
  }
}

async function removeAndTell(run: RemovalsRun): Promise<RemovalsResult> {
  for (;;) {
    await removeAll(run);
    if (historyIsLong()) await continueAsNew<typeof lynqRemovals>(run.carry());
    if (!run.mustTell() && (await condition(() => run.hasWaiting(), momentForMore))) continue;
    await tellAll(run, historyIsLong);
    if (!run.hasWaiting() && !run.hasUntold()) return run.result();
  }
}

function historyIsLong(): boolean {
  const info = workflowInfo();
  return info.continueAsNewSuggested || info.historyLength > historyLimit;
}

/** Until nothing waits any more, or something else is to be done in between. A page that is under way comes to its end in any case. */
async function removeAll(run: RemovalsRun): Promise<void> {
  const lanes = await Promise.allSettled(Array.from({ length: pagesAtOnce }, () => removePages(run)));
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
}

async function removePages(run: RemovalsRun): Promise<void> {
  const isOver = (): boolean => historyIsLong() || run.mustTell() || (!run.hasWaiting() && !run.isAtWork());
  for (;;) {
    await condition(() => run.hasWaiting() || isOver());
    if (isOver()) return;
    if (run.hasWaiting()) await removePage(run);
  }
}

/** What fails for good, or a few times, is left to the runs of the nodes, each of which then says why. */
async function removePage(run: RemovalsRun): Promise<void> {
  const nodes = run.begin();
  setCurrentDetails(run.details());
  const summary = `remove ${nodes.length} LynqNodes`;
  try {
    run.end(nodes, await together.removeNodes.executeWithOptions({ summary }, [{ ...run.hub, nodes }]));
  } catch (error) {
    if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    run.end(nodes, { removed: 0, left: nodes.length });
  }
  setCurrentDetails(run.details());
}

async function tellAll(run: RemovalsRun, isOver: () => boolean): Promise<void> {
  while (run.hasUntold() && !isOver()) {
    const nodes = run.tell();
    setCurrentDetails(run.details());
    try {
      await together.endRuns.executeWithOptions({ summary: `tell ${nodes.length} runs` }, [{ ...run.hub, nodes }]);
    } catch (error) {
      // One whose worker has died ends as timed out, also when it is cancelled.
      if (isCancellation(error) || CancellationScope.current().consideredCancelled) run.tellAgain(nodes);
      if (isCancellation(error) || !(error instanceof ActivityFailure)) throw error;
    }
  }
}
