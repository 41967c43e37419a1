import { type FailureType, LynqFailure } from '../../domain/failures.ts';
import type { Place } from '../sql/row-source.ts';
import type { SessionErrorCode } from '../sql/session-error.ts';
import { TlsError, tlsProblem } from '../sql/tls.ts';

/**
 * What a failed exchange with a server means, decided by SQLSTATE or error code alone. The server's own text is never read or passed on:
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
    `${server(place)} refused role ${place.user}: check user name, password and pg_hba.conf (address, database, encryption)`,
};
const noGrant: FailureRule = {
  type: 'SourceShapeWrong',
  text: (place) =>
    `role ${place.user} may not read all rows and mapped columns of ${place.table}: grant USAGE on the schema and SELECT, and let no row-level security policy apply`,
};
const badShape: FailureRule = {
  type: 'SourceShapeWrong',
  text: (place) => `${place.table} cannot be read as a table of rows: check source.postgres.table and the mappings`,
};
const noTable: FailureRule = {
  type: 'SourceShapeWrong',
  text: (place) =>
    `${server(place)} has no table or view ${place.table} in database ${place.database}: create it or correct schema and table (names are case-sensitive)`,
};
const brokenView: FailureRule = {
  type: 'SourceShapeWrong',
  text: (place) => `view ${place.table} cannot compute a value: correct the view or the row it fails on`,
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
  text: (place) => `host name ${place.host} is not known: check source.postgres.host`,
};
const overTime: FailureRule = {
  type: 'SourceIncomplete',
  text: (place) =>
    `reading ${place.table} was cancelled or took longer than the statement limit: index the view or raise the limit`,
};
const stopped: FailureRule = {
  type: 'SourceIncomplete',
  text: (place) => `the server stopped reading ${place.table}; it is read again`,
};

const sessionRules = {
  SESSION_ABORTED: { type: 'SourceIncomplete', text: (place) => `reading ${place.table} was cancelled` },
  SESSION_OVERTIME: overTime,
  SESSION_ROW_TOO_LARGE: {
    type: 'SourceShapeWrong',
    text: (place) => `a row of ${place.table} is larger than 32 MiB: map smaller columns`,
  },
  SESSION_OUT_OF_ORDER: stopped,
  SESSION_CLEAR_PASSWORD: {
    type: 'SourceDenied',
    text: (place) =>
      `${server(place)} asks for the password in clear on a connection that is not encrypted; it was not sent: set source.postgres.tls, or use scram-sha-256`,
  },
  SESSION_POOL_EXHAUSTED: {
    type: 'SourceUnreachable',
    text: (place) => `earlier reads of hub ${place.hub} from ${server(place)} are still under way`,
  },
} as const satisfies Record<SessionErrorCode, FailureRule>;

/** SQLSTATEs, codes of the operating system and of our sessions. */
const byCode: Readonly<Partial<Record<string, FailureRule>>> = {
  ...sessionRules,
  '28P01': denied, // invalid_password
  '28000': denied, // invalid_authorization_specification
  '3D000': {
    type: 'SourceShapeWrong', // invalid_catalog_name
    text: (place) =>
      `${server(place)} has no database ${place.database}: create it or correct source.postgres.database`,
  },
  '3F000': noTable, // invalid_schema_name
  '42P01': noTable, // undefined_table
  '42703': {
    type: 'SourceShapeWrong', // undefined_column
    text: (place) => `table ${place.table} has not all mapped columns: correct valueMappings or extraValueMappings`,
  },
  '42501': noGrant, // insufficient_privilege
  '42809': badShape, // wrong_object_type
  '55000': badShape, // object_not_in_prerequisite_state: a materialized view without data
  '53300': busy, // too_many_connections
  '57P03': busy, // cannot_connect_now
  '57P01': lost, // admin_shutdown
  '57P02': lost, // crash_shutdown
  '57P05': lost, // idle_session_timeout
  '57014': overTime, // query_canceled
  '40001': stopped, // serialization_failure: a replica's recovery was in the way
  '40P01': stopped, // deadlock_detected
  '55P03': stopped, // lock_not_available
  ECONNREFUSED: refused,
  ETIMEDOUT: refused,
  EHOSTUNREACH: refused,
  ENETUNREACH: refused,
  EADDRNOTAVAIL: refused,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ECONNRESET: lost,
  EPIPE: lost,
  TLS_NOT_OFFERED: {
    type: 'SourceDenied',
    text: (place) =>
      `${server(place)} does not speak TLS, which source.postgres.tls asks for: nothing was sent; set the server up for TLS`,
  },
};

/** A whole class of SQLSTATEs: 08 connection, 22 data, 53 resources. */
const byClass: Readonly<Partial<Record<string, FailureRule>>> = { '08': lost, '22': brokenView, '53': busy };

/** After these the caller asks the server which column it is. */
export const missingColumnState = '42703';
export const notAllowedState = '42501';

/** SQLSTATE of an answer of the server, or the code of any other error. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9][A-Z0-9_]*$/.test(code) ? code : undefined;
}

/**
 * The failure for an error of the library or the socket. One that is ours passes through. Without a rule it is SourceIncomplete once the
 * server was reached, else SourceUnreachable: both are retried and neither allows a plan.
 */
export function readFailure(error: unknown, place: Place, phase: 'connect' | 'read'): LynqFailure {
  if (error instanceof LynqFailure) return error;
  const code = codeOf(error);
  const detail = { hub: place.hub, server: server(place), table: place.table, error: code ?? 'unknown' };
  const remark = `(error ${detail.error})`;
  if (error instanceof TlsError) {
    const text = `${server(place)} cannot be trusted, nothing was sent to it: ${tlsProblem(error)} ${remark}`;
    return new LynqFailure('SourceDenied', text, detail);
  }
  const rule =
    code === undefined ? undefined : (byCode[code] ?? (code.length === 5 ? byClass[code.slice(0, 2)] : undefined));
  if (rule !== undefined) return new LynqFailure(rule.type, `${rule.text(place)} ${remark}`, detail);
  return phase === 'connect'
    ? new LynqFailure('SourceUnreachable', `${server(place)} did not let us in ${remark}`, detail)
    : new LynqFailure('SourceIncomplete', `reading ${place.table} from ${server(place)} failed ${remark}`, detail);
}
