import type { JsonObject } from './api/json.ts';
import type { NodeCounts } from './gauges.ts';
import type { KnownNode } from './hub-plan.ts';
import type { NamespaceOwner } from './namespace-owner.ts';
import type { ChildDigest } from './node-plan.ts';
import type { KindRef, ObjectRef } from './ports.ts';
import type { ReadyWhen } from './readiness/ready-when.ts';

/**
 * What the worker's watches know. Events make things fast, never right: absence is proved by a GET, and a pass that waits also has a time to
 * look again. Digests, not objects, are kept, so that memory grows with the number of objects only.
 */

/** One LynqNode as the watch last saw it. */
export interface NodeDigest extends KnownNode {
  readonly namespace: string;
  readonly hub: string;
  readonly resourceVersion: string;
  /** Hash of what a pass acts on (form revision, values, overrides, pause, force-reconcile). */
  readonly inputHash: string;
  /** The same hash in status: of what the last pass acted on. */
  readonly observedInput: string | undefined;
  readonly ready: boolean;
  readonly failed: boolean;
  /** Reason of the first failed entry, in one word. */
  readonly failure: string | undefined;
  /** Needs an object or a field that someone else holds. */
  readonly conflicted: boolean;
  /** Labels other than ours. */
  readonly labels: Readonly<Record<string, string>>;
  /** By its spec, or because it is released. */
  readonly paused: boolean;
  /** Left to another operator (`lynq release`). */
  readonly released: boolean;
  /** uid of the LynqNode that a person has given up (annotation `lynq.sh/abandon`, decisions section 4). */
  readonly abandon?: string | undefined;
  /** What a rollout wrote when it let the node go (rollout/let-go.ts). */
  readonly letGo?: string | undefined;
  /** Carries an overrides annotation. */
  readonly overridden: boolean;
  /** Generation of the form, as text, that the node was last written from. */
  readonly templateGeneration: string;
  /** Forms whose nodes of the same row it goes before when both are deleted. */
  readonly dependsOn: readonly string[];
  /** What its status comes to in numbers, for metrics. */
  readonly counts: NodeCounts;
  /** Marks of what its retained objects need of other nodes of the row (row-needs.ts). */
  readonly needs: readonly string[];
  /** Keys of its recorded objects that are retained because another node of the row names them. */
  readonly kept: readonly string[];
  /** Names of the Namespaces that its form makes, whoever has them; absent when there are none. */
  readonly spaces?: readonly string[];
  /** Those that it is to take away and that wait for what others have in them, when nothing else of it can go before; absent when there are none. */
  readonly heldUp?: readonly string[];
  /** Key of each recorded object (child.ts, `refKey`) with the state its entry was reported in. */
  readonly children: ReadonlyMap<string, ReportedChild>;
}

export interface ReportedChild {
  readonly uid: string | undefined;
  readonly namespace: string | undefined;
  readonly state: string;
  readonly baseline: string | undefined;
  readonly apiVersion: string;
  /** An expression of the form decides over its readiness, which a digest knows only once a pass has named it (`ChildIndex.judge`). */
  readonly readyWhen: boolean;
  /** Its drift was told and is left (`driftPolicy: Report`). */
  readonly drifted: boolean;
  /** Created a single time: what became of its fields is not ours to say. */
  readonly once: boolean;
  /** Its policy in effect is Retain; absent otherwise, to spare memory. */
  readonly retained?: true;
}

export interface NodeIndex {
  /** Resolves when the first complete list has been seen. */
  synced(): Promise<void>;
  get(namespace: string, name: string): NodeDigest | undefined;
  /** The whole LynqNode, in the version that `get` tells of, if nothing was done for it yet and it is one of the last that were made. */
  newborn(namespace: string, name: string): JsonObject | undefined;
  /** Nodes of a hub, in no particular order. */
  ofHub(namespace: string, hub: string): readonly NodeDigest[];
  /** Equal numbers: nothing has changed in what `ofHub` gives. */
  changesOf(namespace: string, hub: string): number;
  /** Equal numbers: no LynqNode of the namespace has gone, whatever its hub. */
  removalsIn(namespace: string): number;
  /** Nodes of one row of a hub, in no particular order. */
  ofRow(namespace: string, hub: string, uid: string): readonly NodeDigest[];
  /** Nodes, other than the named one, that have an object on record in a Kubernetes namespace (the Namespace object itself does not count). */
  withObjectsIn(namespace: string, except: string): readonly NodeDigest[];
  /** Takes in a LynqNode that was read or written, if it is newer than what the watch has delivered. */
  observe(object: JsonObject): void;
  /** Takes out the LynqNode of this uid, which a read or a write proved gone. */
  forget(node: { readonly namespace: string; readonly name: string; readonly nodeUid: string }): void;
}

export interface ChildIndex {
  /**
   * Watches a kind from now on; resolves when its first complete list has been seen, or could not be read (missing rights, no such kind): what is not
   * known of an object is read then.
   */
  track(kind: KindRef): Promise<void>;
  /** The last digest, unless the object is gone or was never seen with our tracking labels. */
  get(ref: ObjectRef): ChildDigest | undefined;
  observe(object: JsonObject): void;
  /** From now on this object's readiness is by an expression (or by its kind again), until the object is gone. */
  judge(ref: ObjectRef, readyWhen: ReadyWhen | undefined): void;
  /** When the kind was last listed completely; undefined too while it is not served in a version that was asked for. */
  listedAt(kind: KindRef): Date | undefined;
  /** Whether it was ever listed completely. */
  wasListed(kind: KindRef): boolean;
  /** Names of the LynqNodes of a namespace that labels of objects name, whether they exist or not. */
  namedIn(nodeNamespace: string): readonly string[];
  /** Equal numbers: no name has come into what `namedIn` gives, or left it. */
  nameChanges(): number;
  /** Objects that are not being deleted and whose labels name a LynqNode. */
  naming(nodeNamespace: string, node: string): readonly ObjectRef[];
  /** Takes out an object that a GET proved gone. */
  forget(ref: ObjectRef): void;
}

/** Existence of namespaces and kinds, for objects that wait for them. */
export interface NamespaceIndex {
  synced(): Promise<void>;
  /** Resolves when the first list has been seen or could not be read. */
  tried(): Promise<void>;
  /** `absent` and `terminating` are hints: a write decides. */
  state(name: string): 'active' | 'terminating' | 'absent';
  /** Who made a Namespace, as its labels say: a hint too. Undefined when it is absent. */
  origin(name: string): NamespaceOrigin | undefined;
}

export interface NamespaceOrigin {
  readonly uid: string;
  /** Undefined when it carries no tracking labels or orphan markers of ours. */
  readonly owner: NamespaceOwner | undefined;
}

/** Keys that can be waited for. */
export const changeKeys = {
  node: (namespace: string, name: string): string => `node:${namespace}/${name}`,
  child: (refKey: string): string => `child:${refKey}`,
  namespace: (name: string): string => `namespace:${name}`,
  /** The set of nodes with objects in a namespace became smaller. */
  records: (namespace: string): string => `records:${namespace}`,
  /** What the retained objects of a row's nodes need of one another. */
  needs: (namespace: string, hub: string, uid: string): string => `needs:${namespace}/${hub}/${uid}`,
} as const;

/** Collects changes of the keys it was given from the moment they were given, so that none between a look and a wait is lost. */
export interface Subscription {
  add(key: string): void;
  /** The keys that changed since the last call; waits until there is one, the time is over (empty set) or the signal aborts (throws). */
  next(timeoutMilliseconds: number, signal?: AbortSignal): Promise<ReadonlySet<string>>;
  close(): void;
}

export interface Changes {
  subscribe(): Subscription;
}

/** Which nodes have a run, as far as this process has evidence. A node without evidence is offered to the next sync as a birth. */
export interface RunRegistry {
  isRunning(namespace: string, node: string): boolean;
  running(namespace: string, node: string): void;
  /** Whether a node has been known to run for a while, long enough for Temporal's visibility to show it. */
  isSettled(namespace: string, node: string): boolean;
  /** A message to the run was answered with "not found". */
  missing(namespace: string, node: string): void;
  /** Equal numbers: no run has been found missing. */
  losses(): number;
  /**
   * Marks a node whose pass is being executed here; the watches leave it to that pass until the returned function is called with what the pass
   * saw of each child (`childSignature` by key), so that a change it did not see is noticed then.
   */
  enter(namespace: string, node: string): (seen: ReadonlyMap<string, string>) => void;
  isBusy(namespace: string, node: string): boolean;
  /** How many nodes have a pass under way here. */
  busy(): number;
}

/** How a wake-up reaches the run of a node. `missing`: there is none. */
export type Waker = (namespace: string, node: string, cause: string) => Promise<'woken' | 'missing'>;

/**
 * Temporal's visibility: eventually consistent, so it never decides anything. A run it does not show is started again, which finds it alive if it is.
 */
export interface RunDirectory {
  /**
   * LynqNodes of the namespace that have an open run which workers of this installation serve, by name, with the hub that the run was started for.
   * `onAnswer` is told of each answer, of which a long list takes many.
   */
  listed(
    namespace: string,
    signal: AbortSignal,
    onAnswer: () => void,
  ): Promise<ReadonlyMap<string, string | undefined>>;
  /** The number of runs that were started for the hub, at the cost of one request. */
  count(namespace: string, hub: string, signal: AbortSignal): Promise<number>;
  /** Open runs of nodes, rollouts and removals of the namespace, whatever their hub, that wait on another task queue than this installation's. */
  elsewhere(namespace: string, signal: AbortSignal, onAnswer: () => void): Promise<readonly StrayRun[]>;
  /** Ends such a run, which changes nothing but that nobody goes on; `false` when it has ended before. */
  end(run: StrayRun, reason: string): Promise<boolean>;
}

/** Schedules of hubs, which follow the hubs; the worker that leads makes them. */
export interface HubSchedules {
  /** Removes that of a hub, if there is one. */
  remove(namespace: string, hub: string): Promise<void>;
}

/** A run on a task queue that is another installation's. */
export interface StrayRun {
  readonly workflowId: string;
  readonly runId: string;
  /** The hub it was started for: another one may have its node or form now. */
  readonly hub: string | undefined;
  /** The form it is of; undefined for a removal of many nodes. */
  readonly form: string | undefined;
  /** The LynqNode it is of; undefined for a rollout and for a removal of many. */
  readonly node: string | undefined;
}
