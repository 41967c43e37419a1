import { isUtf8 } from 'node:buffer';

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

/**
 * Text columns arrive as UTF-8 and stay it. BINARY, BLOB and wider BIT are read the same way; bytes that are not UTF-8 become
 * one character each (Latin-1), which loses nothing.
 */
function bytesText(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? 'utf8' : 'latin1');
}

/** ZEROFILL zeros go, as they do in the peer, which parses and prints. */
function integerText(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/^(-?)0+(?=[0-9])/, '$1');
}

/** `strconv.FormatFloat(value, 'g', -1, bits)` of Go: shortest digits that give the number back, exponent form below 1e-4 and from 1e+06. */
export function goFloatText(value: number, bits: 32 | 64): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa = '', exponent = '0'] = shortestExponential(value, bits).split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 6) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return placePoint(mantissa, power);
}

function shortestExponential(value: number, bits: 32 | 64): string {
  if (bits === 64) return value.toExponential();
  const single = Math.fround(value);
  for (let digits = 0; digits < 8; digits += 1) {
    const text = roundedToEven(single, digits);
    if (Math.fround(Number(text)) === single) return text;
  }
  return single.toExponential(8);
}

/** `toExponential` rounds a half up, Go rounds it to the even digit. */
function roundedToEven(single: number, digits: number): string {
  const up = single.toExponential(digits);
  const tail = single
    .toExponential(digits + 40)
    .replace(/^-?\d\.|e.*$/g, '')
    .slice(digits);
  const [mantissa = '', exponent = '0'] = up.split('e');
  const last = Number(mantissa.at(-1));
  return /^50*$/.test(tail) && last % 2 === 1 ? `${mantissa.slice(0, -1)}${last - 1}e${exponent}` : up;
}

function placePoint(mantissa: string, power: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const digits = mantissa.replace(/[-.]/g, '');
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, '0');
  const fraction = digits.slice(power + 1);
  return `${sign}${whole}${fraction === '' ? '' : '.'}${fraction}`;
}

const serverTime = /^(\d{4})-(\d\d)-(\d\d)(?: (\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?)?$/;

/** RFC3339Nano in UTC, a DATE at midnight. Undefined when month or day is zero. The session's time zone is UTC, so TIMESTAMP is too. */
function timeText(text: string): string | undefined {
  const match = serverTime.exec(text);
  if (match === null) return text;
  const [, year = '', month = '', day = '', clock = '00:00:00', fraction = ''] = match;
  if (month === '00' || day === '00') return undefined;
  const nanos = fraction.replace(/0+$/, '');
  return `${year}-${realDay(Number(year), Number(month), Number(day))}T${clock}${nanos === '' ? '' : '.'}${nanos}Z`;
}

/** With ALLOW_INVALID_DATES a server stores 31 February; Go counts on into March, so do we. */
function realDay(year: number, month: number, day: number): string {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 31;
  const [m, d] = day > days ? [month + 1, day - days] : [month, day];
  return `${String(m).padStart(2, '0')}-${String(d).padStart(2, '0')}`;
}
