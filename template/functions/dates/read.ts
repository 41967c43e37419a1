import { GoError } from '../../problems.ts';
import { dayNames, isFraction, monthNames } from './layout.ts';

/** A text being read by a layout, and what it has said so far. */
export interface Cursor {
  readonly text: string;
  at: number;
  year: number;
  month: number | undefined;
  day: number | undefined;
  yearDay: number | undefined;
  hour: number;
  minute: number;
  second: number;
  nanos: number;
  isAm: boolean;
  isPm: boolean;
  isUtc: boolean;
  /** Seconds east of UTC. */
  offset: number | undefined;
  zoneName: string;
}

export function newCursor(text: string): Cursor {
  return {
    text,
    at: 0,
    year: 0,
    month: undefined,
    day: undefined,
    yearDay: undefined,
    hour: 0,
    minute: 0,
    second: 0,
    nanos: 0,
    isAm: false,
    isPm: false,
    isUtc: false,
    offset: undefined,
    zoneName: '',
  };
}

function bad(): GoError {
  return new GoError('parsing time: text does not fit the layout');
}

function inRange(value: number, least: number, most: number, what: string): number {
  if (value < least || value > most) throw new GoError(`parsing time: ${what} out of range`);
  return value;
}

/** What a sticky pattern finds at the cursor, which moves behind it. */
function take(cursor: Cursor, pattern: RegExp): string {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found === undefined) throw bad();
  cursor.at += found.length;
  return found;
}

const ONE_OR_TWO = /[0-9]{1,2}/y;
const TWO = /[0-9]{2}/y;

function takeNumber(cursor: Cursor, fixed: boolean): number {
  return Number(take(cursor, fixed ? TWO : ONE_OR_TWO));
}

/** Position in the list of the name at the cursor; case does not count. */
function takeName(cursor: Cursor, names: readonly string[]): number {
  const index = names.findIndex(
    (name) => cursor.text.slice(cursor.at, cursor.at + name.length).toLowerCase() === name.toLowerCase(),
  );
  if (index < 0) throw bad();
  cursor.at += (names[index] ?? '').length;
  return index;
}

const shortMonths = monthNames.map((name) => name.slice(0, 3));
const shortDays = dayNames.map((name) => name.slice(0, 3));

function takeDay(cursor: Cursor, element: string): void {
  if (element === '_2' && cursor.text.charAt(cursor.at) === ' ') cursor.at += 1;
  cursor.day = takeNumber(cursor, element === '02');
}

function takeYearDay(cursor: Cursor, element: string): void {
  if (element === '__2') take(cursor, / {0,2}/y);
  cursor.yearDay = Number(take(cursor, element === '002' ? /[0-9]{3}/y : /[0-9]{1,3}/y));
}

function takeShortYear(cursor: Cursor): void {
  const year = Number(take(cursor, /[0-9]{2}|[+-][0-9]/y));
  cursor.year = year >= 69 ? year + 1_900 : year + 2_000;
}

/** A fraction may follow the seconds without being in the layout. */
function takeSecond(cursor: Cursor, element: string, fractionFollows: boolean): void {
  cursor.second = inRange(takeNumber(cursor, element === '05'), 0, 59, 'second');
  const fraction = /[.,][0-9]+/y;
  fraction.lastIndex = cursor.at;
  if (!fractionFollows && fraction.test(cursor.text)) takeFraction(cursor, '.9');
}

function takeFraction(cursor: Cursor, element: string): void {
  const exact = element.charAt(1) === '0';
  const loose = /(?:[.,][0-9]+)?/y;
  const found = exact ? takeExactFraction(cursor, element.length) : take(cursor, loose);
  if (found === '' && !exact) return;
  const digits = found.slice(1, 10);
  if (!/^[+-]?[0-9]*$/.test(digits)) throw bad();
  const value = Number(/[0-9]/.test(digits) ? digits : '0');
  inRange(value, 0, Number.POSITIVE_INFINITY, 'fractional second');
  cursor.nanos = value * 10 ** (9 - digits.length);
}

function takeExactFraction(cursor: Cursor, length: number): string {
  const found = cursor.text.slice(cursor.at, cursor.at + length);
  if (found.length < length || !isFraction(found)) throw bad();
  cursor.at += length;
  return found;
}

const offsetPatterns: Readonly<Record<string, RegExp>> = {
  '07': /([+-])([0-9]{2})()()/y,
  '0700': /([+-])([0-9]{2})([0-9]{2})()/y,
  '07:00': /([+-])([0-9]{2}):([0-9]{2})()/y,
  '070000': /([+-])([0-9]{2})([0-9]{2})([0-9]{2})/y,
  '07:00:00': /([+-])([0-9]{2}):([0-9]{2}):([0-9]{2})/y,
};

/** Go lets 24 hours, 60 minutes and 60 seconds through. */
function takeOffset(cursor: Cursor, element: string): void {
  if (element.startsWith('Z') && cursor.text.charAt(cursor.at) === 'Z') {
    cursor.isUtc = true;
    cursor.at += 1;
    return;
  }
  const pattern = offsetPatterns[element.slice(1)];
  if (pattern === undefined) throw bad();
  pattern.lastIndex = cursor.at;
  const [found, sign, hours, minutes, seconds] = pattern.exec(cursor.text) ?? [];
  if (found === undefined) throw bad();
  const hour = inRange(Number(hours), 0, 24, 'time zone offset hour');
  const minute = inRange(Number(minutes), 0, 60, 'time zone offset minute');
  const offset = hour * 3_600 + minute * 60 + inRange(Number(seconds), 0, 60, 'time zone offset second');
  cursor.offset = sign === '-' ? -offset : offset;
  cursor.at += found.length;
}

/** `ChST`, `MeST`, `GMT+3`, `+03`, three letters, or four or five that end in `T`. */
const ABBREVIATION =
  /ChST|MeST|GMT(?:[+-][0-9]+)?|[+-][0-9]+|[A-Z]{4}T(?![A-Z])|(?:[A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z])/y;
const LARGEST_HOUR = 23;

function takeZoneName(cursor: Cursor): void {
  if (cursor.text.startsWith('UTC', cursor.at)) {
    cursor.isUtc = true;
    cursor.at += 3;
    return;
  }
  const start = cursor.at;
  const name = take(cursor, ABBREVIATION);
  const hour = /[0-9]+$/.exec(name)?.[0];
  if (hour === undefined || Number(hour) <= LARGEST_HOUR) {
    cursor.zoneName = name;
    return;
  }
  if (!name.startsWith('GMT')) throw bad();
  cursor.at = start + 3;
  cursor.zoneName = 'GMT';
}

function takeHalf(cursor: Cursor, pattern: RegExp): void {
  if (take(cursor, pattern).toLowerCase() === 'pm') cursor.isPm = true;
  else cursor.isAm = true;
}

type Reader = (cursor: Cursor, element: string, fractionFollows: boolean) => void;

function monthReader(cursor: Cursor, element: string): void {
  cursor.month = inRange(takeNumber(cursor, element === '01'), 1, 12, 'month');
}

function hour12Reader(cursor: Cursor, element: string): void {
  cursor.hour = inRange(takeNumber(cursor, element === '03'), 0, 12, 'hour');
}

function minuteReader(cursor: Cursor, element: string): void {
  cursor.minute = inRange(takeNumber(cursor, element === '04'), 0, 59, 'minute');
}

const readers: Readonly<Record<string, Reader>> = {
  '2006': (cursor) => {
    cursor.year = Number(take(cursor, /[0-9]{4}/y));
  },
  '06': takeShortYear,
  January: (cursor) => {
    cursor.month = takeName(cursor, monthNames) + 1;
  },
  Jan: (cursor) => {
    cursor.month = takeName(cursor, shortMonths) + 1;
  },
  '01': monthReader,
  '1': monthReader,
  Monday: (cursor) => void takeName(cursor, dayNames),
  Mon: (cursor) => void takeName(cursor, shortDays),
  '02': takeDay,
  _2: takeDay,
  '2': takeDay,
  '002': takeYearDay,
  __2: takeYearDay,
  '15': (cursor) => {
    cursor.hour = inRange(takeNumber(cursor, false), 0, 23, 'hour');
  },
  '03': hour12Reader,
  '3': hour12Reader,
  '04': minuteReader,
  '4': minuteReader,
  '05': takeSecond,
  '5': takeSecond,
  PM: (cursor) => takeHalf(cursor, /PM|AM/y),
  pm: (cursor) => takeHalf(cursor, /pm|am/y),
  MST: takeZoneName,
};

/** Reads one element of a layout; throws `GoError` where the text has something else. */
export function readElement(cursor: Cursor, element: string, fractionFollows: boolean): void {
  if (isFraction(element)) takeFraction(cursor, element);
  else (readers[element] ?? takeOffset)(cursor, element, fractionFollows);
}
