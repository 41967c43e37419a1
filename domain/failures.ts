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
  /** Another operator is alive on these objects; nothing may be written. */
  OtherOperator: 'backoff',
  /** An invariant of ours does not hold; a bug. */
  Internal: 'backoff',
} as const satisfies Record<string, RetryClass>;

export type FailureType = keyof typeof failures;

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
