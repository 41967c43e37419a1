import { goFloatText } from '../sql/float-text.ts';
import { bytesText } from '../sql/bytes-text.ts';
import { timeText } from '../sql/time-text.ts';

/**
 * Text of a column value, as templates see it (parity 2.3, decisions.md section 3), from the bytes of MySQL's text protocol.
 * Nothing passes through a JavaScript number or Date except FLOAT and DOUBLE, so every digit survives.
 */

/** What the server says about a result column; the names are mysql2's. */
export interface ColumnShape {
  readonly columnType?: number | undefined;
  /** Display length; of BIT the number of bits. */
  readonly columnLength?: number | undefined;
}

/** Type codes of the protocol that are not read as plain text. */
export const columnTypes = {
  tiny: 1,
  short: 2,
  long: 3,
  float: 4,
  double: 5,
  timestamp: 7,
  longlong: 8,
  int24: 9,
  date: 10,
  datetime: 12,
  year: 13,
  bit: 16,
} as const;

/** Reads one value; `undefined` is a date with a zero month or day, which has no text. */
type ValueReader = (bytes: Buffer) => string | undefined;

const readers: Readonly<Partial<Record<number, ValueReader>>> = {
  [columnTypes.tiny]: integerText,
  [columnTypes.short]: integerText,
  [columnTypes.long]: integerText,
  [columnTypes.int24]: integerText,
  [columnTypes.longlong]: integerText,
  [columnTypes.year]: integerText,
  [columnTypes.float]: (bytes) => goFloatText(Number(bytes.toString('latin1')), 32),
  [columnTypes.double]: (bytes) => goFloatText(Number(bytes.toString('latin1')), 64),
  [columnTypes.date]: (bytes) => timeText(bytes.toString('latin1')),
  [columnTypes.datetime]: (bytes) => timeText(bytes.toString('latin1')),
  [columnTypes.timestamp]: (bytes) => timeText(bytes.toString('latin1')),
};

/**
 * How to read the values of a column. NULL is empty text; so is a zero date, and then `onZeroDate` is called.
 * CHAR, TEXT, DECIMAL, ENUM, SET, JSON, TIME and unknown types are the server's text.
 */
export function columnReader(column: ColumnShape, onZeroDate: () => void): (bytes: Buffer | null) => string {
  const isFlag = column.columnType === columnTypes.bit && column.columnLength === 1;
  const read = isFlag ? flagText : (readers[column.columnType ?? -1] ?? bytesText);
  return (bytes) => {
    if (bytes === null) return '';
    const text = read(bytes);
    if (text === undefined) onZeroDate();
    return text ?? '';
  };
}

/** BIT(1) is `1` or `0`; the peer sees the raw byte, so that such a column is never active there. */
function flagText(bytes: Buffer): string {
  return bytes.some((byte) => byte !== 0) ? '1' : '0';
}

/** ZEROFILL zeros go, as they do in the peer, which parses and prints. */
function integerText(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/^(-?)0+(?=[0-9])/, '$1');
}
