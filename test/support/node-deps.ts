import { noMeasures } from '../../domain/measures.ts';
import type { Deps } from '../../activities/deps.ts';
import { WrittenEntries } from '../../activities/events.ts';
import { openFormStore } from '../../activities/forms.ts';
import { Repairs } from '../../activities/node/repairs.ts';
import { UnsaidStatuses } from '../../activities/node/unsaid.ts';
import { RolloutRefusals } from '../../activities/rollout/refusals.ts';
import { QuietSyncs } from '../../activities/hub/quiet-syncs.ts';
import { RunReviews } from '../../activities/hub/run-reviews.ts';
import { openOtherOperators } from '../../activities/other-operators.ts';
import { openHubKeys } from '../../activities/secrets.ts';
import { ScopePolicy } from '../../domain/api/scope.ts';
import type { EventNote, Logger, RowSource } from '../../domain/ports.ts';
import type { RunDirectory } from '../../domain/watching.ts';
import { rowHash } from '../../worker/row-hash.ts';
import { openWatches, startWatches } from '../../worker/watch/index.ts';
import type { FakeCluster } from './fake-cluster.ts';

const quiet: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

const noRows: RowSource = {
  read: () => Promise.reject(new Error('no table is read here')),
  recheck: () => Promise.reject(new Error('no table is read here')),
  retain: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** A visibility store that shows nothing. */
export const noRuns: RunDirectory = {
  listed: () => Promise.resolve(new Map()),
  count: () => Promise.resolve(0),
  elsewhere: () => Promise.resolve([]),
  end: () => Promise.resolve(false),
};

/** One process of a worker on a fake cluster: its watches, and what its activities reach the world through. */
export interface FakeProcess {
  readonly deps: Deps;
  readonly told: readonly EventNote[];
  /** Ends it as -9 does: nothing is written any more, and what it remembered is gone. */
  die(): void;
}

export async function startProcess(
  cluster: FakeCluster,
  clock = { now: () => new Date() },
  rows = noRows,
): Promise<FakeProcess> {
  const stop = new AbortController();
  const told: EventNote[] = [];
  const watches = openWatches(cluster.reflector, stop.signal, () => undefined);
  await startWatches(cluster.reflector, watches, stop.signal);
  const deps: Deps = {
    ...watches.ports,
    cluster,
    childCluster: () => cluster,
    rows,
    rowHash,
    directory: noRuns,
    wake: async () => 'missing',
    schedules: { remove: () => Promise.resolve() },
    forms: openFormStore(cluster),
    hubKeys: openHubKeys(cluster, (length) => new Uint8Array(length).fill(1)),
    formsSeen: () => undefined,
    others: openOtherOperators(cluster, clock),
    unyielding: cluster,
    installation: 'test',
    scope: { policy: ScopePolicy.parse({}), workerNamespace: 'lynq-worker' },
    measures: noMeasures,
    events: { record: (note) => void told.push(note) },
    written: new WrittenEntries(),
    repairs: new Repairs(),
    unsaid: new UnsaidStatuses(),
    refusals: new RolloutRefusals(),
    quiet: new QuietSyncs(),
    reviews: new RunReviews(),
    clock,
    logger: quiet,
  };
  return { deps, told, die: () => stop.abort() };
}
