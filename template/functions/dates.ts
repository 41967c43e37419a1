import { GoError } from '../problems.ts';
import { type GoValue, isOpaque } from '../values.ts';
import { parseIntegerLoosely } from '../values/numbers.ts';
import { fn, type FunctionContext, type FunctionTable, type GoFunction } from './define.ts';
import { formatDuration, largestUnit, parseDuration, roundDuration } from './dates/duration.ts';
import { formatTime } from './dates/format.ts';
import { loadLocation, utc } from './dates/location.ts';
import { parseTime } from './dates/parse.ts';
import { addDuration, difference, fromDate, inLocation, type Time, unixOf, unixTime } from './dates/time.ts';
import { TIME, timeOf, timeValue } from './dates/types.ts';

const SECOND = 1_000_000_000n;
const HTML_DATE = '2006-01-02';

/** `time.Time{}`, what sprig gives where it ignores an error. */
const zeroTime: Time = { seconds: 0n, nanos: 0, location: utc };

/** A time as it is, an int, int64 or (for formatting only) int32 as Unix seconds, anything else as now. */
function timeFrom(context: FunctionContext, value: GoValue, takesInt32: boolean): Time {
  if (isOpaque(value, 'time.Time')) return timeOf(value);
  if (typeof value === 'bigint') return unixTime(value);
  if (typeof value === 'object' && value?.go === 'number') {
    if (value.type === 'int64' || (value.type === 'int32' && takesInt32)) return unixTime(value.value);
  }
  return fromDate(context.now);
}

/** An unknown zone is UTC. */
function formatIn(context: FunctionContext, layout: string, value: GoValue, zone: string): string {
  const time = inLocation(timeFrom(context, value, true), loadLocation(zone) ?? utc);
  return formatTime(time, layout, context.limits.output);
}

function orElse<Result>(run: () => Result, fallback: Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof GoError) return fallback;
    throw error;
  }
}

function ago(context: FunctionContext, value: GoValue): string {
  const passed = difference(fromDate(context.now), timeFrom(context, value, false));
  return formatDuration(roundDuration(passed, SECOND));
}

/** Seconds as a text or an int64; an int is neither for sprig. */
function duration(value: GoValue): string {
  const seconds = typeof value === 'string' ? parseIntegerLoosely(value) : (int64Of(value) ?? 0n);
  return formatDuration(BigInt.asIntN(64, seconds * SECOND));
}

function int64Of(value: GoValue): bigint | undefined {
  return typeof value === 'object' && value?.go === 'number' && value.type === 'int64' ? value.value : undefined;
}

function durationRound(context: FunctionContext, value: GoValue): string {
  if (typeof value === 'string') return largestUnit(orElse(() => parseDuration(value), 0n));
  if (isOpaque(value, 'time.Time')) return largestUnit(difference(fromDate(context.now), timeOf(value)));
  return largestUnit(int64Of(value) ?? 0n);
}

const inZone: GoFunction = fn(['string', 'any', 'string'], formatIn);

const modify: GoFunction = fn(['string', TIME], (_context, text, time) =>
  timeValue(
    addDuration(
      timeOf(time),
      orElse(() => parseDuration(text), 0n),
    ),
  ),
);

const mustModify: GoFunction = fn(['string', TIME], (_context, text, time) =>
  timeValue(addDuration(timeOf(time), parseDuration(text))),
);

/**
 * Dates and durations. The local zone is UTC and `now` the time of the render: results depend on neither machine nor clock.
 */
export const dates = {
  now: fn([], (context) => timeValue(fromDate(context.now))),
  ago: fn(['any'], ago),
  date: fn(['string', 'any'], (context, layout, value) => formatIn(context, layout, value, 'Local')),
  dateInZone: inZone,
  date_in_zone: inZone,
  htmlDate: fn(['any'], (context, value) => formatIn(context, HTML_DATE, value, 'Local')),
  htmlDateInZone: fn(['any', 'string'], (context, value, zone) => formatIn(context, HTML_DATE, value, zone)),
  dateModify: modify,
  date_modify: modify,
  mustDateModify: mustModify,
  must_date_modify: mustModify,
  toDate: fn(['string', 'string'], (_context, layout, text) =>
    timeValue(orElse(() => parseTime(layout, text), zeroTime)),
  ),
  mustToDate: fn(['string', 'string'], (_context, layout, text) => timeValue(parseTime(layout, text))),
  unixEpoch: fn([TIME], (_context, time) => String(unixOf(timeOf(time)))),
  duration: fn(['any'], (_context, value) => duration(value)),
  durationRound: fn(['any'], durationRound),
} satisfies FunctionTable;
