import { activityInfo, cancellationDetails, cancellationSignal, heartbeat } from '@temporalio/activity';
import type { Activities } from './contract.ts';
import type { Attempt, Deps } from './deps.ts';
import { confirmRuns, listBirths } from './hub/births.ts';
import { HubTurns } from './hub/turns.ts';
import { measuredAdvance, measuredGlance, measuredRemoval, measuredSync } from './measured.ts';
import { endRuns, removeNodes } from './node/remove-many.ts';
import { recordOverrides } from './node/overrides.ts';
import { Places } from './places.ts';
import { advanceRollout } from './rollout/advance.ts';
import { commandRollout } from './rollout/command.ts';

const longestBeatMilliseconds = 5_000;

/** Nodes of a removal of many that are at work at a time, in this process. */
const removalsAtOnce = 16;

/** Runs long work with several signs of life within its heartbeat timeout, so that a slow server is not taken for a dead worker. */
async function alive<T>(work: (attempt: Attempt) => Promise<T>): Promise<T> {
  const { heartbeatTimeoutMs = longestBeatMilliseconds } = activityInfo();
  const timer = setInterval(() => heartbeat(), Math.min(longestBeatMilliseconds, heartbeatTimeoutMs / 4));
  try {
    const isStopping = (): boolean => cancellationDetails()?.workerShutdown === true;
    return await work({ signal: cancellationSignal(), isStopping });
  } finally {
    clearInterval(timer);
  }
}

/** The promise, or the reason of the signal when that comes first. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
  await Promise.race([promise, aborted]);
}

/** The activities of one worker, bound to what they reach the world through. */
export function createActivities(deps: Deps): Activities {
  const turns = new HubTurns();
  const places = new Places(removalsAtOnce);
  /** Decides from what the watches know; a worker that ends before they know anything does not wait for them. */
  const informed = <T>(work: (attempt: Attempt) => Promise<T>, more?: () => Promise<void>): Promise<T> =>
    alive(async (attempt) => {
      await orAborted(deps.nodes.synced(), attempt.signal);
      if (more !== undefined) await orAborted(more(), attempt.signal);
      return work(attempt);
    });
  /**
   * What a node does hangs on the others of its row, and what goes into a Namespace on who made that. Where Namespaces may not be listed, removals go on, and
   * objects wait for theirs.
   */
  const ofNode = <T>(work: (attempt: Attempt) => Promise<T>): Promise<T> =>
    informed(work, () => deps.namespaces.tried());
  return {
    syncHub: (request) =>
      informed((attempt) =>
        turns.take(`${request.namespace}/${request.hub}`, attempt.signal, () => measuredSync(deps, request, attempt)),
      ),
    glanceHub: async (request) => {
      const attempt = { signal: cancellationSignal() };
      const glance = turns.takeIfFree(`${request.namespace}/${request.hub}`, attempt.signal, () =>
        measuredGlance(deps, request, attempt),
      );
      return (await glance) ?? { kind: 'due' };
    },
    listBirths: (request) => informed(() => listBirths(deps, request)),
    confirmRuns: (births) => alive((attempt) => confirmRuns(deps, births, attempt)),
    advanceNode: (request) => ofNode((attempt) => measuredAdvance(deps, request, attempt)),
    removeNode: (request) => ofNode((attempt) => measuredRemoval(deps, request, attempt)),
    removeNodes: (request) => ofNode((attempt) => removeNodes(deps, places, request, attempt)),
    endRuns: (request) => informed((attempt) => endRuns(deps, request, attempt)),
    recordOverrides: (request) => alive(() => recordOverrides(deps, request)),
    advanceRollout: (request) => informed((attempt) => advanceRollout(deps, request, attempt)),
    commandRollout: (request) => alive(() => commandRollout(deps, request)),
  };
}
