/**
 * Every way an effect can fail, with what to do about it. Adapters translate library errors into these types by status code or errno;
 * activities hand them to Temporal as `ApplicationFailure` of the same type; nothing ever matches a message.
 *
 * `never`: a human has to change something, a retry would give the same answer. `backoff`: retry with growing pauses.
 * `after`: retry when the server said so.
 */
export type RetryClass = 'never' | 'backoff' | 'after';

export const failures = {
  /** The database cannot be reached, refused the login, or the connection broke. */
  SourceUnreachable: 'backoff',
  /** The account was refused. One attempt per sync: retrying locks accounts. */
  SourceDenied: 'never',
  /** Table or column is missing, or the statement is not possible. */
  SourceShapeWrong: 'never',
  /** The read ended before it was proven complete; nothing is planned from it. */
  SourceIncomplete: 'backoff',
  /** The hub's configuration cannot work: missing Secret or key, missing block. */
  HubInvalid: 'never',
  /** The form cannot be used: templates, graph. */
  FormInvalid: 'never',
  /** The API server cannot be reached or answered 5xx. */
  ClusterUnreachable: 'backoff',
  /** The API server asked to wait. */
  ClusterThrottled: 'after',
  /** Rights are missing. */
  ClusterForbidden: 'backoff',
  /** A conditional write met a newer object; the whole step is decided again. */
  ClusterStale: 'backoff',
  /** The API server refused the request for what it contains. */
  ClusterInvalid: 'never',
  /** The API server refused what we keep for ourselves: a status, an annotation, a Secret of generated values. Neither a form nor a row is to blame. */
  RecordRefused: 'never',
  /** Overrides that were asked for cannot hold, or not on this node. */
  ScaleRefused: 'never',
  /** The definitions of our kinds lack fields of ours, as those of the Go operator do; nothing that is kept in them would last. */
  DefinitionsOutdated: 'never',
  /** Another operator is alive on these objects; nothing may be written. */
  OtherOperator: 'backoff',
  /** An invariant of ours does not hold; a bug. */
  Internal: 'backoff',
} as const satisfies Record<string, RetryClass>;

export type FailureType = keyof typeof failures;

/** What happens next, or what a person has to do, for whoever sees a failure in Temporal and nothing else. */
export const nextSteps = {
  SourceUnreachable: 'It is tried again by itself; see that the database runs and answers where the worker is.',
  SourceDenied: 'Put the account, or the Secret with its password, right; the next sync tries again.',
  SourceShapeWrong: 'Put the table or the mappings of the hub right; the next sync tries again.',
  SourceIncomplete: 'Nothing was changed; it is tried again by itself.',
  HubInvalid: 'Put the hub, or the Secret that it names, right.',
  FormInvalid: 'Put the form right; lynq lint says where.',
  ClusterUnreachable: 'It is tried again by itself; see that the API server answers the worker.',
  ClusterThrottled: 'It is tried again by itself when the API server wants it.',
  ClusterForbidden: 'Give the account of the worker the right; it is tried again by itself.',
  ClusterStale: 'It is decided again by itself.',
  ClusterInvalid: 'Put the form or the row right; lynq explain says which entry.',
  RecordRefused:
    'See which right, quota, admission policy or webhook stands against it, and that the definitions of our kinds are those of this release; it is tried again by itself.',
  ScaleRefused: 'Nothing was changed; lynq get node NAME -o yaml shows the variables that the node has.',
  DefinitionsOutdated: 'The next sync after that tries again.',
  OtherOperator: 'Stop the other operator, or leave the hub to it; it goes on by itself.',
  Internal: "It is tried again by itself; the worker's log has the details.",
} as const satisfies Record<FailureType, string>;

/** What a failure may carry: names and paths, never values of rows, Secrets or objects. */
export type FailureDetail = Readonly<Record<string, string | number>>;

/**
 * An effect failed. `message` says what, where and what to do; it never contains a row value, a secret or a text the API server quotes.
 * `retryAfterSeconds` is set for failures of class `after`.
 */
export class LynqFailure extends Error {
  readonly type: FailureType;
  readonly detail: FailureDetail;
  readonly retryAfterSeconds: number | undefined;

  constructor(type: FailureType, message: string, detail: FailureDetail = {}, retryAfterSeconds?: number) {
    super(message);
    this.name = 'LynqFailure';
    this.type = type;
    this.detail = detail;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Whether a thrown value is one of ours; anything else is a bug and counts as `Internal`. */
export function isLynqFailure(error: unknown): error is LynqFailure {
  return error instanceof LynqFailure;
}
