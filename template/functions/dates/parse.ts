import { GoError } from '../../problems.ts';
import { isFraction, layoutParts } from './layout.ts';
import { fixedZone, local, type Location, utc } from './location.ts';
import { type Cursor, newCursor, readElement } from './read.ts';
import { makeTime, type Time, unixOf, unixTime } from './time.ts';

/** `time.ParseInLocation` with `time.Local`. Throws `GoError`; neither layout nor text is in its message. */
export function parseTime(layout: string, text: string): Time {
  const cursor = newCursor(text);
  const parts = layoutParts(layout);
  parts.forEach(({ prefix, element }, index) => {
    skipPrefix(cursor, prefix);
    if (element === '') return;
    readElement(cursor, element, isFraction(parts[index + 1]?.element ?? ''));
  });
  if (cursor.at < text.length) throw new GoError('parsing time: extra text');
  return timeOf(cursor);
}

/** A run of spaces in the layout stands for any number of them, none at the end included. */
function skipPrefix(cursor: Cursor, prefix: string): void {
  for (let at = 0; at < prefix.length; ) {
    const wanted = prefix.charAt(at);
    const found = cursor.text.charAt(cursor.at);
    if (wanted === ' ') {
      if (found !== '' && found !== ' ') throw new GoError('parsing time: text does not fit the layout');
      while (prefix.charAt(at) === ' ') at += 1;
      while (cursor.text.charAt(cursor.at) === ' ') cursor.at += 1;
    } else {
      if (found !== wanted) throw new GoError('parsing time: text does not fit the layout');
      at += 1;
      cursor.at += 1;
    }
  }
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

function daysIn(month: number, year: number): number {
  return month === 2 && isLeap(year) ? 29 : (monthDays[month - 1] ?? 0);
}

interface MonthDay {
  readonly month: number;
  readonly day: number;
}

/** Month and day of a day of the year; what the text says of them must agree. */
function fromYearDay(cursor: Cursor, yearDay: number): MonthDay {
  const { year } = cursor;
  if (yearDay < 1 || yearDay > (isLeap(year) ? 366 : 365)) throw new GoError('parsing time: day-of-year out of range');
  let month = 1;
  let day = yearDay;
  while (day > daysIn(month, year)) {
    day -= daysIn(month, year);
    month += 1;
  }
  if ((cursor.month ?? month) !== month) throw new GoError('parsing time: day-of-year does not match month');
  if ((cursor.day ?? day) !== day) throw new GoError('parsing time: day-of-year does not match day');
  return { month, day };
}

function hourOf({ hour, isAm, isPm }: Cursor): number {
  if (isPm && hour < 12) return hour + 12;
  return isAm && hour === 12 ? 0 : hour;
}

function timeOf(cursor: Cursor): Time {
  const { month, day } =
    cursor.yearDay === undefined
      ? { month: cursor.month ?? 1, day: cursor.day ?? 1 }
      : fromYearDay(cursor, cursor.yearDay);
  if (day < 1 || day > daysIn(month, cursor.year)) throw new GoError('parsing time: day out of range');
  const parts = {
    year: BigInt(cursor.year),
    month: BigInt(month),
    day: BigInt(day),
    clock: hourOf(cursor) * 3_600 + cursor.minute * 60 + cursor.second,
    nanos: cursor.nanos,
  };
  if (cursor.isUtc) return makeTime(parts, utc);
  // Go means "none" by -1.
  if (cursor.offset !== undefined && cursor.offset !== -1)
    return withOffset(makeTime(parts, utc), cursor.offset, cursor.zoneName);
  if (cursor.zoneName === '') return makeTime(parts, local);
  return { ...makeTime(parts, utc), location: fixedZone(cursor.zoneName, namedOffset(cursor.zoneName)) };
}

/** Only `GMT+3` says its offset; Go keeps the clock of the text as it is all the same. */
function namedOffset(name: string): number {
  return name.length > 3 && name.startsWith('GMT') ? Number(name.slice(3)) * 3_600 : 0;
}

/** An offset the local zone has at that time is the local zone. */
function withOffset(clock: Time, offset: number, name: string): Time {
  const time = unixTime(unixOf(clock) - BigInt(offset), clock.nanos);
  const zone = local.at(unixOf(time));
  const isLocal = zone.offset === offset && (name === '' || name === zone.name);
  const location: Location = isLocal ? local : fixedZone(name, offset);
  return { ...time, location };
}
