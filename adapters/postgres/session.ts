import { Socket } from 'node:net';
import type { Client, Connection, FieldDef, Notice } from 'pg';
import { exchange, type ExchangeLine, type Settle } from '../sql/exchange.ts';
import { openStreamGuard, type StreamGuard } from '../sql/guarded-stream.ts';
import type { Access, SqlSession } from '../sql/pool.ts';
import { type Limits, SessionError } from '../sql/session-error.ts';
import { TlsError, verifiedTls } from '../sql/tls.ts';

/**
 * One connection to a server. It differs from a bare node-postgres client in what a read proof needs: every wait ends (answer, error, limit or
 * abort), a broken exchange destroys the socket at once, what a hostile server sends can neither throw into the process nor fill its memory, and a
 * password never leaves in clear on a connection that is not encrypted.
 */

/** Receives a result while it arrives. */
export interface ResultSink {
  /** As many columns as the result has at most. */
  readonly columns: number;
  /** Before the first row; never for a statement without a result. */
  onColumns?(columns: readonly FieldDef[]): void;
  onRow(values: readonly (string | null)[]): void;
}

export interface Session extends SqlSession {
  /** Runs one statement. Rejects with the error of the server, of the socket, or a SessionError; all but the first destroy the session. */
  run(sql: string, sink: ResultSink, limits: Limits): Promise<void>;
  /** Warnings of the server since the last call. */
  takeWarnings(): number;
}

/** Of what a server says beside its answer: the severity is in the language of the server, the SQLSTATE of NOTICE and INFO is that of success. */
export const isWarning = ({ code }: Pick<Notice, 'code'>): boolean => code !== '00000';

type Library = typeof import('pg');

/** Only a hub with this source needs the library. */
function loadLibrary(): Promise<Library> {
  return import('pg');
}

interface Line extends ExchangeLine {
  readonly pg: Library;
  readonly client: Client;
  readonly connection: Connection;
  readonly socket: Socket;
  readonly guard: StreamGuard;
  /** What is known to be wrong with the server, better than the error that the library then gives. */
  readonly problems: readonly Error[];
}

/** Connects and logs in, once. */
export async function openSession(access: Access, limits: Limits): Promise<Session> {
  const line = openLine(await loadLibrary(), access);
  await exchange(line, limits, (settle) => {
    line.client.connect().then(() => settle(), settle);
  }).catch((error: unknown) => {
    line.destroy();
    throw line.problems[0] ?? error;
  });
  let warnings = 0;
  line.client.on('notice', (notice: Notice) => {
    if (isWarning(notice)) warnings += 1;
  });
  const run: Session['run'] = (sql, sink, bounds) =>
    exchange(line, bounds, (settle) => startStatement(line, sql, sink, settle));
  return {
    run,
    takeWarnings() {
      const taken = warnings;
      warnings = 0;
      return taken;
    },
    ping: (bounds) =>
      run('SELECT 1', { columns: 1, onRow: () => undefined }, bounds).then(
        () => true,
        () => false,
      ),
    destroy: line.destroy,
    end() {
      line.client.end().then(line.destroy, line.destroy);
    },
  };
}

function openLine(pg: Library, { tls, ...access }: Access): Line {
  const guard = openStreamGuard();
  const socket = new Socket();
  const problems: Error[] = [];
  guard.guard(socket);
  socket.setKeepAlive(true, 30_000);
  // The library verifies the certificate against the host it thinks it connects to; the socket knows where to go.
  const connect = socket.connect.bind(socket);
  socket.connect = () => connect({ host: access.host, port: access.port });
  const connection = new pg.Connection({ stream: socket, ssl: tls === undefined ? false : verifiedTls(tls) });
  if (tls !== undefined) watchUpgrade(connection, socket, { guard, problems });
  const client = new pg.Client({
    ...access,
    connection,
    host: tls?.serverName ?? access.host,
    password: passwordUnlessInClear(connection, access.password, tls !== undefined, problems),
    ssl: tls !== undefined,
    application_name: 'lynqflow',
  });
  // Without a listener a connection lost while idle would end the process.
  client.on('error', () => undefined);
  return {
    pg,
    client,
    connection,
    socket,
    guard,
    problems,
    listen: listenTo(client),
    destroy() {
      connection.stream.destroy();
      socket.destroy();
    },
  };
}

/** The server chooses how to ask for the password; a plain one may be anybody. */
function passwordUnlessInClear(
  connection: Connection,
  password: string,
  isEncrypted: boolean,
  problems: Error[],
): () => Promise<string> {
  let inClear = false;
  connection.prependListener('authenticationCleartextPassword', () => {
    inClear = true;
  });
  return async () => {
    if (!inClear || isEncrypted) return password;
    const refusal = new SessionError('SESSION_CLEAR_PASSWORD');
    problems.push(refusal);
    throw refusal;
  };
}

class TlsNotOffered extends Error {
  readonly code = 'TLS_NOT_OFFERED';
}

/** Guards the encrypted stream like the plain one, and keeps the reason why there is none. */
function watchUpgrade(
  connection: Connection,
  socket: Socket,
  { guard, problems }: { readonly guard: StreamGuard; readonly problems: Error[] },
): void {
  socket.once('data', (answer: Buffer) => {
    if (answer[0] !== 'S'.charCodeAt(0)) problems.push(new TlsNotOffered('the server does not offer TLS'));
  });
  connection.once('sslconnect', () => {
    const { stream } = connection;
    let isSecured = false;
    guard.guard(stream);
    stream.once('secureConnect', () => {
      isSecured = true;
    });
    stream.prependListener('error', (error) => {
      if (!isSecured) problems.push(new TlsError(error));
    });
  });
}

function listenTo(client: Client): ExchangeLine['listen'] {
  return (fail) => {
    client.on('error', fail);
    return () => client.off('error', fail);
  };
}

const asText = { getTypeParser: () => (text: string) => text };

function startStatement(
  { pg, client, connection, guard, socket, destroy }: Line,
  sql: string,
  sink: ResultSink,
  settle: Settle,
): void {
  const guarded = <Values extends unknown[]>(handle: (...values: Values) => void) => {
    return (...values: Values): void => {
      try {
        if (!socket.destroyed) handle(...values);
      } catch (error) {
        end(error);
        destroy();
      }
    };
  };
  const forget = watchResult(connection, guarded, {
    onColumns(fields) {
      guard.columnsSeen();
      if (fields.length > sink.columns) throw new SessionError('SESSION_TOO_MUCH');
      sink.onColumns?.(fields);
    },
  });
  const end: Settle = (error) => {
    forget();
    settle(error);
  };
  guard.asked(sink.columns);
  const query = new pg.Query({ text: sql, rowMode: 'array', types: asText })
    .on(
      'row',
      guarded((values) => {
        guard.rowSeen();
        sink.onRow(values);
      }),
    )
    .on('error', end)
    .on('end', () => end());
  client.query(query);
}

/** Tells of the columns of the one result that a statement has. The library keeps each further result, which only a server that lies sends. */
function watchResult(
  connection: Connection,
  guarded: <Values extends unknown[]>(handle: (...values: Values) => void) => (...values: Values) => void,
  { onColumns }: { readonly onColumns: (fields: readonly FieldDef[]) => void },
): () => void {
  const once = <Values extends unknown[]>(handle: (...values: Values) => void): ((...values: Values) => void) => {
    let isFirst = true;
    return guarded((...values: Values) => {
      if (!isFirst) throw new SessionError('SESSION_TOO_MUCH');
      isFirst = false;
      handle(...values);
    });
  };
  const described = once(({ fields }: { readonly fields: readonly FieldDef[] }) => onColumns(fields));
  const completed = once(() => undefined);
  connection.on('rowDescription', described).on('commandComplete', completed);
  return () => connection.off('rowDescription', described).off('commandComplete', completed);
}
