import { GoError } from '../../problems.ts';
import { checkLength } from '../support/bytes.ts';

/** `time.Duration` is an int64 of nanoseconds. */
const SECOND = 1_000_000_000n;
export const MAX_DURATION = (1n << 63n) - 1n;
export const MIN_DURATION = -(1n << 63n);

const units: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', SECOND],
  ['m', 60n * SECOND],
  ['h', 3_600n * SECOND],
]);

const TERM = /([0-9]*)(?:(\.)([0-9]*))?([^0-9.]*)/y;
const LIMIT = 1n << 63n;

function invalid(): GoError {
  return new GoError('time: invalid duration');
}

const MAX_TEXT = 65_536;

/** `time.ParseDuration`. Throws `GoError`. */
export function parseDuration(text: string): bigint {
  checkLength(text.length, MAX_TEXT);
  const negative = text.startsWith('-');
  const unsigned = negative || text.startsWith('+') ? text.slice(1) : text;
  if (unsigned === '0') return 0n;
  if (unsigned === '') throw invalid();
  let sum = 0n;
  for (TERM.lastIndex = 0; TERM.lastIndex < unsigned.length; ) {
    sum += termValue(TERM.exec(unsigned));
    if (sum > LIMIT) throw invalid();
  }
  if (negative) return -sum;
  if (sum > MAX_DURATION) throw invalid();
  return sum;
}

function termValue(match: RegExpExecArray | null): bigint {
  const [, whole = '', , fraction = '', name = ''] = match ?? [];
  if (whole === '' && fraction === '') throw invalid();
  const unit = unitOf(name);
  const value = wholeOf(whole.replace(/^0+/, ''));
  if (value > LIMIT / unit) throw invalid();
  return value * unit + fractionOf(fraction, unit);
}

function unitOf(name: string): bigint {
  const unit = units.get(name);
  if (unit !== undefined) return unit;
  throw new GoError(name === '' ? 'time: missing unit in duration' : 'time: unknown unit in duration');
}

const LONGEST_INT64 = 19;

function wholeOf(digits: string): bigint {
  if (digits.length > LONGEST_INT64) throw invalid();
  return BigInt(digits === '' ? '0' : digits);
}

/** Go computes it in floats; digits beyond an int64 are dropped. */
function fractionOf(digits: string, unit: bigint): bigint {
  let value = 0n;
  let scale = 1;
  for (const digit of digits) {
    if (value > MAX_DURATION / 10n) break;
    const next = value * 10n + BigInt(digit);
    if (next > LIMIT) break;
    value = next;
    scale *= 10;
  }
  return value === 0n ? 0n : BigInt(Math.trunc(Number(value) * (Number(unit) / scale)));
}

/** Number with as many decimals as it needs. */
function decimal(value: bigint, places: number): string {
  const digits = value.toString().padStart(places + 1, '0');
  const fraction = digits.slice(digits.length - places).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - places);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}

/** `Duration.String`: `72h3m0.5s`. */
export function formatDuration(duration: bigint): string {
  if (duration === 0n) return '0s';
  const magnitude = duration < 0n ? -duration : duration;
  return (duration < 0n ? '-' : '') + (magnitude < SECOND ? formatSmall(magnitude) : formatLarge(magnitude));
}

function formatSmall(nanos: bigint): string {
  if (nanos < 1_000n) return `${nanos}ns`;
  return nanos < 1_000_000n ? `${decimal(nanos, 3)}\u00b5s` : `${decimal(nanos, 6)}ms`;
}

function formatLarge(nanos: bigint): string {
  const minute = 60n * SECOND;
  const seconds = `${decimal(nanos % minute, 9)}s`;
  const minutes = nanos / minute;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `Duration.Round`: halves away from zero, saturating. */
export function roundDuration(duration: bigint, unit: bigint): bigint {
  if (unit <= 0n) return duration;
  const magnitude = duration < 0n ? -duration : duration;
  const rest = magnitude % unit;
  const rounded = rest * 2n < unit ? magnitude - rest : magnitude - rest + unit;
  if (duration < 0n) return -rounded < MIN_DURATION ? MIN_DURATION : -rounded;
  return rounded > MAX_DURATION ? MAX_DURATION : rounded;
}

const HOUR = 3_600n * SECOND;

const steps: readonly (readonly [bigint, string])[] = [
  [HOUR * 24n * 365n, 'y'],
  [HOUR * 24n * 30n, 'mo'],
  [HOUR * 24n, 'd'],
  [HOUR, 'h'],
  [60n * SECOND, 'm'],
  [SECOND, 's'],
];

/** sprig's `durationRound`: the largest unit only, and without a sign. */
export function largestUnit(duration: bigint): string {
  const magnitude = duration < 0n ? -duration : duration;
  const step = steps.find(([unit]) => magnitude > unit);
  return step === undefined ? '0s' : `${magnitude / step[0]}${step[1]}`;
}
