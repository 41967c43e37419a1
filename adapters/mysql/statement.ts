import type { LynqHubSpec } from '../../domain/api/hub.ts';
import { sourceBlock } from '../../domain/hub-source.ts';
import { mappedColumns, type NameStyle, quoteName, type ReadPlan, splitTableName } from '../sql/columns.ts';

/**
 * The SQL of a read. Names from a hub reach the server only as back-quoted identifiers or hexadecimal literals, so no text in a hub
 * can become SQL; a name that MySQL cannot have is refused before anything is sent.
 */

export interface TableName {
  readonly database: string;
  readonly table: string;
}

export interface MySqlReadPlan extends ReadPlan, TableName {}

const style: NameStyle = { quote: '`', longest: 64, length: (name) => Array.from(name).length, unit: 'characters' };

/** The statements for a hub. Fails with HubInvalid without a mysql block, with SourceShapeWrong for a name that cannot exist. */
export function planRead(spec: LynqHubSpec): MySqlReadPlan {
  const source = sourceBlock(spec, 'mysql');
  const name = parseTableName(source.table, source.database);
  const columns = mappedColumns(spec);
  const from = `${quoteIdentifier(name.database)}.${quoteIdentifier(name.table)}`;
  return {
    ...name,
    title: `${name.database}.${name.table}`,
    columns,
    select: `SELECT ${columns.map(({ column }) => quoteIdentifier(column)).join(', ')} FROM ${from}`,
    count: `SELECT COUNT(*) FROM ${from}`,
  };
}

/** A name as MySQL takes it between back quotes; a back quote inside is doubled. */
export function quoteIdentifier(name: string): string {
  return quoteName(name, style);
}

/** `table` or `db.table`, either part in back quotes. */
export function parseTableName(text: string, database: string): TableName {
  const { folder = database, table } = splitTableName(text, style);
  return { database: folder, table };
}

/** A text as a literal that no SQL mode reads differently. */
export function textLiteral(text: string): string {
  return `_utf8mb4 X'${Buffer.from(text, 'utf8').toString('hex')}'`;
}
