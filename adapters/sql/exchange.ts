import { type Limits, SessionError } from './session-error.ts';

/** Ends an exchange: with an error, or well without one. */
export type Settle = (error?: unknown) => void;

/** What an exchange needs of the line it runs on. */
export interface ExchangeLine {
  /** Has `fail` told of everything that breaks the line and that the exchange itself would not report; returns how to stop that. */
  readonly listen: (fail: (error: unknown) => void) => () => void;
  /** Closes the socket now. */
  readonly destroy: () => void;
}

/** Waits for one exchange with a server. An answer or an error of its own settles it; a broken line, a limit or an abort ends it and the session. */
export function exchange(
  line: ExchangeLine,
  { signal, milliseconds }: Limits,
  start: (settle: Settle) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const cleanup: (() => void)[] = [];
    const settle: Settle = (error) => {
      for (const undo of cleanup.splice(0)) undo();
      if (error === undefined) resolve();
      else reject(error);
    };
    const fail = (error: unknown): void => {
      settle(error);
      line.destroy();
    };
    const abort = (): void => fail(new SessionError('SESSION_ABORTED'));
    const timer = setTimeout(() => fail(new SessionError('SESSION_OVERTIME')), milliseconds);
    signal.addEventListener('abort', abort);
    cleanup.push(line.listen(fail), () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    });
    if (signal.aborted) abort();
    else start(settle);
  });
}
