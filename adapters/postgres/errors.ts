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

/** What the errors of PostgreSQL mean, by SQLSTATE or error code. */

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
const overTime: FailureRule = {
  type: 'SourceIncomplete',
  text: (place) =>
    `reading ${place.table} was cancelled or took longer than the statement limit: index the view or raise the limit`,
};
const clearPassword: FailureRule = {
  type: 'SourceDenied',
  text: (place) =>
    `${server(place)} asks for the password in clear on a connection that is not encrypted; it was not sent: set source.postgres.tls, or use scram-sha-256`,
};

/** SQLSTATEs, codes of the operating system and of our sessions. */
const byCode: FailureRules = {
  ...sessionRules({ overTime, clearPassword }),
  ...networkRules('postgres'),
  '28P01': denied, // invalid_password
  '28000': denied, // invalid_authorization_specification
  '3D000': noDatabase('postgres'), // invalid_catalog_name
  '3F000': noTable, // invalid_schema_name
  '42P01': noTable, // undefined_table
  '42703': missingColumns, // undefined_column
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
  TLS_NOT_OFFERED: noTls('postgres'),
};

/** A whole class of SQLSTATEs: 08 connection, 22 data, 53 resources. */
const byClass: FailureRules = { '08': lost, '22': brokenView, '53': busy };

/** After these the caller asks the server which column it is. */
export const missingColumnState = '42703';
export const notAllowedState = '42501';

/** The failure for an error of the library or the socket. */
export function readFailure(error: unknown, place: Place, phase: 'connect' | 'read'): LynqFailure {
  const code = codeOf(error);
  const rule =
    code === undefined ? undefined : (byCode[code] ?? (code.length === 5 ? byClass[code.slice(0, 2)] : undefined));
  return failureOf({ error, place, phase, cause: code ?? 'unknown', rule });
}
