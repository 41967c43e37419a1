import { type LynqHubSpec, longestTable } from '../../domain/api/hub.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { SourceRow } from '../../domain/ports.ts';
import { compareUtf8 } from '../../domain/rows.ts';

/** Which columns a hub maps to what; the same for every SQL source. */

/** One column of the SELECT, in its order: uid, [hostOrUrl], activate, extras sorted by variable name (parity 2.2). */
export interface MappedColumn {
  readonly column: string;
  /** Fixed meaning, or `extra` for a template variable. */
  readonly meaning: 'uid' | 'hostOrUrl' | 'activate' | 'extra';
  /** Name of the template variable; the meaning for columns with a fixed one. */
  readonly variable: string;
}

export interface ReadPlan {
  /** Name of the table as messages show it. */
  readonly title: string;
  readonly columns: readonly MappedColumn[];
  /** One statement over the whole table: pages would lose rows with NULL or duplicate keys. */
  readonly select: string;
  readonly count: string;
}

export function mappedColumns({ valueMappings, extraValueMappings = {} }: LynqHubSpec): readonly MappedColumn[] {
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

/** What is mapped to a column, for messages: `uid`, or `variable apiReplicas`. */
export function mappedTo({ meaning, variable }: MappedColumn): string {
  return meaning === 'extra' ? `variable ${variable}` : meaning;
}

/** Mapped columns that are not there or may not be read. `text` gets `column x (mapped to …)`, or several, and says what to do. */
export function columnsFailure(
  { title }: Pick<ReadPlan, 'title'>,
  columns: readonly MappedColumn[],
  { cause, text }: { readonly cause: string | number; readonly text: (named: string) => string },
): LynqFailure {
  const noun = columns.length === 1 ? 'column' : 'columns';
  return new LynqFailure('SourceShapeWrong', text(`${noun} ${namedColumns(columns)}`), {
    table: title,
    column: columns.map(({ column }) => column).join(', '),
    error: cause,
  });
}

/** Columns with what they are mapped to, for messages. */
function namedColumns(columns: readonly MappedColumn[]): string {
  return columns.map((column) => `${column.column} (mapped to ${mappedTo(column)})`).join(', ');
}

/** A zero date or the like, counted by column. */
export interface CellReader<Raw> {
  readonly column: MappedColumn;
  readonly read: (raw: Raw | null) => string;
}

/** Builds rows from raw values. The extras have no prototype, so that `__proto__` is a variable like any other. */
export function rowReader<Raw>(cells: readonly CellReader<Raw>[]): (values: readonly (Raw | null)[]) => SourceRow {
  return (values) => {
    const fixed = { uid: '', activate: '', hostOrUrl: '' };
    const extra: Record<string, string> = Object.create(null);
    for (const [index, { column, read }] of cells.entries()) {
      const text = read(values[index] ?? null);
      if (column.meaning === 'extra') extra[column.variable] = text;
      else fixed[column.meaning] = text;
    }
    return { ...fixed, extra };
  };
}

export interface NameStyle {
  /** The character around a quoted name. */
  readonly quote: '`' | '"';
  /** Longest name that a server can have, measured by `length`. */
  readonly longest: number;
  readonly length: (name: string) => number;
  readonly unit: string;
}

/** A name as the server takes it between quotes; a quote inside is doubled. */
export function quoteName(name: string, { quote, longest, length, unit }: NameStyle): string {
  const size = length(name);
  if (size < 1 || size > longest || name.includes('\0')) {
    throw new LynqFailure(
      'SourceShapeWrong',
      `${JSON.stringify(shortened(name))} cannot be the name of a database, table or column: 1 to ${longest} ${unit} without NUL are possible`,
    );
  }
  return `${quote}${name.replaceAll(quote, quote + quote)}${quote}`;
}

/**
 * `table`, `folder.table`, either part in quotes if it has a dot in it (as users of the peer had to write it, parity 2.2).
 * Anything else, a WHERE for instance, is taken as part of a name, which then does not exist. Read from left to right, never twice: a hub's text is
 * anybody's, and is read on the thread of all hubs.
 */
export function splitTableName(
  text: string,
  { quote }: NameStyle,
): { readonly folder?: string; readonly table: string } {
  const first = text.length > longestTable ? undefined : readPart(text, 0, quote);
  if (first === undefined) throw noTable(text);
  if (first.end === text.length) return { table: first.name };
  const second = text[first.end] === '.' ? readPart(text, first.end + 1, quote) : undefined;
  if (second?.end !== text.length) throw noTable(text);
  return { folder: first.name, table: second.name };
}

interface TablePart {
  readonly name: string;
  /** Where the text goes on: at its end, at a dot, or at what has no place there. */
  readonly end: number;
}

/** One name, without the blanks around it. Undefined when a quote stands within a name without quotes, or is not closed. */
function readPart(text: string, start: number, quote: string): TablePart | undefined {
  const from = skipBlanks(text, start);
  if (text[from] === quote) return readQuoted(text, from, quote);
  const dot = text.indexOf('.', from);
  const end = dot < 0 ? text.length : dot;
  const name = text.slice(from, end);
  return name.includes(quote) ? undefined : { name: name.trimEnd(), end };
}

function readQuoted(text: string, from: number, quote: string): TablePart | undefined {
  let close = text.indexOf(quote, from + 1);
  while (close >= 0 && text[close + 1] === quote) close = text.indexOf(quote, close + 2);
  if (close < 0) return undefined;
  const name = text.slice(from + 1, close).replaceAll(quote + quote, quote);
  return { name, end: skipBlanks(text, close + 1) };
}

function skipBlanks(text: string, from: number): number {
  return text.length - text.slice(from).trimStart().length;
}

function noTable(text: string): LynqFailure {
  return new LynqFailure(
    'SourceShapeWrong',
    `the table of the source is ${JSON.stringify(shortened(text))}: write one name, or two with a dot; make a view for anything else`,
  );
}

function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
