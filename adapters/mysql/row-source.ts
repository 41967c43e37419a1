import type { RowSource } from '../../domain/ports.ts';
import { accessOf } from '../sql/access.ts';
import { columnsFailure, type MappedColumn } from '../sql/columns.ts';
import { openSqlRowSource, type SqlDriver, type SqlRowSourceOptions } from '../sql/row-source.ts';
import { type Ask, askSession } from './ask.ts';
import { errnoOf, missingColumnErrno, readFailure, unreadableColumnErrno } from './errors.ts';
import { readColumnNames } from './identity.ts';
import { type ProvenRead, readProven, recheckProven } from './proven-read.ts';
import { openSession, type Session } from './session.ts';
import { type MySqlReadPlan, planRead } from './statement.ts';

/** Rows from MySQL or MariaDB. */
export function openMySqlRowSource(options: SqlRowSourceOptions): RowSource {
  return openSqlRowSource(driver, options);
}

const driver: SqlDriver<Session, MySqlReadPlan> = {
  plan: planRead,
  access: (request) => accessOf(request, 'mysql'),
  open: openSession,
  read: readProven,
  recheck: recheckProven,
  explain,
  failure: readFailure,
};

/** A missing or forbidden column is named, by asking which ones are there; any other error stays what it is. */
async function explain(error: unknown, read: ProvenRead): Promise<unknown> {
  const errno = errnoOf(error);
  if (errno !== missingColumnErrno && errno !== unreadableColumnErrno) return error;
  const ask = askSession(read.session, read.limits);
  const invisible = await invisibleColumns(ask, read.plan).catch(() => []);
  if (invisible.length === 0) return error;
  const { title } = read.plan;
  return columnsFailure(read.plan, invisible, {
    cause: errno,
    text: (named) =>
      errno === missingColumnErrno
        ? `table ${title} has no ${named}`
        : `the account may not read ${named} of table ${title}, or there is none: grant SELECT on it`,
  });
}

async function invisibleColumns(ask: Ask, plan: MySqlReadPlan): Promise<readonly MappedColumn[]> {
  const names = new Set((await readColumnNames(ask, plan)).map((name) => name.toLowerCase()));
  return names.size === 0 ? [] : plan.columns.filter(({ column }) => !names.has(column.toLowerCase()));
}
