import { joinText } from '../../values/text.ts';
import { checkLength } from '../support/bytes.ts';
import { dayNames, isFraction, layoutParts, monthNames } from './layout.ts';
import { type Fields, fieldsOf, type Time } from './time.ts';

/** Digits with zeros before them; the sign does not count. */
function padded(value: number, width: number): string {
  const digits = String(Math.abs(value)).padStart(width, '0');
  return value < 0 ? `-${digits}` : digits;
}

function hour12(fields: Fields): number {
  return fields.hour % 12 === 0 ? 12 : fields.hour % 12;
}

function monthName({ month }: Fields): string {
  return monthNames[month - 1] ?? '';
}

function dayName({ weekday }: Fields): string {
  return dayNames[weekday] ?? '';
}

const writers: Readonly<Record<string, (fields: Fields) => string>> = {
  '2006': ({ year }) => padded(year, 4),
  '06': ({ year }) => padded(Math.abs(year) % 100, 2),
  January: monthName,
  Jan: (fields) => monthName(fields).slice(0, 3),
  '01': ({ month }) => padded(month, 2),
  '1': ({ month }) => String(month),
  Monday: dayName,
  Mon: (fields) => dayName(fields).slice(0, 3),
  '02': ({ day }) => padded(day, 2),
  _2: ({ day }) => String(day).padStart(2),
  '2': ({ day }) => String(day),
  '002': ({ yearDay }) => padded(yearDay, 3),
  __2: ({ yearDay }) => String(yearDay).padStart(3),
  '15': ({ hour }) => padded(hour, 2),
  '03': (fields) => padded(hour12(fields), 2),
  '3': (fields) => String(hour12(fields)),
  '04': ({ minute }) => padded(minute, 2),
  '4': ({ minute }) => String(minute),
  '05': ({ second }) => padded(second, 2),
  '5': ({ second }) => String(second),
  PM: ({ hour }) => (hour >= 12 ? 'PM' : 'AM'),
  pm: ({ hour }) => (hour >= 12 ? 'pm' : 'am'),
  MST: ({ zone }) => (zone.name === '' ? offsetText(zone.offset, '-0700') : zone.name),
};

/** `element` is one of `-07`, `-0700`, `-07:00`, `-070000`, `-07:00:00`, or the same with `Z`. */
function offsetText(offset: number, element: string): string {
  if (offset === 0 && element.startsWith('Z')) return 'Z';
  const minutes = Math.trunc(Math.abs(offset) / 60);
  // Go takes the sign from the minutes: less than a minute west is east.
  const sign = offset < 0 && minutes > 0 ? '-' : '+';
  const seconds = sign === '+' && offset < 0 ? offset % 60 : Math.abs(offset) % 60;
  const colon = element.includes(':') ? ':' : '';
  const digits = element.replace(/[^0-9]/g, '').length;
  const parts = [padded(Math.floor(minutes / 60), 2)];
  if (digits > 2) parts.push(padded(minutes % 60, 2));
  if (digits > 4) parts.push(padded(seconds, 2));
  return sign + parts.join(colon);
}

/** `.000` with its zeros, `.999` without those at the end. */
function fractionText(nanos: number, element: string): string {
  const kept = padded(nanos, 9).slice(0, Math.min(element.length - 1, 9));
  if (element.charAt(1) === '0') return element.charAt(0) + kept;
  const trimmed = kept.replace(/0+$/, '');
  return trimmed === '' ? '' : element.charAt(0) + trimmed;
}

function written(element: string, fields: Fields): string {
  if (element === '') return '';
  if (isFraction(element)) return fractionText(fields.nanos, element);
  return writers[element]?.(fields) ?? offsetText(fields.zone.offset, element);
}

/** `Time.Format`; a text longer than `maxLength` is refused. */
export function formatTime(time: Time, layout: string, maxLength: number): string {
  const fields = fieldsOf(time);
  const text = joinText(layoutParts(layout).map(({ prefix, element }) => prefix + written(element, fields)));
  checkLength(text.length, maxLength);
  return text;
}

const SHORT = 1_024;

/** `Time.String`, without the reading of a monotonic clock. */
export function timeText(time: Time): string {
  return formatTime(time, '2006-01-02 15:04:05.999999999 -0700 MST', SHORT);
}

/** RFC 3339 with nanoseconds, undefined for a time that has no such form. */
export function strictRfc3339(time: Time): string | undefined {
  const text = formatTime(time, '2006-01-02T15:04:05.999999999Z07:00', SHORT);
  const offset = /[+-]([0-9]+):[0-9]+$/.exec(text);
  const isValid = text.charAt(4) === '-' && !text.startsWith('-') && Number(offset?.[1] ?? 0) < 24;
  return isValid ? text : undefined;
}
