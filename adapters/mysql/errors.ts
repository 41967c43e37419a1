import { type FailureType, LynqFailure } from '../../domain/failures.ts';
import type { Place } from '../sql/row-source.ts';
import type { SessionErrorCode } from '../sql/session-error.ts';
import { TlsError, tlsProblem } from '../sql/tls.ts';

/**
 * What a failed exchange with a server means, decided by errno or error code alone. The server's own text is never read or passed on:
 * it can quote row values.
 */

interface FailureRule {
  readonly type: FailureType;
  /** What is wrong and what to do. */
  readonly text: (place: Place) => string;
}

const server = ({ host, port }: Place): string => `${host}:${port}`;

const denied: FailureRule = {
  type: 'SourceDenied',
  text: (place) =>
    `${server(place)} refused account ${place.user}: check user name, password and the hosts it may come from`,
};
const databaseDenied: FailureRule = {
  type: 'SourceDenied',
  text: (place) =>
    `account ${place.user} may not use database ${place.database} on ${server(place)}: grant SELECT on ${place.table}`,
};
const noGrant: FailureRule = {
  type: 'SourceShapeWrong',
  text: (place) => `account ${place.user} may not read all mapped columns of ${place.table}: grant SELECT on it`,
};
const badName: FailureRule = {
  type: 'SourceShapeWrong',
  text: (place) =>
    `${server(place)} refuses the name of table ${place.table} or of a mapped column: check the hub's mappings`,
};
const busy: FailureRule = {
  type: 'SourceUnreachable',
  text: (place) => `${server(place)} takes no more connections at the moment`,
};
const lost: FailureRule = {
  type: 'SourceUnreachable',
  text: (place) => `the connection to ${server(place)} broke`,
};
const refused: FailureRule = {
  type: 'SourceUnreachable',
  text: (place) => `${server(place)} cannot be reached: check host, port, network policy and that the server runs`,
};
const unknownHost: FailureRule = {
  type: 'SourceUnreachable',
  text: (place) => `host name ${place.host} is not known: check source.mysql.host`,
};
const noMethod: FailureRule = {
  type: 'SourceDenied',
  text: (place) =>
    `account ${place.user} on ${server(place)} uses a login method that is not possible here: use mysql_native_password or caching_sha2_password`,
};
const overTime: FailureRule = {
  type: 'SourceIncomplete',
  text: (place) => `reading ${place.table} took longer than the statement limit: index the view or raise the limit`,
};
const stopped: FailureRule = {
  type: 'SourceIncomplete',
  text: (place) => `the server stopped reading ${place.table}; it is read again`,
};

const noTls: FailureRule = {
  type: 'SourceDenied',
  text: (place) =>
    `${server(place)} does not speak TLS, which source.mysql.tls asks for: nothing was sent; set the server up for TLS`,
};

/** Error numbers of MySQL 5.7 to 9 and MariaDB 10 to 12. */
const byErrno: Readonly<Partial<Record<number, FailureRule>>> = {
  1045: denied, // ER_ACCESS_DENIED_ERROR
  1698: denied, // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
  1130: denied, // ER_HOST_NOT_PRIVILEGED
  1820: denied, // ER_MUST_CHANGE_PASSWORD
  1862: denied, // ER_MUST_CHANGE_PASSWORD_LOGIN
  3118: denied, // ER_ACCOUNT_HAS_BEEN_LOCKED, MySQL
  4151: denied, // ER_ACCOUNT_HAS_BEEN_LOCKED, MariaDB
  1044: databaseDenied, // ER_DBACCESS_DENIED_ERROR
  1251: noMethod, // ER_NOT_SUPPORTED_AUTH_MODE
  1049: {
    type: 'SourceShapeWrong', // ER_BAD_DB_ERROR
    text: (place) => `${server(place)} has no database ${place.database}: create it or correct source.mysql.database`,
  },
  1146: {
    type: 'SourceShapeWrong', // ER_NO_SUCH_TABLE
    text: (place) => `${server(place)} has no table or view ${place.table}: create it or correct source.mysql.table`,
  },
  1054: {
    type: 'SourceShapeWrong', // ER_BAD_FIELD_ERROR
    text: (place) => `table ${place.table} has not all mapped columns: correct valueMappings or extraValueMappings`,
  },
  1142: noGrant, // ER_TABLEACCESS_DENIED_ERROR
  1143: noGrant, // ER_COLUMNACCESS_DENIED_ERROR
  1356: {
    type: 'SourceShapeWrong', // ER_VIEW_INVALID
    text: (place) => `view ${place.table} is broken or its definer lacks rights: create it again`,
  },
  1064: badName, // ER_PARSE_ERROR
  1059: badName, // ER_TOO_LONG_IDENT
  1102: badName, // ER_WRONG_DB_NAME
  1103: badName, // ER_WRONG_TABLE_NAME
  1166: badName, // ER_WRONG_COLUMN_NAME
  1040: busy, // ER_CON_COUNT_ERROR
  1203: busy, // ER_TOO_MANY_USER_CONNECTIONS
  1226: busy, // ER_USER_LIMIT_REACHED
  1129: busy, // ER_HOST_IS_BLOCKED
  1053: lost, // ER_SERVER_SHUTDOWN
  1927: lost, // ER_CONNECTION_KILLED
  4031: lost, // ER_CLIENT_INTERACTION_TIMEOUT
  1969: overTime, // ER_STATEMENT_TIMEOUT, MariaDB
  3024: overTime, // ER_QUERY_TIMEOUT, MySQL
  1317: stopped, // ER_QUERY_INTERRUPTED
  1205: stopped, // ER_LOCK_WAIT_TIMEOUT
  1213: stopped, // ER_LOCK_DEADLOCK
  1412: stopped, // ER_TABLE_DEF_CHANGED
};

const sessionRules = {
  SESSION_ABORTED: { type: 'SourceIncomplete', text: (place) => `reading ${place.table} was cancelled` },
  SESSION_OVERTIME: overTime,
  SESSION_ROW_TOO_LARGE: {
    type: 'SourceShapeWrong',
    text: (place) => `a row of ${place.table} is larger than 32 MiB: map smaller columns`,
  },
  SESSION_OUT_OF_ORDER: stopped,
  SESSION_CLEAR_PASSWORD: noMethod,
  SESSION_POOL_EXHAUSTED: {
    type: 'SourceUnreachable',
    text: (place) => `earlier reads of hub ${place.hub} from ${server(place)} are still under way`,
  },
} as const satisfies Record<SessionErrorCode, FailureRule>;

/** Codes of the operating system, of mysql2 and of our sessions. */
const byCode: Readonly<Partial<Record<string, FailureRule>>> = {
  ...sessionRules,
  ECONNREFUSED: refused,
  ETIMEDOUT: refused,
  EHOSTUNREACH: refused,
  ENETUNREACH: refused,
  EADDRNOTAVAIL: refused,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ECONNRESET: lost,
  EPIPE: lost,
  PROTOCOL_CONNECTION_LOST: lost,
  AUTH_SWITCH_PLUGIN_ERROR: noMethod,
  MYSQL_CLEAR_PASSWORD_NOT_ENABLED: noMethod,
  HANDSHAKE_NO_SSL_SUPPORT: noTls,
};

/** After these the caller asks the server which column it is. */
export const missingColumnErrno = 1054;
export const unreadableColumnErrno = 1143;

/** The server's error number, if the error is an answer of the server. */
export function errnoOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  // errno of a system error is negative; mysql2 puts the number of an error that answers no statement into `code`.
  const numbers = ['errno' in error ? error.errno : undefined, 'code' in error ? error.code : undefined];
  return numbers.find((value): value is number => typeof value === 'number' && value > 0);
}

/**
 * The failure for an error of mysql2 or the socket. One that is ours passes through. Without a rule it is SourceIncomplete once the
 * server was reached, else SourceUnreachable: both are retried and neither allows a plan.
 */
export function readFailure(error: unknown, place: Place, phase: 'connect' | 'read'): LynqFailure {
  if (error instanceof LynqFailure) return error;
  if (error instanceof TlsError) return untrustedServer(error, place);
  const errno = errnoOf(error);
  const code = codeOf(error);
  const rule = (errno === undefined ? undefined : byErrno[errno]) ?? (code === undefined ? undefined : byCode[code]);
  const cause = errno ?? code ?? 'unknown';
  const detail = { hub: place.hub, server: server(place), table: place.table, error: cause };
  if (rule !== undefined) return new LynqFailure(rule.type, `${rule.text(place)} (error ${cause})`, detail);
  return phase === 'connect'
    ? new LynqFailure('SourceUnreachable', `${server(place)} did not let us in (error ${cause})`, detail)
    : new LynqFailure(
        'SourceIncomplete',
        `reading ${place.table} from ${server(place)} failed (error ${cause})`,
        detail,
      );
}

/** One attempt per sync, like a refused login: nothing changes until a person acts. */
function untrustedServer(error: TlsError, place: Place): LynqFailure {
  const detail = { hub: place.hub, server: server(place), table: place.table, error: error.code };
  const text = `${server(place)} cannot be trusted, nothing was sent to it: ${tlsProblem(error)} (error ${error.code})`;
  return new LynqFailure('SourceDenied', text, detail);
}

function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined;
}
