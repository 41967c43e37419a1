import type { Measures } from '../domain/measures.ts';
import type { Clock, Cluster, Events, Logger, RowSource } from '../domain/ports.ts';
import type {
  Changes,
  ChildIndex,
  HubSchedules,
  NamespaceIndex,
  NodeIndex,
  RunDirectory,
  RunRegistry,
  Waker,
} from '../domain/watching.ts';
import type { Hash } from '../domain/rows.ts';
import type { ScopeRules } from '../domain/policies/scope.ts';
import type { WrittenEntries } from './events.ts';
import type { FormStore } from './forms.ts';
import type { QuietSyncs } from './hub/quiet-syncs.ts';
import type { RunReviews } from './hub/run-reviews.ts';
import type { Repairs } from './node/repairs.ts';
import type { UnsaidStatuses } from './node/unsaid.ts';
import type { OtherOperators } from './other-operators.ts';
import type { RolloutRefusals } from './rollout/refusals.ts';
import type { HubKeys } from './secrets.ts';

/** What activities reach the world through. */
export interface Deps {
  readonly cluster: Cluster;
  /** For objects of nodes in a namespace: as the account that was chosen for it, else as the worker, and then the very `cluster` above. */
  childCluster(namespace: string): Cluster;
  readonly rows: RowSource;
  /** `hashText` to 32 characters, as fast as the platform can: a sync hashes every row of its table. */
  readonly rowHash: Hash;
  readonly nodes: NodeIndex;
  readonly children: ChildIndex;
  readonly namespaces: NamespaceIndex;
  readonly changes: Changes;
  readonly runs: RunRegistry;
  readonly directory: RunDirectory;
  readonly wake: Waker;
  readonly schedules: HubSchedules;
  readonly forms: FormStore;
  readonly hubKeys: HubKeys;
  /** Up to which resourceVersion this process has followed the forms; undefined where it does not. What it has seen asks for a sync, so no sync may know less. */
  formsSeen(): string | undefined;
  readonly quiet: QuietSyncs;
  readonly reviews: RunReviews;
  /** Who else may be at work. */
  readonly others: OtherOperators;
  /** Writes even while another operator is alive: for saying so, and nothing else. */
  readonly unyielding: Pick<Cluster, 'patch'>;
  /** Names this installation on the hubs it holds. */
  readonly installation: string;
  /** What forms and rows may reach. */
  readonly scope: ScopeRules;
  readonly events: Events;
  readonly measures: Measures;
  readonly written: WrittenEntries;
  readonly repairs: Repairs;
  readonly unsaid: UnsaidStatuses;
  readonly refusals: RolloutRefusals;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What an activity gets from its run. */
export interface Attempt {
  /** Aborts when the attempt is cancelled or the worker stops. */
  readonly signal: AbortSignal;
  /** Whether it was aborted because the worker stops, and not because another attempt may be running by now. */
  readonly isStopping?: () => boolean;
}
