import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Connection, createConnection } from 'mysql2';
import { exchange, type ExchangeLine, type Settle } from '../sql/exchange.ts';
import { openStreamGuard, type StreamGuard } from '../sql/guarded-stream.ts';
import type { Access, SqlSession } from '../sql/pool.ts';
import { type Limits, SessionError } from '../sql/session-error.ts';
import { TlsError, verifiedTls } from '../sql/tls.ts';
import type { ColumnShape } from './value-text.ts';

/**
 * One connection to a server. It differs from a bare mysql2 connection in three ways that a read proof needs: every wait ends (answer,
 * error, limit or abort), a broken exchange destroys the socket at once, and what a hostile server sends can neither throw into the
 * process nor fill its memory.
 */

/** Receives a result set while it arrives. `onRow` gets the raw bytes of the text protocol, null for NULL; they are valid during the call. */
export interface ResultSink {
  /** As many columns as the result has at most. */
  readonly columns: number;
  onColumns?(columns: readonly ColumnShape[]): void;
  onRow(values: readonly (Buffer | null)[]): void;
  /** Each row as it came, behind its frame, before it is taken apart; false: it need not be. Never called where mysql2 does not show it. */
  onPacket?(bytes: Buffer, start: number, end: number): boolean;
}

export interface Session extends SqlSession {
  /** Runs one statement. Rejects with the error of the server, of the socket, or a SessionError; all but the first destroy the session. */
  run(sql: string, sink: ResultSink, limits: Limits): Promise<void>;
}

interface Line extends ExchangeLine {
  readonly connection: Connection;
  readonly socket: Socket;
  readonly guard: StreamGuard;
  /** Why the server was not trusted. */
  readonly tlsErrors: readonly TlsError[];
}

/** Connects and logs in, once. */
export async function openSession(access: Access, limits: Limits): Promise<Session> {
  const line = openLine(access, limits.milliseconds);
  await exchange(line, limits, (settle) => line.connection.connect((error) => settle(error ?? undefined))).catch(
    (error: unknown) => {
      // A refusal is an answer, which leaves the line open; that mysql2 reports it as a broken line too is nothing to rely on.
      line.destroy();
      throw line.tlsErrors[0] ?? error;
    },
  );
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

function openLine({ tls, ...access }: Access, connectTimeout: number): Line {
  const guard = openStreamGuard();
  const socket = new Socket();
  guard.guard(socket);
  socket.setNoDelay(true).setKeepAlive(true, 30_000);
  socket.connect({ host: access.host, port: access.port });
  const connection = createConnection({
    ...access,
    // mysql2 verifies the certificate against `host`; the socket above knows where to go.
    ...(tls === undefined ? {} : { host: tls.serverName, ssl: { ...verifiedTls(tls), verifyIdentity: true } }),
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
  const tlsErrors: TlsError[] = [];
  watchUpgrade(connection, guard, tlsErrors);
  return {
    connection,
    socket,
    guard,
    tlsErrors,
    listen: listenTo(connection),
    destroy() {
      connection.destroy();
      socket.destroy();
    },
  };
}

/** The part of a mysql2 connection that turns it into an encrypted one. */
interface Upgradable {
  stream: Duplex;
  startTLS(done: (error?: unknown) => void): void;
}

/** Guards the encrypted stream like the plain one, and keeps the reason of a failed handshake, which mysql2 overwrites with its own code. */
function watchUpgrade(connection: unknown, guard: StreamGuard, tlsErrors: TlsError[]): void {
  const upgradable = connection as Upgradable;
  const start = upgradable.startTLS.bind(upgradable);
  upgradable.startTLS = (done) => {
    start((error) => {
      if (error !== undefined && error !== null) tlsErrors.push(new TlsError(error));
      done(error);
    });
    guard.guard(upgradable.stream);
  };
}

/** mysql2 reports a lost connection to a streaming statement only through the connection, and never ends a statement whose server falls silent. */
function listenTo(connection: Connection): ExchangeLine['listen'] {
  return (fail) => {
    const warn = (): void => fail(new SessionError('SESSION_OUT_OF_ORDER'));
    connection.on('error', fail).on('warn', warn);
    return () => connection.off('error', fail).off('warn', warn);
  };
}

function startStatement(
  { connection, socket, guard, destroy }: Line,
  sql: string,
  sink: ResultSink,
  settle: Settle,
): void {
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
  guard.asked(sink.columns);
  const query = connection.query({ sql, rowsAsArray: true, typeCast: false });
  if (sink.onPacket !== undefined) {
    showPackets(query, (bytes, start, end) => {
      guard.rowSeen();
      return sink.onPacket?.(bytes, start, end) ?? true;
    });
  }
  query
    .on('fields', guarded(onlyResult(guard, sink)))
    .on(
      'result',
      guarded((row: unknown) => {
        if (!Array.isArray(row)) return;
        guard.rowSeen();
        sink.onRow(row);
      }),
    )
    .on('error', settle)
    .on('end', () => settle());
}

/** Takes the columns of the one result of a statement, which are absent where there are no rows. The library keeps each further result, which only a server that lies sends. */
function onlyResult(guard: StreamGuard, sink: ResultSink): (columns?: readonly ColumnShape[]) => void {
  let results = 0;
  return (columns = []) => {
    results += 1;
    guard.columnsSeen();
    if (results > 1 || columns.length > sink.columns) throw new SessionError('SESSION_TOO_MUCH');
    if (columns.length > 0) sink.onColumns?.(columns);
  };
}

/** A packet of mysql2; `offset` is behind its header while nothing has been read from it. */
interface Packet {
  readonly buffer: Buffer;
  readonly offset: number;
  readonly end: number;
  isEOF(): boolean;
}

/** A state of a mysql2 command: takes in one packet and gives the state for the next one. */
type State = (this: unknown, packet: Packet, connection: unknown) => unknown;

/**
 * Shows the packet of each row to `look` before mysql2 takes it apart, which costs several times more than the packet. This is not part of mysql2's public
 * interface: where it is not as expected nothing is shown, and rows come the usual way.
 */
function showPackets(query: unknown, look: (bytes: Buffer, start: number, end: number) => boolean): void {
  const command = query as { row?: State };
  const original = command.row;
  if (typeof original !== 'function') return;
  command.row = function row(packet, connection): unknown {
    const isRow = Buffer.isBuffer(packet.buffer) && !packet.isEOF();
    if (isRow && !look(packet.buffer, packet.offset, packet.end)) return command.row;
    const next: unknown = original.call(this, packet, connection);
    return next === original ? command.row : next;
  };
}
