import type { PassResult, SyncResult } from '../domain/measures.ts';
import type { Changes, Subscription } from '../domain/watching.ts';
import type {
  AdvanceOutcome,
  AdvanceRequest,
  GlanceOutcome,
  HubRef,
  NodeRef,
  RemoveOutcome,
  SyncOutcome,
} from './contract.ts';
import type { Attempt, Deps } from './deps.ts';
import { glanceAtHub } from './hub/glance.ts';
import { syncHub } from './hub/sync.ts';
import { advanceNode } from './node/advance.ts';
import { type RemovalManner, removeNode } from './node/remove.ts';

/** The long activities with a measurement of each; what they do is theirs. */

/** Notices for how long its user waited, which is not work. */
class WaitMeter implements Changes {
  waitedMilliseconds = 0;
  private readonly changes: Changes;

  constructor(changes: Changes) {
    this.changes = changes;
  }

  subscribe(): Subscription {
    const inner = this.changes.subscribe();
    return {
      add: (key) => inner.add(key),
      close: () => inner.close(),
      next: async (timeout, signal) => {
        const began = performance.now();
        try {
          return await inner.next(timeout, signal);
        } finally {
          this.waitedMilliseconds += performance.now() - began;
        }
      },
    };
  }
}

function passResult(outcome: AdvanceOutcome | RemoveOutcome): PassResult {
  return 'progress' in outcome && outcome.progress.failed > 0 ? 'partial_failure' : 'success';
}

async function measuredPass<O extends AdvanceOutcome | RemoveOutcome>(
  deps: Deps,
  work: (deps: Deps) => Promise<O>,
): Promise<O> {
  const changes = new WaitMeter(deps.changes);
  const began = performance.now();
  const record = (result: PassResult) => {
    const seconds = Math.max(0, performance.now() - began - changes.waitedMilliseconds) / 1_000;
    deps.measures.record({ kind: 'pass', result, seconds });
  };
  try {
    const outcome = await work({ ...deps, changes });
    record(passResult(outcome));
    return outcome;
  } catch (error) {
    record('error');
    throw error;
  }
}

export const measuredAdvance = (deps: Deps, request: AdvanceRequest, attempt: Attempt): Promise<AdvanceOutcome> =>
  measuredPass(deps, (measured) => advanceNode(measured, request, attempt));

export const measuredRemoval = (
  deps: Deps,
  request: NodeRef,
  attempt: Attempt,
  manner?: RemovalManner,
): Promise<RemoveOutcome> => measuredPass(deps, (measured) => removeNode(measured, request, attempt, manner));

function writtenBy(outcome: SyncOutcome) {
  if (outcome.kind !== 'synced') return {};
  const { created, updated, removed } = outcome.counts;
  return { written: { created, updated, removed } };
}

export async function measuredSync(deps: Deps, request: HubRef, attempt: Attempt): Promise<SyncOutcome> {
  const { namespace, hub } = request;
  const began = performance.now();
  const record = (result: SyncResult, written: ReturnType<typeof writtenBy> = {}) =>
    deps.measures.record({
      kind: 'sync',
      namespace,
      hub,
      result,
      seconds: (performance.now() - began) / 1_000,
      ...written,
    });
  try {
    const outcome = await syncHub(deps, request, attempt);
    record(outcome.kind, writtenBy(outcome));
    return outcome;
  } catch (error) {
    record('error');
    throw error;
  }
}

/** A glance that sees nothing to do is a sync; any other one is part of the sync that follows. */
export async function measuredGlance(deps: Deps, request: HubRef, attempt: Attempt): Promise<GlanceOutcome> {
  const { namespace, hub } = request;
  const began = performance.now();
  const synced = await glanceAtHub(deps, request, attempt);
  if (synced === undefined) return { kind: 'due' };
  const seconds = (performance.now() - began) / 1_000;
  deps.measures.record({ kind: 'sync', namespace, hub, result: synced.kind, seconds, ...writtenBy(synced) });
  return { kind: 'synced', counts: synced.counts };
}
