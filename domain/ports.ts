import type { Json, JsonObject } from './api/json.ts';
import type { LynqHubSpec } from './api/hub.ts';
import type { LynqFailure } from './failures.ts';

/**
 * What the activities may ask of the outside. Expected answers are values; a thrown `LynqFailure` means the question could not be answered.
 * Fakes in `test/support` and the adapters pass the same contract suites (`test/contract`).
 */

/** Coordinates of one Kubernetes object; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Coordinates of a kind. */
export interface KindRef {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface FieldConflict {
  /** Manager that holds the field, as managedFields names it. */
  readonly manager: string;
  /** Path of the field, e.g. `.spec.replicas`. */
  readonly field: string;
}

/** Reasons for which the API server refuses a write that will not go away by a retry of the same step alone. */
export type RefusedReason =
  | 'MissingNamespace'
  | 'TerminatingNamespace'
  | 'MissingKind'
  | 'QuotaExceeded'
  | 'Forbidden'
  | 'Invalid'
  | 'Immutable'
  | 'TooLarge'
  | 'AdmissionDenied';

/** Answer to a write. `message` names fields and reasons, never values. */
export type WriteResult =
  | { readonly kind: 'ok'; readonly object: JsonObject }
  | { readonly kind: 'conflict'; readonly fields: readonly FieldConflict[] }
  /** The object has another uid or resourceVersion than the write demanded, or is gone though a uid was demanded. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'exists' }
  | { readonly kind: 'missing' }
  | {
      readonly kind: 'refused';
      readonly reason: RefusedReason;
      readonly message: string;
      /** Paths of what is wrong with the object, `spec.ports[1].name`, where the server names them. */
      readonly fields?: readonly string[];
    };

export type DeleteResult =
  /** Accepted; the object may still be there with a deletionTimestamp. */
  | { readonly kind: 'accepted' }
  /** It is out of the store: the API server said so of this uid. */
  | { readonly kind: 'deleted' }
  /** It was not there any more. */
  | { readonly kind: 'gone' }
  /** Another object stands there now; it was left alone. */
  | { readonly kind: 'otherUid' }
  /** It is not in the version that was demanded any more; it was left alone. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'refused'; readonly reason: RefusedReason; readonly message: string };

export interface DeleteOptions {
  readonly signal?: AbortSignal | undefined;
  /** The object must be in this very version. */
  readonly resourceVersion?: string | undefined;
}

export type PatchType = 'merge' | 'strategic' | 'json';

export interface WriteOptions {
  readonly manager: string;
  readonly subresource?: 'status';
  readonly signal?: AbortSignal | undefined;
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields that another manager holds. */
  readonly force: boolean;
}

export interface ListOptions {
  /** Absent means all namespaces. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /**
   * A resourceVersion that the list must have come to; `0`: any state that the API server has at hand. Without it the list is of now, for which the API
   * server waits until its own watch has caught up: up to a tenth of a second where anything is written meanwhile (docs/benchmarks.md).
   */
  readonly notOlderThan?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface KindInfo {
  readonly namespaced: boolean;
  readonly plural: string;
  readonly verbs: readonly string[];
}

/** Plain-JSON access to any kind of object (libraries.md section 3). */
export interface Cluster {
  /** What the API server says about a kind; undefined when it does not know it. */
  kindInfo(kind: KindRef): Promise<KindInfo | undefined>;
  /**
   * The kind in a version in which its objects can be reached: the one that is named, else one that the API server prefers among those that have it;
   * undefined when it is served in none. Fails when it cannot be told. An object is the same in all versions of its kind.
   */
  servedAs(kind: KindRef): Promise<KindRef | undefined>;
  /** All listable, namespaced kinds of objects that can be made, in their preferred versions. */
  listableKinds(): Promise<readonly KindRef[]>;
  /** The object, or undefined when the API server answered 404 for it. A kind that is not known is undefined too. */
  get(ref: ObjectRef, signal?: AbortSignal): Promise<JsonObject | undefined>;
  /** All pages of a list, read completely before the promise resolves; a failed page fails the whole. */
  list(kind: KindRef, options: ListOptions): Promise<readonly JsonObject[]>;
  /** Server-side apply. `metadata.uid` in the body makes the write conditional: no object, or another one, gives `stale`. */
  apply(ref: ObjectRef, body: JsonObject, options: ApplyOptions): Promise<WriteResult>;
  create(ref: ObjectRef, body: JsonObject, options: WriteOptions): Promise<WriteResult>;
  /** PUT of the whole object; `metadata.resourceVersion` in the body makes it conditional. */
  replace(ref: ObjectRef, body: JsonObject, options: WriteOptions): Promise<WriteResult>;
  patch(
    ref: ObjectRef,
    type: PatchType,
    body: JsonObject | readonly JsonObject[],
    options: WriteOptions,
  ): Promise<WriteResult>;
  /** Delete with a uid precondition and background propagation. Answers `stale` only where a version is demanded. */
  delete(ref: ObjectRef, uid: string, options?: DeleteOptions): Promise<DeleteResult>;
}

/** Kinds whose objects can be made and listed at present, to look for something in it; that something is nowhere is never concluded from it. */
export interface ServedKinds {
  /** Namespaced or not, each in the version that the API server prefers. */
  readonly kinds: readonly KindRef[];
  /** API groups of which it cannot be told what they have: the server behind them does not answer. */
  readonly unread: readonly string[];
}

export interface KindDirectory {
  served(): Promise<ServedKinds>;
}

/** The columns a kind is printed with (additionalPrinterColumns), as the API server fills them. Ages are as of the answer. */
export interface ServerTable {
  readonly columns: readonly string[];
  readonly rows: readonly ServerRow[];
}

export interface ServerRow {
  /** One for each column; null where the object has nothing there. */
  readonly cells: readonly Json[];
  /** Known when several namespaces were asked for. */
  readonly namespace?: string | undefined;
}

/** Many objects in the few words they are printed with. */
export interface Tables {
  /** All pages of a list as one table; a failed page fails the whole. */
  read(kind: KindRef, options: ListOptions): Promise<ServerTable>;
}

export type WatchEvent =
  | { readonly kind: 'set'; readonly object: JsonObject }
  | { readonly kind: 'removed'; readonly object: JsonObject }
  /**
   * A complete list has been delivered, as of this resourceVersion: what was not set since the last `restarted` and is not newer than the list is
   * gone.
   */
  | { readonly kind: 'synced'; readonly version: string }
  | { readonly kind: 'restarted' }
  /** A list could not be read; it is tried again. `missing`: the API server does not serve the kind in this version. */
  | { readonly kind: 'unlisted'; readonly missing?: true };

/** How a watch fares, for whom nobody else tells. */
export type WatchState =
  /** It is open, or its list has been read. */
  | { readonly kind: 'well' }
  /** The API server cannot be reached or does not answer as it should; it is tried again. */
  | { readonly kind: 'lost' }
  /** Rights are missing or the credentials are not taken; it is tried again, too. */
  | { readonly kind: 'refused'; readonly failure: LynqFailure };

export interface WatchOptions extends ListOptions {
  /** Told after each list and each watch that was opened or not; must not throw. */
  readonly onState?: (state: WatchState) => void;
}

/** LIST + WATCH that never ends by itself: relists on 410 and now and then, reconnects with jittered pauses, uses bookmarks. */
export interface Reflector {
  /** Runs until the signal aborts. A handler that throws is reported and does not stop the stream. */
  run(kind: KindRef, options: WatchOptions, onEvent: (event: WatchEvent) => void, signal: AbortSignal): Promise<void>;
}

/** One row as text, in the words of parity 2.3; NULL is empty text. */
export interface SourceRow {
  readonly uid: string;
  readonly activate: string;
  readonly hostOrUrl: string;
  /** Template variable to text. */
  readonly extra: Readonly<Record<string, string>>;
  /** In place of the values of secretValueMappings, once they are taken out: their HMAC (secret-values.ts). */
  readonly seal?: string;
}

/**
 * What a read has proven (decisions.md section 3). Only `complete` allows to plan anything.
 * `rows` is the number of rows the server delivered, equal to COUNT(*) of the same snapshot.
 */
export interface ReadProof {
  readonly rows: number;
  /** Hash over server, schema and table or view definition. */
  readonly identity: string;
  readonly warnings: readonly string[];
  /** The connection was not encrypted. */
  readonly insecure: boolean;
  /** Equal digests of one identity stand for equal rows in equal order and for equal warnings; absent where a source has none. */
  readonly digest?: string | undefined;
  /** The rows are those of the read that was named: none of them was handed on. */
  readonly unchanged?: true | undefined;
}

/** What a read before showed. */
export type KnownRead = Pick<ReadProof, 'digest' | 'identity' | 'warnings'>;

/** Texts in PEM from the Secrets that a `tls` block names. */
export interface TlsMaterial {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface RowRequest {
  readonly hub: string;
  readonly spec: LynqHubSpec;
  readonly password: string;
  /** Set when the source has a `tls` block. */
  readonly tls?: TlsMaterial | undefined;
  /** A read of the same columns; where the rows are still the same, they are not handed on. */
  readonly known?: KnownRead | undefined;
  readonly signal: AbortSignal;
}

export type Recheck =
  | { readonly kind: 'same'; readonly proof: ReadProof }
  /** They are others, or that they are the same cannot be told. */
  | { readonly kind: 'other' }
  /** No connection is there; the next read makes one. */
  | { readonly kind: 'unconnected' };

/** A table of rows. Implementations stream: memory does not grow with the table. */
export interface RowSource {
  /**
   * Reads all rows in one read-only snapshot and resolves with the proof after the last one.
   * Fails with SourceUnreachable, SourceDenied, SourceShapeWrong or SourceIncomplete; then nothing may be concluded from rows already seen.
   */
  read(request: RowRequest, onRow: (row: SourceRow) => void): Promise<ReadProof>;
  /**
   * Whether the rows are still those of a read that is known, by the same proof. No row is handed on, the table is read once, and nobody logs in for it.
   * Fails as `read` does.
   */
  recheck(request: RowRequest & { readonly known: KnownRead }): Promise<Recheck>;
  /** Closes pooled connections of hubs that are not named. */
  retain(hubs: ReadonlySet<string>): Promise<void>;
  close(): Promise<void>;
}

/** What an Event is about: one object, by its uid. */
export interface EventSubject extends ObjectRef {
  readonly uid: string;
}

/** What happened, in words for people (parity 6.2). Names and reasons only: never a row value, a secret or a text the API server quotes. */
export interface EventDraft {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

/** Who says it, as the Go operator names its parts. */
export type EventReporter = 'lynqhub-controller' | 'lynqform-controller' | 'lynqnode-controller' | 'lynq-operator';

export interface EventNote extends EventDraft {
  readonly subject: EventSubject;
  readonly reporter: EventReporter;
}

/** Kubernetes Events. Telling never fails and never waits: what cannot be kept or written is counted and dropped. */
export interface Events {
  /** The same note again raises the count of the Event that is there. */
  record(note: EventNote): void;
}

/** Time and unpredictable bytes, so that decisions stay functions of their arguments. */
export interface Clock {
  now(): Date;
}

export interface Logger {
  /** `message` is a constant; names and counts go in `fields`. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
