import { LynqFailure } from '../../domain/failures.ts';
import { sourceBlock } from '../../domain/hub-source.ts';
import type { RowRequest, RowSource } from '../../domain/ports.ts';
import { type MappedColumn, namedColumns } from '../sql/columns.ts';
import type { Access } from '../sql/pool.ts';
import { openSqlRowSource, type SqlDriver, type SqlRowSourceOptions } from '../sql/row-source.ts';
import { tlsAccess } from '../sql/tls.ts';
import { askSession } from './ask.ts';
import { codeOf, missingColumnState, notAllowedState, readFailure } from './errors.ts';
import { readColumnNames } from './identity.ts';
import { type ProvenRead, readProven } from './proven-read.ts';
import { openSession, type Session } from './session.ts';
import { planRead, type PostgresReadPlan } from './statement.ts';

/** Rows from PostgreSQL. */
export function openPostgresRowSource(options: SqlRowSourceOptions): RowSource {
  return openSqlRowSource(driver, options);
}

const driver: SqlDriver<Session, PostgresReadPlan> = {
  plan: planRead,
  access: accessOf,
  open: openSession,
  read: readProven,
  explain,
  failure: readFailure,
};

function accessOf({ spec, password, tls }: RowRequest): Access {
  const source = sourceBlock(spec, 'postgres');
  const { host, port, username, database } = source;
  return { host, port, user: username, password, database, tls: tlsAccess(source, tls) };
}

/** A missing or forbidden column is named, by asking which ones are there; any other error stays what it is. */
async function explain(error: unknown, read: ProvenRead): Promise<unknown> {
  const code = codeOf(error);
  if (code !== missingColumnState && code !== notAllowedState) return error;
  const invisible = await invisibleColumns(read).catch(() => []);
  return invisible.length === 0 ? error : missingColumns(read.plan, invisible, code);
}

/** After an error a transaction takes nothing but its end. */
async function invisibleColumns({ session, limits, plan }: ProvenRead): Promise<readonly MappedColumn[]> {
  const ask = askSession(session, limits);
  await ask('ROLLBACK');
  const names = new Set(await readColumnNames(ask, plan));
  return names.size === 0 ? [] : plan.columns.filter(({ column }) => !names.has(column));
}

function missingColumns({ title }: PostgresReadPlan, columns: readonly MappedColumn[], code: string): LynqFailure {
  const noun = columns.length === 1 ? 'column' : 'columns';
  const named = namedColumns(columns);
  const text =
    code === missingColumnState
      ? `table ${title} has no ${noun} ${named}`
      : `the role may not read ${noun} ${named} of table ${title}: grant SELECT on it`;
  return new LynqFailure('SourceShapeWrong', text, {
    table: title,
    column: columns.map(({ column }) => column).join(', '),
    error: code,
  });
}
