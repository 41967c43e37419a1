import { GoError } from '../../problems.ts';
import { type GoOpaque, type GoValue, goList, goNumber, isOpaque } from '../../values.ts';
import { toBytes } from '../../values/text.ts';
import { typeName } from '../../values/types.ts';
import { fn, type FunctionTable, type GoFunction, type MethodTable } from '../define.ts';
import { formatDuration, MAX_DURATION, MIN_DURATION, roundDuration } from './duration.ts';
import { formatTime, timeText } from './format.ts';
import { local, type Location, utc } from './location.ts';
import {
  addDuration,
  compareTimes,
  difference,
  type Fields,
  fieldsOf,
  inLocation,
  makeTime,
  roundTime,
  type Time,
  truncateTime,
  unixNanosOf,
  unixOf,
} from './time.ts';
import {
  durationValue,
  int64Value,
  jsonText,
  LOCATION,
  locationValue,
  monthValue,
  TIME,
  timeOf,
  timeValue,
  weekdayValue,
} from './types.ts';

/** The receiver is always of the type the method is listed under. */
function receiver(value: GoValue): Time {
  return timeOf(value as GoOpaque);
}

function getter(read: (time: Time) => GoValue): GoFunction {
  return fn(['any'], (_context, value) => read(receiver(value)));
}

function field(read: (fields: Fields) => number): GoFunction {
  return getter((time) => BigInt(read(fieldsOf(time))));
}

function withTime(read: (time: Time, other: Time) => GoValue): GoFunction {
  return fn(['any', TIME], (_context, value, other) => read(receiver(value), timeOf(other)));
}

/** A duration, or a number as a template writes it. */
function nanosOf(value: GoValue): bigint {
  if (typeof value === 'bigint') return value;
  if (isOpaque(value, 'time.Duration')) return value.value as bigint;
  throw new GoError(`wrong type for value; expected time.Duration; got ${typeName(value)}`);
}

function withDuration(change: (time: Time, nanos: bigint) => Time): GoFunction {
  return fn(['any', 'any'], (_context, value, duration) => timeValue(change(receiver(value), nanosOf(duration))));
}

function byteList(text: string): GoValue {
  return goList(
    Array.from(toBytes(text), (byte) => goNumber('uint8', BigInt(byte))),
    '[]uint8',
  );
}

/** Amounts of years, months and days. */
function addDate(time: Time, [years, months, days]: readonly [bigint, bigint, bigint]): Time {
  const fields = fieldsOf(time);
  return makeTime(
    {
      year: BigInt.asIntN(64, BigInt(fields.year) + years),
      month: BigInt.asIntN(64, BigInt(fields.month) + months),
      day: BigInt.asIntN(64, BigInt(fields.day) + days),
      clock: fields.hour * 3_600 + fields.minute * 60 + fields.second,
      nanos: time.nanos,
    },
    time.location,
  );
}

function unixIn(time: Time, perSecond: bigint): GoValue {
  return int64Value(unixOf(time) * perSecond + BigInt(time.nanos) / (1_000_000_000n / perSecond));
}

const timeMethods = {
  Year: field(({ year }) => year),
  Month: getter((time) => monthValue(fieldsOf(time).month)),
  Day: field(({ day }) => day),
  Weekday: getter((time) => weekdayValue(fieldsOf(time).weekday)),
  YearDay: field(({ yearDay }) => yearDay),
  Hour: field(({ hour }) => hour),
  Minute: field(({ minute }) => minute),
  Second: field(({ second }) => second),
  Nanosecond: getter((time) => BigInt(time.nanos)),
  Unix: getter((time) => int64Value(unixOf(time))),
  UnixMilli: getter((time) => unixIn(time, 1_000n)),
  UnixMicro: getter((time) => unixIn(time, 1_000_000n)),
  UnixNano: getter((time) => int64Value(unixNanosOf(time))),
  String: getter(timeText),
  Format: fn(['any', 'string'], (context, value, layout) => formatTime(receiver(value), layout, context.limits.output)),
  IsZero: getter((time) => time.seconds === 0n && time.nanos === 0),
  UTC: getter((time) => timeValue(inLocation(time, utc))),
  Local: getter((time) => timeValue(inLocation(time, local))),
  Location: getter((time) => locationValue(time.location)),
  In: fn(['any', LOCATION], (_context, value, location) =>
    timeValue(inLocation(receiver(value), location.value as Location)),
  ),
  Add: withDuration(addDuration),
  Truncate: withDuration(truncateTime),
  Round: withDuration(roundTime),
  AddDate: fn(['any', 'int', 'int', 'int'], (_context, value, ...amounts) =>
    timeValue(addDate(receiver(value), amounts)),
  ),
  Sub: withTime((time, other) => durationValue(difference(time, other))),
  After: withTime((time, other) => compareTimes(time, other) > 0),
  Before: withTime((time, other) => compareTimes(time, other) < 0),
  Equal: withTime((time, other) => compareTimes(time, other) === 0),
  Compare: withTime((time, other) => BigInt(compareTimes(time, other))),
  MarshalText: getter((time) => byteList(jsonText(time))),
  MarshalJSON: getter((time) => byteList(`"${jsonText(time)}"`)),
} satisfies FunctionTable;

function nanos(value: GoValue): bigint {
  return (value as GoOpaque).value as bigint;
}

/** Whole units and the rest apart, so that the float is exact where Go's is. */
function floatIn(unit: bigint): GoFunction {
  return fn(['any'], (_context, value) => Number(nanos(value) / unit) + Number(nanos(value) % unit) / Number(unit));
}

function integerIn(unit: bigint): GoFunction {
  return fn(['any'], (_context, value) => int64Value(nanos(value) / unit));
}

function absolute(value: bigint): bigint {
  if (value === MIN_DURATION) return MAX_DURATION;
  return value < 0n ? -value : value;
}

function truncated(value: bigint, unit: bigint): bigint {
  return unit <= 0n ? value : value - (value % unit);
}

function rounding(change: (value: bigint, unit: bigint) => bigint): GoFunction {
  return fn(['any', 'any'], (_context, value, unit) => durationValue(change(nanos(value), nanosOf(unit))));
}

const durationMethods = {
  Hours: floatIn(3_600_000_000_000n),
  Minutes: floatIn(60_000_000_000n),
  Seconds: floatIn(1_000_000_000n),
  Milliseconds: integerIn(1_000_000n),
  Microseconds: integerIn(1_000n),
  Nanoseconds: integerIn(1n),
  Abs: fn(['any'], (_context, value) => durationValue(absolute(nanos(value)))),
  Round: rounding(roundDuration),
  Truncate: rounding(truncated),
  String: fn(['any'], (_context, value) => formatDuration(nanos(value))),
} satisfies FunctionTable;

const named = {
  String: fn(['any'], (_context, value) => (value as GoOpaque).type.print((value as GoOpaque).value)),
} satisfies FunctionTable;

/** The methods a template can call: those with one result, or one and an error. */
export const dateMethods = {
  'time.Time': timeMethods,
  'time.Duration': durationMethods,
  'time.Month': named,
  'time.Weekday': named,
  '*time.Location': named,
} satisfies MethodTable;
