import { Socket } from 'node:net';
import { type Connection, createConnection } from 'mysql2';
import type { ColumnShape } from './value-text.ts';

/**
 * One connection to a server. It differs from a bare mysql2 connection in three ways that a read proof needs: every wait ends (answer,
 * error, limit or abort), a broken exchange destroys the socket at once, and what a hostile server sends can neither throw into the
 * process nor fill its memory.
 */

export interface Access {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Receives a result set while it arrives. `onRow` gets the raw bytes of the text protocol, null for NULL; they are valid during the call. */
export interface ResultSink {
  onColumns?(columns: readonly ColumnShape[]): void;
  onRow(values: readonly (Buffer | null)[]): void;
}

/** How long to wait and when to give up. */
export interface Limits {
  readonly milliseconds: number;
  readonly signal: AbortSignal;
}

export interface Session {
  /** Runs one statement. Rejects with the error of the server, of the socket, or a SessionError; all but the first destroy the session. */
  run(sql: string, sink: ResultSink, limits: Limits): Promise<void>;
  /** Whether the server still answers. */
  ping(limits: Limits): Promise<boolean>;
  /** Closes the socket now; a statement under way rejects. */
  destroy(): void;
  /** Says good-bye to the server and closes. */
  end(): void;
}

/** Largest answer between two rows that is taken in; a row beyond it could not become annotations anyway (256 KiB). */
export const maxRowBytes = 32 * 1024 * 1024;

export type SessionErrorCode =
  | 'SESSION_ABORTED'
  | 'SESSION_OVERTIME'
  | 'SESSION_ROW_TOO_LARGE'
  | 'SESSION_OUT_OF_ORDER'
  | 'SESSION_POOL_EXHAUSTED';

/** An exchange that we ended; `errors.ts` says what each code means. */
export class SessionError extends Error {
  readonly code: SessionErrorCode;

  constructor(code: SessionErrorCode) {
    super(code);
    this.name = 'SessionError';
    this.code = code;
  }
}

/** A socket whose data handler cannot throw into the event loop, and that counts what came since the last row. */
class GuardedSocket extends Socket {
  #sinceRow = 0;

  rowSeen(): void {
    this.#sinceRow = 0;
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    if (event !== 'data') return super.emit(event, ...values);
    this.#sinceRow += values[0] instanceof Uint8Array ? values[0].length : 0;
    try {
      super.emit(event, ...values);
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error('packet handler threw'));
    }
    if (this.#sinceRow > maxRowBytes) this.destroy(new SessionError('SESSION_ROW_TOO_LARGE'));
    return true;
  }
}

interface Line {
  readonly connection: Connection;
  readonly socket: GuardedSocket;
  readonly destroy: () => void;
}

/** Connects and logs in, once. */
export async function openSession(access: Access, limits: Limits): Promise<Session> {
  const line = openLine(access, limits.milliseconds);
  await exchange(line, limits, (settle) => line.connection.connect((error) => settle(error ?? undefined)));
  return {
    run: (sql, sink, bounds) => exchange(line, bounds, (settle) => startStatement(line, sql, sink, settle)),
    ping: (bounds) =>
      exchange(line, bounds, (settle) => line.connection.ping((error) => settle(error ?? undefined))).then(
        () => true,
        () => false,
      ),
    destroy: line.destroy,
    end() {
      line.connection.end();
      line.socket.end(line.destroy);
    },
  };
}

function openLine(access: Access, connectTimeout: number): Line {
  const socket = new GuardedSocket();
  socket.setNoDelay(true).setKeepAlive(true, 30_000);
  socket.connect({ host: access.host, port: access.port });
  const connection = createConnection({
    ...access,
    stream: socket,
    connectTimeout,
    charset: 'utf8mb4',
    flags: ['-LOCAL_FILES'],
    multipleStatements: false,
    enableCleartextPlugin: false,
    disableEval: true,
    dateStrings: true,
    jsonStrings: true,
    stringifyObjects: true,
    supportBigNumbers: true,
    bigNumberStrings: true,
    connectAttributes: { program_name: 'lynqflow' },
  });
  // Without a listener a connection lost while idle would end the process.
  connection.on('error', () => undefined);
  return {
    connection,
    socket,
    destroy() {
      connection.destroy();
      socket.destroy();
    },
  };
}

type Settle = (error?: unknown) => void;

/**
 * Waits for one exchange. mysql2 reports a lost connection to a streaming statement only through the connection, and never ends
 * a statement whose server falls silent, hence the listeners here.
 */
function exchange(line: Line, { signal, milliseconds }: Limits, start: (settle: Settle) => void): Promise<void> {
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
    const warn = (): void => fail(new SessionError('SESSION_OUT_OF_ORDER'));
    const timer = setTimeout(() => fail(new SessionError('SESSION_OVERTIME')), milliseconds);
    line.connection.on('error', fail).on('warn', warn);
    signal.addEventListener('abort', abort);
    cleanup.push(() => {
      clearTimeout(timer);
      line.connection.off('error', fail).off('warn', warn);
      signal.removeEventListener('abort', abort);
    });
    if (signal.aborted) abort();
    else start(settle);
  });
}

function startStatement({ connection, socket, destroy }: Line, sql: string, sink: ResultSink, settle: Settle): void {
  const guarded = <Values extends unknown[]>(handle: (...values: Values) => void) => {
    return (...values: Values): void => {
      try {
        if (!socket.destroyed) handle(...values);
      } catch (error) {
        settle(error);
        destroy();
      }
    };
  };
  socket.rowSeen();
  connection
    .query({ sql, rowsAsArray: true, typeCast: false })
    // Absent for a statement without a result set.
    .on(
      'fields',
      guarded((columns?: readonly ColumnShape[]) => columns && sink.onColumns?.(columns)),
    )
    .on(
      'result',
      guarded((row: unknown) => {
        socket.rowSeen();
        if (Array.isArray(row)) sink.onRow(row);
      }),
    )
    .on('error', settle)
    .on('end', () => settle());
}
