/** Aligned columns as kubectl prints them: no borders, three spaces, nothing after the last column, so that `awk` and `grep` go on working. */

const gap = 3;
/** kubectl's narrowest column, its gap included. */
const narrowest = 6;

/** Widths of columns, gap included; grows with what is printed, so that later rows stand under earlier ones. */
export type Widths = number[];

/** Prints a header and rows; every line ends with a newline. Control characters in cells are shown as spaces, so that a name cannot paint. */
export function formatTable(header: readonly string[], rows: readonly (readonly string[])[], widths?: Widths): string {
  return formatRows([header, ...rows], widths);
}

/** Prints rows without a header. */
export function formatRows(rows: readonly (readonly string[])[], widths: Widths = []): string {
  const clean = rows.map((row) => row.map(plain));
  for (const row of clean) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? narrowest, width(cell) + gap);
    }
  }
  return clean.map((row) => `${row.map((cell, column) => pad(cell, column, row, widths)).join('')}\n`).join('');
}

function pad(cell: string, column: number, row: readonly string[], widths: readonly number[]): string {
  return column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell));
}

function width(cell: string): number {
  return Array.from(cell).length;
}

/** A text from a server made safe for a terminal line. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ');
}
