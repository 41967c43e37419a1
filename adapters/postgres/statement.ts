import type { LynqHubSpec } from '../../domain/api/hub.ts';
import { sourceBlock } from '../../domain/hub-source.ts';
import { mappedColumns, type NameStyle, quoteName, type ReadPlan, splitTableName } from '../sql/columns.ts';

/**
 * The SQL of a read. Names from a hub reach the server only as quoted identifiers or hexadecimal literals, so no text in a hub can become SQL.
 * A quoted name is taken as it is stored, so upper and lower case differ.
 */
export interface PostgresReadPlan extends ReadPlan {
  readonly schema: string;
  readonly table: string;
}

/** PostgreSQL cuts longer names silently; cut, they would name something else. */
const style: NameStyle = { quote: '"', longest: 63, length: (name) => Buffer.byteLength(name), unit: 'bytes' };

/** The statements for a hub. Fails with HubInvalid without a postgres block, with SourceShapeWrong for a name that cannot exist. */
export function planRead(spec: LynqHubSpec): PostgresReadPlan {
  const source = sourceBlock(spec, 'postgres');
  const { folder: schema = source.schema, table } = splitTableName(source.table, style);
  const columns = mappedColumns(spec);
  const from = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  return {
    schema,
    table,
    title: `${schema}.${table}`,
    columns,
    select: `SELECT ${columns.map(({ column }) => quoteIdentifier(column)).join(', ')} FROM ${from}`,
    count: `SELECT pg_catalog.count(*) FROM ${from}`,
  };
}

export function quoteIdentifier(name: string): string {
  return quoteName(name, style);
}

/** A text as a literal that no setting reads differently. */
export function textLiteral(text: string): string {
  return `pg_catalog.convert_from(pg_catalog.decode('${Buffer.from(text, 'utf8').toString('hex')}', 'hex'), 'UTF8')`;
}
