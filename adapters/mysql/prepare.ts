import type { Ask } from './ask.ts';
import { errnoOf } from './errors.ts';
import type { Session } from './session.ts';

/** What the settings of a read are called on a server. */
export interface Prepared {
  readonly isMariaDb: boolean;
  readonly warnings: readonly string[];
}

interface Dialect extends Prepared {
  readonly statements: readonly string[];
}

/** A session stays with the server that it logged in to: what that one understands is found out once. */
const dialects = new WeakMap<Session, Dialect>();

/** Everything that a server's or an account's defaults could turn against the proof is set; a kept connection is set again. */
export async function prepareSession(session: Session, ask: Ask, statementTimeoutMs: number): Promise<Prepared> {
  const known = dialects.get(session);
  if (known !== undefined) {
    for (const statement of known.statements) await ask(statement);
    return known;
  }
  const [[version] = []] = await ask('SELECT VERSION()');
  const isMariaDb = /mariadb/i.test(version ?? '');
  const dialect = { isMariaDb, ...(await firstUnderstood(ask, statementTimeoutMs, isMariaDb)) };
  dialects.set(session, dialect);
  return dialect;
}

/** In one statement: all of them are set, or none is. */
const settings = "SET NAMES utf8mb4, SESSION sql_select_limit = 18446744073709551615, SESSION time_zone = '+00:00'";

/** MariaDB calls this variable so since 11.1; what stands in `isolation` every server understands. */
const isolationToo = "SESSION transaction_isolation = 'REPEATABLE-READ'";
const isolation = 'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ';

const noLimit = 'the server has no statement limit; a long read is cut only by closing the connection';

const unknownVariableErrno = 1193;

/** With a limit for each statement: MariaDB counts in seconds, MySQL in milliseconds. A server may hide what it is behind a version text, so both are tried. */
async function firstUnderstood(
  ask: Ask,
  milliseconds: number,
  isMariaDb: boolean,
): Promise<Pick<Dialect, 'statements' | 'warnings'>> {
  const mariaDb = `SESSION max_statement_time = ${(milliseconds / 1000).toFixed(3)}`;
  const mysql = `SESSION max_execution_time = ${Math.ceil(milliseconds)}`;
  const [likely, other] = isMariaDb ? [mariaDb, mysql] : [mysql, mariaDb];
  const attempts = [
    [`${settings}, ${likely}, ${isolationToo}`],
    [`${settings}, ${likely}`, isolation],
    [`${settings}, ${other}`, isolation],
  ];
  for (const statements of attempts) if (await isUnderstood(ask, statements)) return { statements, warnings: [] };
  const statements = [settings, isolation];
  for (const statement of statements) await ask(statement);
  return { statements, warnings: [noLimit] };
}

async function isUnderstood(ask: Ask, statements: readonly string[]): Promise<boolean> {
  try {
    for (const statement of statements) await ask(statement);
    return true;
  } catch (error) {
    if (errnoOf(error) === unknownVariableErrno) return false;
    throw error;
  }
}
