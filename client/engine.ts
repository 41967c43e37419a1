import type { NodeView, ResourceView, ScaleReply, ScaleRequest } from '../workflows/messages.ts';

/** What the CLI says to Temporal, in the words of the domain. Expected answers are values. */
export interface Engine {
  /** Asks a node's run for a pass now. */
  resyncNode(namespace: string, node: string): Promise<SentResult>;
  /** Asks a node's run to look again, without writing what does not differ. */
  wakeNode(namespace: string, node: string): Promise<SentResult>;
  /** How a node's run is right now; undefined when Temporal knows none. */
  nodeRun(namespace: string, node: string): Promise<NodeRunState | undefined>;
  /** The latest runs of a node with what happened in them, oldest first. Several follow each other in one workflow (continue-as-new). */
  nodeRuns(namespace: string, node: string, limit: number): Promise<readonly NodeRunRecord[]>;
  /** Starts a sync of a hub: at once, or right after the one that is running. */
  syncHub(namespace: string, hub: string): Promise<SentResult>;
  /** Syncs of a hub that have begun lately, in the order they began; undefined when it has no schedule. */
  hubSyncs(namespace: string, hub: string): Promise<readonly SyncRun[] | undefined>;
  /** How far a sync is. */
  syncState(run: SyncRun): Promise<SyncState>;
  /** When a hub is read next; undefined when it has no schedule. */
  hubSchedule(namespace: string, hub: string): Promise<ScheduleView | undefined>;
  /** Overrides template variables of a node; resolves when the run has recorded it, or refused. */
  scale(namespace: string, node: string, request: ScaleRequest): Promise<ScaleResult>;
  /** Page of a run of a node in the Temporal UI; undefined when it is not known where that is. */
  pageOf(namespace: string, node: string, runId: string): string | undefined;
  /** Which cluster the Temporal namespace is of. */
  namespaceMark(): Promise<NamespaceMark>;
  /** Where the engine is, for messages. */
  readonly address: string;
  close(): Promise<void>;
}

export interface NamespaceMark {
  /** Of Temporal. */
  readonly namespace: string;
  /** Id of the cluster whose worker has marked it; undefined while none has, or where the account may not look. */
  readonly cluster: string | undefined;
}

export interface NodeRunState {
  readonly runId: string;
  /** `RUNNING`, `COMPLETED`, `TERMINATED`, ... */
  readonly status: string;
  /** What the run knows; undefined when no worker answered. */
  readonly view?: NodeView | undefined;
  /** Something of the run is under way: an activity, or a step of the workflow. */
  readonly busy: boolean;
  /** Activities that have failed and are tried again. */
  readonly retries: readonly ActivityRetry[];
}

export interface ActivityRetry {
  readonly activity: string;
  /** The one that is due or under way: 2 after the first failure. */
  readonly attempt: number;
  /** What the last attempt said. */
  readonly failure: string;
  readonly next?: Date | undefined;
}

export interface NodeRunRecord {
  readonly runId: string;
  readonly status: string;
  readonly started: Date;
  readonly closed?: Date | undefined;
  /** In the order they happened. */
  readonly facts: readonly RunFact[];
}

/** What the history of a node's run tells people. */
export type RunFact =
  | { readonly kind: 'began'; readonly at: Date; readonly continued: boolean }
  /** A signal or an update with its cause. */
  | { readonly kind: 'message'; readonly at: Date; readonly cause: string }
  | {
      readonly kind: 'step';
      readonly at: Date;
      /** Absent while it is under way. */
      readonly ended?: Date | undefined;
      /** What it does, as the Temporal UI shows it. */
      readonly summary: string;
      /** `kind` of the outcome, or `failed`. */
      readonly outcome?: string | undefined;
      readonly failure?: string | undefined;
      readonly entries?: readonly ResourceView[] | undefined;
      /** Of a removal that has come to its end: what has become of the objects. */
      readonly objects?: { readonly removed: number; readonly retained: number } | undefined;
    };

/** The schedule of a hub's syncs. */
export interface ScheduleView {
  /** Absent when it starts nothing by itself. */
  readonly next?: Date | undefined;
  readonly paused: boolean;
  /** Why it is paused, by whoever paused it; may be empty. */
  readonly note: string;
  /** A sync is under way. */
  readonly running: boolean;
}

/** One sync of a hub. Two that begin in the same second share the `workflowId`. */
export interface SyncRun {
  readonly workflowId: string;
  readonly runId: string;
}

export type SyncState =
  | { readonly kind: 'running' }
  /** `synced`, `unread`, `paused`, `removing`, `gone`. */
  | { readonly kind: 'ended'; readonly outcome: string }
  | { readonly kind: 'failed'; readonly message: string };

export type SentResult =
  | { readonly kind: 'sent' }
  /** There is no such schedule or running workflow. */
  | { readonly kind: 'absent' };

export type ScaleResult =
  | { readonly kind: 'accepted'; readonly reply: ScaleReply }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'absent' }
  /** Temporal has the request, but nobody worked on it in time; it may still be acted on. */
  | { readonly kind: 'noAnswer' };
