export type SessionErrorCode =
  | 'SESSION_ABORTED'
  | 'SESSION_OVERTIME'
  | 'SESSION_ROW_TOO_LARGE'
  | 'SESSION_TOO_MUCH'
  | 'SESSION_OUT_OF_ORDER'
  | 'SESSION_CLEAR_PASSWORD'
  | 'SESSION_POOL_EXHAUSTED';

/** An exchange that we ended; the adapters' `errors.ts` say what each code means. */
export class SessionError extends Error {
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode) {
    super(code);
    this.name = 'SessionError';
    this.code = code;
  }
}

/** How long to wait and when to give up. */
export interface Limits {
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}
