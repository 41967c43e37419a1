import { LynqFailure } from '../../domain/failures.ts';
import { sourceBlock } from '../../domain/hub-source.ts';
import type { RowRequest, RowSource } from '../../domain/ports.ts';
import { type MappedColumn, namedColumns } from '../sql/columns.ts';
import type { Access } from '../sql/pool.ts';
import { openSqlRowSource, type SqlDriver, type SqlRowSourceOptions } from '../sql/row-source.ts';
import { tlsAccess } from '../sql/tls.ts';
import { type Ask, askSession } from './ask.ts';
import { errnoOf, missingColumnErrno, readFailure, unreadableColumnErrno } from './errors.ts';
import { readColumnNames } from './identity.ts';
import { type ProvenRead, readProven } from './proven-read.ts';
import { openSession, type Session } from './session.ts';
import { type MySqlReadPlan, planRead } from './statement.ts';

/** Rows from MySQL or MariaDB. */
export function openMySqlRowSource(options: SqlRowSourceOptions): RowSource {
  return openSqlRowSource(driver, options);
}

const driver: SqlDriver<Session, MySqlReadPlan> = {
  plan: planRead,
  access: accessOf,
  open: openSession,
  read: readProven,
  explain,
  failure: readFailure,
};

function accessOf({ spec, password, tls }: RowRequest): Access {
  const source = sourceBlock(spec, 'mysql');
  const { host, port, username, database } = source;
  return { host, port, user: username, password, database, tls: tlsAccess(source, tls) };
}

/** A missing or forbidden column is named, by asking which ones are there; any other error stays what it is. */
async function explain(error: unknown, read: ProvenRead): Promise<unknown> {
  const errno = errnoOf(error);
  if (errno !== missingColumnErrno && errno !== unreadableColumnErrno) return error;
  const ask = askSession(read.session, read.limits);
  const invisible = await invisibleColumns(ask, read.plan).catch(() => []);
  return invisible.length === 0 ? error : missingColumns(read.plan, invisible, errno);
}

async function invisibleColumns(ask: Ask, plan: MySqlReadPlan): Promise<readonly MappedColumn[]> {
  const names = new Set((await readColumnNames(ask, plan)).map((name) => name.toLowerCase()));
  return names.size === 0 ? [] : plan.columns.filter(({ column }) => !names.has(column.toLowerCase()));
}

function missingColumns({ title }: MySqlReadPlan, columns: readonly MappedColumn[], errno: number): LynqFailure {
  const noun = columns.length === 1 ? 'column' : 'columns';
  const named = namedColumns(columns);
  const text =
    errno === missingColumnErrno
      ? `table ${title} has no ${noun} ${named}`
      : `the account may not read ${noun} ${named} of table ${title}, or there is none: grant SELECT on it`;
  return new LynqFailure('SourceShapeWrong', text, {
    table: title,
    column: columns.map(({ column }) => column).join(', '),
    error: errno,
  });
}
