import type { LynqHubSpec, MySqlSource } from '../../domain/api/hub.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { compareUtf8 } from '../../domain/rows.ts';

/**
 * The SQL of a read. Names from a hub reach the server only as back-quoted identifiers or hexadecimal literals, so no text in a hub
 * can become SQL; a name that MySQL cannot have is refused before anything is sent.
 */

/** One column of the SELECT, in its order: uid, [hostOrUrl], activate, extras sorted by variable name (parity 2.2). */
export interface MappedColumn {
  readonly column: string;
  /** Fixed meaning, or `extra` for a template variable. */
  readonly meaning: 'uid' | 'hostOrUrl' | 'activate' | 'extra';
  /** Name of the template variable; the meaning for columns with a fixed one. */
  readonly variable: string;
}

export interface TableName {
  readonly database: string;
  readonly table: string;
}

export interface ReadPlan extends TableName {
  readonly columns: readonly MappedColumn[];
  /** One statement over the whole table: pages would lose rows with NULL or duplicate keys. */
  readonly select: string;
  readonly count: string;
}

/** The statements for a hub. Fails with HubInvalid without a mysql block, with SourceShapeWrong for a name that cannot exist. */
export function planRead(spec: LynqHubSpec): ReadPlan {
  const source = mysqlBlock(spec);
  const name = parseTableName(source.table, source.database);
  const columns = mappedColumns(spec);
  const from = `${quoteIdentifier(name.database)}.${quoteIdentifier(name.table)}`;
  return {
    ...name,
    columns,
    select: `SELECT ${columns.map(({ column }) => quoteIdentifier(column)).join(', ')} FROM ${from}`,
    count: `SELECT COUNT(*) FROM ${from}`,
  };
}

/** The mysql block, which the schema cannot require (parity 1.2). */
export function mysqlBlock(spec: LynqHubSpec): MySqlSource {
  if (spec.source.mysql === undefined) {
    throw new LynqFailure('HubInvalid', 'source.type is mysql but source.mysql is missing: add the block');
  }
  return spec.source.mysql;
}

function mappedColumns({ valueMappings, extraValueMappings = {} }: LynqHubSpec): readonly MappedColumn[] {
  const { uid, hostOrUrl, activate } = valueMappings;
  const fixed = { uid, ...(hostOrUrl ? { hostOrUrl } : {}), activate };
  return [
    ...(['uid', 'hostOrUrl', 'activate'] as const).flatMap((meaning) => {
      const column = fixed[meaning];
      return column === undefined ? [] : [{ column, meaning, variable: meaning }];
    }),
    ...Object.entries(extraValueMappings)
      .toSorted(([left], [right]) => compareUtf8(left, right))
      .map(([variable, column]) => ({ column, meaning: 'extra' as const, variable })),
  ];
}

/** A name as MySQL takes it between back quotes; a back quote inside is doubled. */
export function quoteIdentifier(name: string): string {
  const length = Array.from(name).length;
  if (length < 1 || length > 64 || name.includes('\0')) {
    throw new LynqFailure(
      'SourceShapeWrong',
      `${JSON.stringify(shortened(name))} cannot be the name of a database, table or column: 1 to 64 characters without NUL are possible`,
    );
  }
  return `\`${name.replaceAll('`', '``')}\``;
}

const namePart = String.raw`\s*(?:\x60((?:[^\x60]|\x60\x60)*)\x60|([^.\x60]*?))\s*`;
const tableText = new RegExp(`^${namePart}(?:\\.${namePart})?$`, 'su');

/**
 * `table`, `db.table`, either part in back quotes if it has a dot in it (as users of the peer had to write it, parity 2.2).
 * Anything else, a WHERE for instance, is taken as part of a name, which then does not exist.
 */
export function parseTableName(text: string, database: string): TableName {
  const match = tableText.exec(text);
  if (match === null) throw notATable(text);
  const [first, second] = [partName(match[1], match[2]), partName(match[3], match[4])];
  if (second !== undefined) return { database: first ?? '', table: second };
  return { database, table: first ?? '' };
}

function partName(quoted: string | undefined, plain: string | undefined): string | undefined {
  return quoted?.replaceAll('``', '`') ?? plain;
}

function notATable(text: string): LynqFailure {
  return new LynqFailure(
    'SourceShapeWrong',
    `mysql.table is ${JSON.stringify(shortened(text))}: write table or db.table; make a view for anything else`,
  );
}

function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

/** A text as a literal that no SQL mode reads differently. */
export function textLiteral(text: string): string {
  return `_utf8mb4 X'${Buffer.from(text, 'utf8').toString('hex')}'`;
}

/** What is mapped to a column, for messages: `uid`, or `variable apiReplicas`. */
export function mappedTo({ meaning, variable }: MappedColumn): string {
  return meaning === 'extra' ? `variable ${variable}` : meaning;
}
