import type { RowSource } from '../../domain/ports.ts';
import { accessOf } from '../sql/access.ts';
import { columnsFailure, type MappedColumn } from '../sql/columns.ts';
import { codeOf } from '../sql/failure-rules.ts';
import { openSqlRowSource, type SqlDriver, type SqlRowSourceOptions } from '../sql/row-source.ts';
import { askSession } from './ask.ts';
import { missingColumnState, notAllowedState, readFailure } from './errors.ts';
import { readColumnNames } from './identity.ts';
import { type ProvenRead, readProven, recheckProven } from './proven-read.ts';
import { openSession, type Session } from './session.ts';
import { planRead, type PostgresReadPlan } from './statement.ts';

/** Rows from PostgreSQL. */
export function openPostgresRowSource(options: SqlRowSourceOptions): RowSource {
  return openSqlRowSource(driver, options);
}

const driver: SqlDriver<Session, PostgresReadPlan> = {
  plan: planRead,
  access: (request) => accessOf(request, 'postgres'),
  open: openSession,
  read: readProven,
  recheck: recheckProven,
  explain,
  failure: readFailure,
};

/** A missing or forbidden column is named, by asking which ones are there; any other error stays what it is. */
async function explain(error: unknown, read: ProvenRead): Promise<unknown> {
  const code = codeOf(error);
  if (code !== missingColumnState && code !== notAllowedState) return error;
  const invisible = await invisibleColumns(read).catch(() => []);
  if (invisible.length === 0) return error;
  const { title } = read.plan;
  return columnsFailure(read.plan, invisible, {
    cause: code,
    text: (named) =>
      code === missingColumnState
        ? `table ${title} has no ${named}`
        : `the role may not read ${named} of table ${title}: grant SELECT on it`,
  });
}

/** After an error a transaction takes nothing but its end. */
async function invisibleColumns({ session, limits, plan }: ProvenRead): Promise<readonly MappedColumn[]> {
  const ask = askSession(session, limits);
  await ask('ROLLBACK');
  const names = new Set(await readColumnNames(ask, plan));
  return names.size === 0 ? [] : plan.columns.filter(({ column }) => !names.has(column));
}
