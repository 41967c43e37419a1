import { type Location, local, type Zone } from './location.ts';

/**
 * `time.Time`: `seconds` are those since January 1 of year 1, an int64 that wraps and saturates where Go's does; `nanos` are below 1e9.
 */
export interface Time {
  readonly seconds: bigint;
  readonly nanos: number;
  readonly location: Location;
}

const UNIX_TO_INTERNAL = 62_135_596_800n;
const DAY = 86_400n;
const NANOS = 1_000_000_000n;
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

/** Years before year 0 of the epoch Go computes dates from; a multiple of 400. */
const ABSOLUTE_YEARS = 292_277_022_400;
const MARCH_TO_DECEMBER = 306n;
const INTERNAL_TO_ABSOLUTE = ((BigInt(ABSOLUTE_YEARS) * 3_652_425n) / 10_000n + MARCH_TO_DECEMBER) * DAY;
const UNIX_TO_ABSOLUTE = UNIX_TO_INTERNAL + INTERNAL_TO_ABSOLUTE;

function int64(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

export function unixTime(unix: bigint, nanos = 0, location: Location = local): Time {
  return { seconds: int64(unix + UNIX_TO_INTERNAL), nanos, location };
}

export function unixOf(time: Time): bigint {
  return int64(time.seconds - UNIX_TO_INTERNAL);
}

export function unixNanosOf(time: Time): bigint {
  return int64(unixOf(time) * NANOS + BigInt(time.nanos));
}

export function fromDate(date: Date): Time {
  const milliseconds = date.getTime();
  const seconds = Math.floor(milliseconds / 1_000);
  return unixTime(BigInt(seconds), Math.round(milliseconds - seconds * 1_000) * 1_000_000);
}

export function inLocation(time: Time, location: Location): Time {
  return { ...time, location };
}

/** A time as its calendar shows it. */
export interface Fields {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly yearDay: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly nanos: number;
  readonly zone: Zone;
}

/** The calculation of Go's `time` (Neri and Schneider): years start in March, days count from the absolute epoch. */
export function fieldsOf(time: Time): Fields {
  const unix = unixOf(time);
  const zone = time.location.at(unix);
  const absolute = BigInt.asUintN(64, unix + BigInt(zone.offset) + UNIX_TO_ABSOLUTE);
  const days = Number(absolute / DAY);
  const clock = Number(absolute % DAY);
  return {
    ...calendar(days),
    weekday: (days + 3) % 7,
    hour: Math.floor(clock / 3_600),
    minute: Math.floor(clock / 60) % 60,
    second: clock % 60,
    nanos: time.nanos,
    zone,
  };
}

function calendar(days: number): Pick<Fields, 'year' | 'month' | 'day' | 'yearDay'> {
  const quarters = 4 * days + 3;
  const century = Math.floor(quarters / 146_097);
  const rest = 4 * Math.floor((quarters % 146_097) / 4) + 3;
  const yearOfCentury = Math.floor(rest / 1_461);
  const marchDay = Math.floor((rest % 1_461) / 4);
  const scaled = 5 * marchDay + 461;
  const early = marchDay >= 306 ? 1 : 0;
  const leap = yearOfCentury % 4 === 0 && (yearOfCentury !== 0 || century % 4 === 0) ? 1 : 0;
  return {
    year: century * 100 - ABSOLUTE_YEARS + yearOfCentury + early,
    month: Math.floor(scaled / 153) - 12 * early,
    day: 1 + Math.floor((scaled % 153) / 5),
    yearDay: marchDay + 60 + (early === 0 ? leap : 0) - 365 * early,
  };
}

export interface DateParts {
  readonly year: bigint;
  readonly month: bigint;
  readonly day: bigint;
  /** Seconds of the day. */
  readonly clock: number;
  readonly nanos: number;
}

/** `time.Date`: months and days may be out of range. */
export function makeTime(parts: DateParts, location: Location): Time {
  const months = int64(parts.month - 1n);
  const over = months >= 0n ? months / 12n : -((-months + 11n) / 12n);
  const days = absoluteDays(int64(parts.year + over), Number(months - over * 12n) + 1, parts.day);
  const unix = int64(days * DAY + BigInt(parts.clock) - UNIX_TO_ABSOLUTE);
  const { offset } = location.at(unix);
  const first = int64(unix - BigInt(offset));
  // Near a change of the offset the first guess may be of the other side of it.
  const actual = offset === 0 ? offset : location.at(first).offset;
  return unixTime(int64(unix - BigInt(actual)), parts.nanos, location);
}

function absoluteDays(year: bigint, month: number, day: bigint): bigint {
  const early = month < 3 ? 1 : 0;
  const shifted = BigInt.asUintN(64, year - BigInt(early) + BigInt(ABSOLUTE_YEARS));
  const yearOfCentury = Number(shifted % 100n);
  const marchDay = (979 * (month + 12 * early) - 2_919) >> 5;
  const inCentury = BigInt(Math.floor((1_461 * yearOfCentury) / 4) + marchDay);
  return BigInt.asUintN(64, (146_097n * (shifted / 100n)) / 4n + inCentury + day - 1n);
}

/** `Time.Add`; saturates. */
export function addDuration(time: Time, duration: bigint): Time {
  const nanos = time.nanos + Number(duration % NANOS);
  const carry = nanos >= 1e9 ? 1 : nanos < 0 ? -1 : 0;
  const sum = time.seconds + duration / NANOS + BigInt(carry);
  const seconds = sum > MAX_INT64 ? MAX_INT64 : sum < -MAX_INT64 ? -MAX_INT64 : sum;
  return { seconds, nanos: nanos - carry * 1e9, location: time.location };
}

/** `Time.Sub`; saturates. */
export function difference(left: Time, right: Time): bigint {
  const exact = (left.seconds - right.seconds) * NANOS + BigInt(left.nanos - right.nanos);
  if (exact > MAX_INT64) return MAX_INT64;
  return exact < MIN_INT64 ? MIN_INT64 : exact;
}

export function compareTimes(left: Time, right: Time): number {
  if (left.seconds !== right.seconds) return left.seconds < right.seconds ? -1 : 1;
  return Math.sign(left.nanos - right.nanos);
}

/** Nanoseconds since year 1 that are over a multiple of the duration. */
function remainder(time: Time, duration: bigint): bigint {
  const rest = (time.seconds * NANOS + BigInt(time.nanos)) % duration;
  return rest < 0n ? rest + duration : rest;
}

/** `Time.Truncate`. */
export function truncateTime(time: Time, duration: bigint): Time {
  return duration <= 0n ? time : addDuration(time, -remainder(time, duration));
}

/** `Time.Round`: halves go up. */
export function roundTime(time: Time, duration: bigint): Time {
  if (duration <= 0n) return time;
  const rest = remainder(time, duration);
  return addDuration(time, rest * 2n < duration ? -rest : duration - rest);
}
