import { createHash } from 'node:crypto';
import type { Ask } from './ask.ts';
import { errnoOf } from './errors.ts';
import { type TableName, textLiteral } from './statement.ts';

/**
 * Identity of a source: which server, which table, what it looks like. It is asked inside the transaction of the read, whose metadata
 * lock keeps the table from being replaced in between.
 *
 * SELECT on the table is enough. Server: `server_uuid` (MySQL) or host name, port, `server_id` and `server_uid` (MariaDB). Table: its
 * type and the columns that the account can see. The text of a view is visible only with SHOW VIEW; without that right a view that is
 * changed but keeps its columns looks the same. SHOW CREATE is not used: it needs the same rights, and prints AUTO_INCREMENT,
 * which changes with every row.
 */
export interface SourceIdentity {
  readonly hash: string;
  /** Storage engine of a table; undefined for a view. */
  readonly engine: string | undefined;
}

export async function readIdentity(ask: Ask, name: TableName, isMariaDb: boolean): Promise<SourceIdentity> {
  const server = await readServer(ask, isMariaDb);
  const [[type, engine, definition] = []] = await ask(
    `SELECT table_type, engine, (SELECT view_definition FROM information_schema.views WHERE ${isTable(name)}) FROM information_schema.tables WHERE ${isTable(name)}`,
  );
  const columns = await ask(
    `SELECT column_name, column_type, is_nullable, collation_name FROM information_schema.columns WHERE ${isTable(name)} ORDER BY ordinal_position`,
  );
  const view = isView(type) ? [[definition]] : [];
  const text = JSON.stringify([server, name.database, name.table, type, columns, view]);
  return { hash: createHash('sha256').update(text).digest('hex'), engine: engine ?? undefined };
}

/** Has a row in `information_schema.views`. */
const isView = (type: string | null | undefined): boolean => type?.endsWith('VIEW') === true;

/** Names of the columns that the account can see. */
export async function readColumnNames(ask: Ask, name: TableName): Promise<readonly string[]> {
  const rows = await ask(`SELECT column_name FROM information_schema.columns WHERE ${isTable(name)}`);
  return rows.map(([column]) => column ?? '');
}

function isTable({ database, table }: TableName): string {
  return `table_schema = ${textLiteral(database)} AND table_name = ${textLiteral(table)}`;
}

/** Best first; a server that lacks a variable answers with an error and is asked for less. */
const serverStatements = {
  mysql: ['SELECT @@server_uuid', 'SELECT @@hostname, @@port'],
  mariaDb: [
    'SELECT @@hostname, @@port, @@server_id, @@server_uid',
    'SELECT @@hostname, @@port, @@server_id',
    'SELECT @@hostname, @@port',
  ],
} as const;

async function readServer(ask: Ask, isMariaDb: boolean): Promise<unknown> {
  for (const sql of serverStatements[isMariaDb ? 'mariaDb' : 'mysql']) {
    const answer = await ask(sql).catch(unlessAnswered);
    if (answer !== undefined) return answer;
  }
  return undefined;
}

function unlessAnswered(error: unknown): undefined {
  if (errnoOf(error) === undefined) throw error;
}
