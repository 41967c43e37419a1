import { GoError } from '../../problems.ts';
import { type GoOpaque, type GoValue, goNumber, opaque, type OpaqueType } from '../../values.ts';
import { formatDuration } from './duration.ts';
import { strictRfc3339, timeText } from './format.ts';
import { dayNames, monthNames } from './layout.ts';
import type { Location } from './location.ts';
import type { Time } from './time.ts';

/** The types of Go's `time` as template values. A `Time` is the value of a `time.Time`, a bigint that of the numbers. */

const timeType: OpaqueType = {
  name: 'time.Time',
  kind: 'struct',
  print: (value) => timeText(value as Time),
  equal: (left, right) => sameTime(left as Time, right as Time),
  json: (value) => jsonText(value as Time),
};

const durationType: OpaqueType = {
  name: 'time.Duration',
  kind: 'int64',
  print: (value) => formatDuration(value as bigint),
  integer: (value) => value as bigint,
};

const monthType: OpaqueType = {
  name: 'time.Month',
  kind: 'int',
  print: (value) => monthNames[Number(value) - 1] ?? `%!Month(${String(value)})`,
  integer: (value) => value as bigint,
};

const weekdayType: OpaqueType = {
  name: 'time.Weekday',
  kind: 'int',
  print: (value) => dayNames[Number(value)] ?? `%!Weekday(${String(value)})`,
  integer: (value) => value as bigint,
};

const locationType: OpaqueType = {
  name: '*time.Location',
  kind: 'ptr',
  print: (value) => (value as Location).name,
};

/** `==` of Go: the same instant and the same location. */
function sameTime(left: Time, right: Time): boolean {
  return left.seconds === right.seconds && left.nanos === right.nanos && left.location === right.location;
}

/** `Time.MarshalJSON`; throws `GoError` for a year of more than four digits. */
export function jsonText(time: Time): string {
  const text = strictRfc3339(time);
  if (text === undefined) throw new GoError('Time.MarshalJSON: year outside of range [0,9999]');
  return text;
}

export const TIME = `opaque:time.Time`;
export const LOCATION = `opaque:*time.Location`;

export function timeValue(time: Time): GoValue {
  return opaque(timeType, time);
}

export function durationValue(nanos: bigint): GoValue {
  return opaque(durationType, BigInt.asIntN(64, nanos));
}

export function monthValue(month: number): GoValue {
  return opaque(monthType, BigInt(month));
}

export function weekdayValue(weekday: number): GoValue {
  return opaque(weekdayType, BigInt(weekday));
}

export function locationValue(location: Location): GoValue {
  return opaque(locationType, location);
}

export function timeOf(value: GoOpaque): Time {
  return value.value as Time;
}

export function int64Value(value: bigint): GoValue {
  return goNumber('int64', value);
}
