import type { LynqFailure } from '../../domain/failures.ts';
import {
  busy,
  codeOf,
  type FailureRule,
  type FailureRules,
  failureOf,
  lost,
  missingColumns,
  networkRules,
  noDatabase,
  noTls,
  serverName as server,
  sessionRules,
  stopped,
} from '../sql/failure-rules.ts';
import type { Place } from '../sql/row-source.ts';

/** What the errors of MySQL and MariaDB mean, by errno or error code. */

const denied: FailureRule = {
  type: 'SourceDenied',
  text: (place) =>
    `${server(place)} refused account ${place.user}: check user name, password and the hosts it may come from`,
};
const locked: FailureRule = {
  type: 'SourceDenied',
  text: (place) => `account ${place.user} on ${server(place)} is locked: unlock it with ALTER USER ... ACCOUNT UNLOCK`,
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
const noMethod: FailureRule = {
  type: 'SourceDenied',
  text: (place) =>
    `account ${place.user} on ${server(place)} uses a login method that is not possible here: use mysql_native_password or caching_sha2_password`,
};
const overTime: FailureRule = {
  type: 'SourceIncomplete',
  text: (place) => `reading ${place.table} took longer than the statement limit: index the view or raise the limit`,
};
/** Error numbers of MySQL 5.7 to 9 and MariaDB 10 to 12. */
const byErrno: FailureRules = {
  1045: denied, // ER_ACCESS_DENIED_ERROR
  1698: denied, // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
  1130: denied, // ER_HOST_NOT_PRIVILEGED
  1820: denied, // ER_MUST_CHANGE_PASSWORD
  1862: denied, // ER_MUST_CHANGE_PASSWORD_LOGIN
  3118: locked, // ER_ACCOUNT_HAS_BEEN_LOCKED, MySQL
  4151: locked, // ER_ACCOUNT_HAS_BEEN_LOCKED, MariaDB
  1044: databaseDenied, // ER_DBACCESS_DENIED_ERROR
  1251: noMethod, // ER_NOT_SUPPORTED_AUTH_MODE
  1049: noDatabase('mysql'), // ER_BAD_DB_ERROR
  1146: {
    type: 'SourceShapeWrong', // ER_NO_SUCH_TABLE
    text: (place) => `${server(place)} has no table or view ${place.table}: create it or correct source.mysql.table`,
  },
  1054: missingColumns, // ER_BAD_FIELD_ERROR
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

/** Codes of the operating system, of mysql2 and of our sessions. */
const byCode: FailureRules = {
  ...sessionRules({ overTime, clearPassword: noMethod }),
  ...networkRules('mysql'),
  PROTOCOL_CONNECTION_LOST: lost,
  AUTH_SWITCH_PLUGIN_ERROR: noMethod,
  MYSQL_CLEAR_PASSWORD_NOT_ENABLED: noMethod,
  HANDSHAKE_NO_SSL_SUPPORT: noTls('mysql'),
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

/** The failure for an error of mysql2 or the socket. */
export function readFailure(error: unknown, place: Place, phase: 'connect' | 'read'): LynqFailure {
  const errno = errnoOf(error);
  const code = codeOf(error);
  const rule = (errno === undefined ? undefined : byErrno[errno]) ?? (code === undefined ? undefined : byCode[code]);
  return failureOf({ error, place, phase, cause: errno ?? code ?? 'unknown', rule });
}
