/** Number texts exactly as `strconv` reads them. */

const MAX_UINT64 = (1n << 64n) - 1n;
const MAX_INT64 = (1n << 63n) - 1n;
const MIN_INT64 = -(1n << 63n);

interface Digits {
  readonly base: number;
  readonly digits: string;
}

function splitBase(text: string, base: number): Digits {
  if (base !== 0) return { base, digits: text };
  if (!text.startsWith('0')) return { base: 10, digits: text };
  const marker = text.length >= 3 ? text.charAt(1).toLowerCase() : '';
  if (marker === 'b') return { base: 2, digits: text.slice(2) };
  if (marker === 'o') return { base: 8, digits: text.slice(2) };
  if (marker === 'x') return { base: 16, digits: text.slice(2) };
  return { base: 8, digits: text.slice(1) };
}

/** `ParseUint(text, base, 64)`; undefined for a syntax or range error. Base 0 reads prefixes and underscores. */
export function parseUnsigned(text: string, base: number): bigint | undefined {
  if (text === '') return undefined;
  const parts = splitBase(text, base);
  const digits = base === 0 ? parts.digits.replaceAll('_', '') : parts.digits;
  if (base === 0 && text.includes('_') && !underscoresOk(text)) return undefined;
  const value = digitsValue(digits, parts.base);
  return value === undefined || value > MAX_UINT64 ? undefined : value;
}

function digitsValue(digits: string, base: number): bigint | undefined {
  const wide = BigInt(base);
  let value = 0n;
  for (const character of digits) {
    const digit = Number.parseInt(character, 36);
    if (Number.isNaN(digit) || digit >= base) return undefined;
    value = value * wide + BigInt(digit);
    if (value > MAX_UINT64) return undefined;
  }
  return value;
}

/** `ParseInt(text, base, 64)`; undefined for a syntax or range error. */
export function parseInteger(text: string, base: number): bigint | undefined {
  const negative = text.startsWith('-');
  const unsigned = parseUnsigned(negative || text.startsWith('+') ? text.slice(1) : text, base);
  if (unsigned === undefined) return undefined;
  const value = negative ? -unsigned : unsigned;
  return value > MAX_INT64 || value < MIN_INT64 ? undefined : value;
}

/** The number `Atoi` gives even where it reports an error: the nearest int for one that does not fit, else 0. */
export function parseIntegerLoosely(text: string): bigint {
  if (!/^[+-]?[0-9]+$/.test(text)) return 0n;
  return parseInteger(text, 10) ?? (text.startsWith('-') ? MIN_INT64 : MAX_INT64);
}

/** Underscores only between digits, or between a base prefix and a digit. */
function underscoresOk(text: string): boolean {
  const unsigned = text.replace(/^[+-]/, '');
  const hex = /^0[xX]/.test(unsigned);
  const number = unsigned.replace(/^0[bBoOxX]/, '0');
  const digit = hex ? '0-9a-fA-F' : '0-9';
  return !new RegExp(`(^|[^${digit}])_|_([^${digit}]|$)`).test(number);
}

// The point comes with what is behind it: two runs of digits side by side would be shared out in every possible way.
const DECIMAL = /^[+-]?([0-9_]+(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][+-]?[0-9][0-9_]*)?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([0-9a-fA-F_]*)(?:\.([0-9a-fA-F_]*))?[pP]([+-]?[0-9][0-9_]*)$/;
const INFINITE = /^([+-]?)inf(inity)?$/i;

/** `ParseFloat(text, 64)`; undefined for a syntax or range error. */
export function parseFloatText(text: string): number | undefined {
  const infinite = INFINITE.exec(text);
  if (infinite !== null) return infinite[1] === '-' ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return Number.NaN;
  if (text.includes('_') && !underscoresOk(text)) return undefined;
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal !== null) return hexFloat(hexadecimal);
  const [, mantissa] = DECIMAL.exec(text) ?? [];
  if (mantissa === undefined || !/[0-9]/.test(mantissa)) return undefined;
  const value = Number(text.replaceAll('_', ''));
  return Number.isFinite(value) ? value : undefined;
}

/** `0x1.8p3`: the mantissa is exact, one rounding at the end. */
function hexFloat(match: RegExpExecArray): number | undefined {
  const whole = (match[2] ?? '').replaceAll('_', '');
  const fraction = (match[3] ?? '').replaceAll('_', '');
  if (whole === '' && fraction === '') return undefined;
  const exponent = Math.max(-20_000, Math.min(20_000, Number((match[4] ?? '0').replaceAll('_', ''))));
  const mantissa = BigInt(`0x${whole}${fraction}`);
  const value = scaleBinary(mantissa, exponent - 4 * fraction.length);
  if (!Number.isFinite(value)) return undefined;
  return match[1] === '-' ? -value : value;
}

/** `mantissa * 2^exponent`, rounded once (half to even). */
export function scaleBinary(mantissa: bigint, exponent: number): number {
  if (mantissa === 0n) return 0;
  const numerator = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa;
  const denominator = exponent >= 0 ? 1n : 1n << BigInt(-exponent);
  return ratioToFloat(numerator, denominator);
}

/** The float nearest to a quotient of integers, as `big.Rat.Float64`. */
export function ratioToFloat(numerator: bigint, denominator: bigint): number {
  if (numerator < 0n) return -ratioToFloat(-numerator, denominator);
  if (numerator === 0n) return 0;
  const bits = (value: bigint): number => value.toString(2).length;
  // 64 significant bits, never below the last bit of a subnormal; the sticky bit keeps the one rounding exact.
  const shift = Math.min(64 - (bits(numerator) - bits(denominator)), 1074 + 2);
  const scaledUp = shift >= 0 ? numerator << BigInt(shift) : numerator;
  const scaledDown = shift >= 0 ? denominator : denominator << BigInt(-shift);
  const quotient = scaledUp / scaledDown;
  const sticky = scaledUp % scaledDown === 0n ? 0n : 1n;
  // Powers of two are exact in two steps of at most 2^1023; Number(bigint) rounds half to even.
  return timesPowerOfTwo(roundTo53(quotient, sticky, shift), -shift);
}

/** Round to the precision the result will have, so that the scaling afterwards is exact. */
function roundTo53(quotient: bigint, sticky: bigint, shift: number): bigint {
  const length = quotient.toString(2).length;
  const lowest = Math.max(length - 53, shift - 1074);
  if (lowest <= 0) return quotient;
  const drop = BigInt(lowest);
  const kept = quotient >> drop;
  const rest = ((quotient - (kept << drop)) << 1n) | sticky;
  const half = 1n << drop;
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return (up ? kept + 1n : kept) << drop;
}

function timesPowerOfTwo(value: bigint, exponent: number): number {
  let result = Number(value);
  let left = exponent;
  while (left > 1000) {
    result *= 2 ** 1000;
    left -= 1000;
  }
  while (left < -1000) {
    // The value has at most 53 significant bits above the last subnormal bit: no step rounds.
    result /= 2 ** 1000;
    left += 1000;
  }
  return result * 2 ** left;
}
