import type { ResourceState } from '../domain/api/node.ts';

/**
 * The wire interface between workflows and activities. Payloads carry names, states, counts and reasons: never rows, manifests or secrets.
 * Append-only: a field may be added as optional, a meaning never changes.
 */

export interface HubRef {
  readonly namespace: string;
  readonly hub: string;
}

export interface NodeRef {
  readonly namespace: string;
  /** Name of the LynqNode. */
  readonly node: string;
}

/** A LynqNode that needs a run. */
export interface NodeBirth extends NodeRef {
  readonly hub: string;
  readonly form: string;
  readonly uid: string;
}

export interface ConfirmedBirth extends NodeRef {
  /** There was a run of the name already. */
  readonly found?: true;
}

/** A form whose edits are let through node by node. */
export interface FormRef extends HubRef {
  readonly form: string;
}

export interface BirthPage {
  readonly births: readonly NodeBirth[];
  /** Name to continue after; absent on the last page. */
  readonly after?: string;
}

export interface SyncCounts {
  readonly rows: number;
  readonly active: number;
  readonly frozen: number;
  readonly held: number;
  readonly created: number;
  readonly updated: number;
  readonly removed: number;
}

export type SyncOutcome =
  | {
      readonly kind: 'synced';
      readonly counts: SyncCounts;
      readonly page: BirthPage;
      /** Forms with nodes that wait to be changed, or with a command to carry out. */
      readonly rollouts?: readonly FormRef[];
    }
  /** Nothing could be concluded from the source; existing nodes are untouched, runs that are missing are started all the same. */
  | {
      readonly kind: 'unread';
      readonly reason: string;
      readonly page: BirthPage;
      readonly rollouts?: readonly FormRef[];
    }
  | { readonly kind: 'removing'; readonly remaining: number; readonly page: BirthPage }
  | { readonly kind: 'gone' }
  | { readonly kind: 'paused' };

export type GlanceOutcome =
  | { readonly kind: 'synced'; readonly counts: SyncCounts }
  /** It could not be seen at a glance that nothing is to be done. */
  | { readonly kind: 'due' };

export interface BirthRequest extends HubRef {
  readonly after: string;
}

export interface AdvanceRequest extends NodeRef {
  /** Writes every entry once more although nothing differs (resync). */
  readonly force: boolean;
}

export interface EntryView {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: ResourceState;
  readonly reason?: string;
}

export interface NodeProgress {
  readonly entries: readonly EntryView[];
  readonly ready: number;
  readonly failed: number;
  readonly desired: number;
}

export type AdvanceOutcome =
  /** A member of the wave became ready, failed or timed out, and something else can go now. */
  | { readonly kind: 'advanced'; readonly progress: NodeProgress; readonly next: string }
  /** Nothing can be done until something changes. */
  | { readonly kind: 'settled'; readonly progress: NodeProgress }
  /** An outside condition is missing (namespace, kind, quota); looked at again after this time, or when woken. */
  | { readonly kind: 'waiting'; readonly progress: NodeProgress; readonly retryAfterSeconds: number }
  /** Form, values or overrides changed meanwhile. `force`: of a resync something is still to be written. */
  | { readonly kind: 'superseded'; readonly progress: NodeProgress; readonly force?: true }
  /** The entries cannot be rendered or ordered at all. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'removing' }
  /** The LynqNode was being deleted, and its removal has come to its end in this step. */
  | RemovedNode
  | { readonly kind: 'paused' }
  | { readonly kind: 'gone' };

export type RemoveOutcome =
  | { readonly kind: 'advanced'; readonly progress: NodeProgress; readonly next: string }
  | { readonly kind: 'waiting'; readonly progress: NodeProgress; readonly retryAfterSeconds: number }
  | RemovedNode;

/** What has become of the objects on record; absent where another attempt, or nobody, has taken them away. */
export interface RemovedNode {
  readonly kind: 'removed';
  readonly objects?: { readonly removed: number; readonly retained: number };
}

/** Where a rollout is, for people. */
export interface RolloutProgress {
  readonly phase: string;
  readonly message: string;
  readonly total: number;
  readonly updated: number;
  readonly ready: number;
  readonly inFlight: number;
  readonly wave?: string;
}

export type RolloutOutcome =
  /** There is more to do; ask again. */
  | { readonly kind: 'moving'; readonly progress: RolloutProgress }
  /** Nothing may change before this time is over, or before something is said or edited. */
  | { readonly kind: 'waiting'; readonly progress: RolloutProgress; readonly retryAfterSeconds: number }
  /** Paused, failed or aborted: until a person or an edit changes that. */
  | { readonly kind: 'halted'; readonly progress: RolloutProgress }
  /** Every node has what it should have. */
  | { readonly kind: 'ended'; readonly progress: RolloutProgress }
  /** The form is gone, not usable or not limited any more; its nodes are not this rollout's business. */
  | { readonly kind: 'idle'; readonly reason: string };

export interface RolloutCommandRequest extends FormRef {
  readonly verb: 'pause' | 'resume' | 'abort' | 'undo';
  /** Of undo: the ControllerRevision to go back to. */
  readonly revision?: string;
}

export interface RolloutCommandOutcome {
  readonly kind: 'done' | 'none' | 'refused';
  readonly message: string;
}

export interface OverridesRequest extends NodeRef {
  readonly overrides: Readonly<Record<string, string>>;
  readonly clear: boolean;
}

export interface OverridesOutcome {
  /** Names of the variables that are overridden now. */
  readonly overridden: readonly string[];
}

/** LynqNodes of a hub that are being deleted together, by name. */
export interface RemovalPage extends HubRef {
  readonly nodes: readonly string[];
}

export interface RemovalsOutcome {
  readonly removed: number;
  /** Left to their own runs: they wait for something, failed, or are not for this run to remove. */
  readonly left: number;
}

/** What workflows may call. Every activity is idempotent; an attempt that comes late is stopped by conditions on its writes. */
export interface Activities {
  /** Reads the hub's table, plans, writes LynqNodes and the hub's status, and names the nodes that need a run. */
  syncHub(request: HubRef): Promise<SyncOutcome>;
  /** Says on the hub that it is synced when it is seen at once that there is nothing to do; a whole sync is due otherwise. Writes nothing else, fails never. */
  glanceHub(request: HubRef): Promise<GlanceOutcome>;
  /** Further nodes that need a run. */
  listBirths(request: BirthRequest): Promise<BirthPage>;
  /** Takes note that these nodes have a run, so that they are not offered as births again. A run that an earlier LynqNode of the name left hears of this one. */
  confirmRuns(births: readonly ConfirmedBirth[]): Promise<void>;
  /** Applies what can go now and waits until a member of it becomes ready, fails or exceeds its timeout. */
  advanceNode(request: AdvanceRequest): Promise<AdvanceOutcome>;
  /** Takes away what can go now, in reverse order, keeping what is retained, and waits until a member of it is gone. */
  removeNode(request: NodeRef): Promise<RemoveOutcome>;
  /** Does for many nodes what `removeNode` does for one, as far as it goes within seconds. */
  removeNodes(request: RemovalPage): Promise<RemovalsOutcome>;
  /** Tells the runs of these nodes that their LynqNode is gone, and wakes those whose LynqNode is still there. */
  endRuns(request: RemovalPage): Promise<void>;
  /** Records overrides of template variables on the LynqNode. Fails for unknown, secret and identity variables. */
  recordOverrides(request: OverridesRequest): Promise<OverridesOutcome>;
  /** Lets nodes of a form go to its present revision, never more at once than it allows, and waits until they have arrived. */
  advanceRollout(request: FormRef): Promise<RolloutOutcome>;
  /** Pauses, resumes, aborts or undoes the rollout of a form. */
  commandRollout(request: RolloutCommandRequest): Promise<RolloutCommandOutcome>;
}
