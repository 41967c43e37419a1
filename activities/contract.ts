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
  | { readonly kind: 'synced'; readonly counts: SyncCounts; readonly page: BirthPage }
  /** Nothing could be concluded from the source; existing nodes are untouched, runs that are missing are started all the same. */
  | { readonly kind: 'unread'; readonly reason: string; readonly page: BirthPage }
  | { readonly kind: 'removing'; readonly remaining: number; readonly page: BirthPage }
  | { readonly kind: 'gone' }
  | { readonly kind: 'paused' };

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
  /** Form, values or overrides changed meanwhile. */
  | { readonly kind: 'superseded'; readonly progress: NodeProgress }
  /** The entries cannot be rendered or ordered at all. */
  | { readonly kind: 'unusable'; readonly reason: string }
  | { readonly kind: 'removing' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'gone' };

export type RemoveOutcome =
  | { readonly kind: 'advanced'; readonly progress: NodeProgress; readonly next: string }
  | { readonly kind: 'waiting'; readonly progress: NodeProgress; readonly retryAfterSeconds: number }
  | { readonly kind: 'removed' };

export interface OverridesRequest extends NodeRef {
  readonly overrides: Readonly<Record<string, string>>;
  readonly clear: boolean;
}

export interface OverridesOutcome {
  /** Names of the variables that are overridden now. */
  readonly overridden: readonly string[];
}

/** What workflows may call. Every activity is idempotent; an attempt that comes late is stopped by conditions on its writes. */
export interface Activities {
  /** Reads the hub's table, plans, writes LynqNodes and the hub's status, and names the nodes that need a run. */
  syncHub(request: HubRef): Promise<SyncOutcome>;
  /** Further nodes that need a run. */
  listBirths(request: BirthRequest): Promise<BirthPage>;
  /** Takes note that these nodes have a run, so that they are not offered as births again. */
  confirmRuns(births: readonly NodeRef[]): Promise<void>;
  /** Applies what can go now and waits until a member of it becomes ready, fails or exceeds its timeout. */
  advanceNode(request: AdvanceRequest): Promise<AdvanceOutcome>;
  /** Takes away what can go now, in reverse order, keeping what is retained, and waits until a member of it is gone. */
  removeNode(request: NodeRef): Promise<RemoveOutcome>;
  /** Records overrides of template variables on the LynqNode. Fails for unknown, secret and identity variables. */
  recordOverrides(request: OverridesRequest): Promise<OverridesOutcome>;
}
