import { type Decimal, exactDecimal, floatParts, roundDecimal, shortestDecimal } from './decimal.ts';

/** Verbs of `strconv.FormatFloat`. */
export type FloatVerb = 'e' | 'E' | 'f' | 'g' | 'G' | 'b' | 'x' | 'X';

/** `strconv.FormatFloat(value, verb, precision, 64)`; precision -1 is the shortest text that reads back. */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = Object.is(value, -0) || value < 0 ? '-' : '';
  if (verb === 'b') return sign + binary(value);
  if (verb === 'x' || verb === 'X') return sign + hexadecimal(value, verb, precision);
  return sign + decimalText(value, verb, precision);
}

type DecimalVerb = 'e' | 'E' | 'f' | 'g' | 'G';

function decimalText(value: number, verb: DecimalVerb, precision: number): string {
  const shortest = precision < 0;
  const decimal = shortest ? shortestDecimal(value) : rounded(exactDecimal(value), verb, precision);
  const used = shortest ? shortestPrecision(decimal, verb) : precision;
  if (verb === 'f') return fixed(decimal, used);
  if (verb === 'e' || verb === 'E') return exponential(decimal, used, verb);
  return general(decimal, verb === 'g' ? 'e' : 'E', { precision: Math.max(used, shortest ? 0 : 1), shortest });
}

function rounded(decimal: Decimal, verb: DecimalVerb, precision: number): Decimal {
  if (verb === 'f') return roundDecimal(decimal, decimal.point + precision);
  if (verb === 'e' || verb === 'E') return roundDecimal(decimal, precision + 1);
  return roundDecimal(decimal, Math.max(precision, 1));
}

function shortestPrecision(decimal: Decimal, verb: DecimalVerb): number {
  if (verb === 'f') return Math.max(decimal.digits.length - decimal.point, 0);
  return verb === 'e' || verb === 'E' ? decimal.digits.length - 1 : decimal.digits.length;
}

interface GeneralPrecision {
  readonly precision: number;
  readonly shortest: boolean;
}

/** `%g`: the exponent decides between `%e` and `%f`. */
function general(decimal: Decimal, verb: 'e' | 'E', options: GeneralPrecision): string {
  const count = decimal.digits.length;
  const { precision } = options;
  const usual = precision > count && count >= decimal.point ? count : precision;
  const threshold = options.shortest ? 6 : usual;
  const exponent = decimal.point - 1;
  if (exponent < -4 || exponent >= threshold) {
    return exponential(decimal, Math.min(precision, count) - 1, verb);
  }
  return fixed(decimal, Math.max((precision > decimal.point ? count : precision) - decimal.point, 0));
}

function exponential(decimal: Decimal, precision: number, verb: 'e' | 'E'): string {
  const digits = decimal.digits.padEnd(1, '0');
  const fraction = precision > 0 ? `.${digits.slice(1, precision + 1).padEnd(precision, '0')}` : '';
  const exponent = decimal.digits === '' ? 0 : decimal.point - 1;
  const sign = exponent < 0 ? '-' : '+';
  return `${digits.charAt(0)}${fraction}${verb}${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function fixed(decimal: Decimal, precision: number): string {
  const { digits, point } = decimal;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (precision <= 0) return whole;
  const fraction = point >= 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, precision)) + digits;
  return `${whole}.${fraction.slice(0, precision).padEnd(precision, '0')}`;
}

function binary(value: number): string {
  const { mantissa, exponent } = floatParts(value);
  return `${mantissa}p${exponent >= 0 ? '+' : ''}${exponent}`;
}

function hexadecimal(value: number, verb: 'x' | 'X', precision: number): string {
  const parts = floatParts(value);
  // The leading 1 goes to bit 60; 15 hexadecimal digits follow it.
  let mantissa = parts.mantissa << 8n;
  let exponent = mantissa === 0n ? 0 : parts.exponent + 52;
  while (mantissa !== 0n && mantissa >> 60n === 0n) {
    mantissa <<= 1n;
    exponent -= 1;
  }
  if (precision >= 0 && precision < 15) {
    mantissa = roundHexadecimal(mantissa, precision);
    if (mantissa >> 61n !== 0n) {
      mantissa >>= 1n;
      exponent += 1;
    }
  }
  const digits = (mantissa & ((1n << 60n) - 1n)).toString(16).padStart(15, '0');
  const fraction = precision < 0 ? digits.replace(/0+$/, '') : digits.slice(0, precision).padEnd(precision, '0');
  const power = `${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  const text = `0x${mantissa >> 60n}${fraction === '' ? '' : `.${fraction}`}p${power}`;
  return verb === 'X' ? text.toUpperCase() : text;
}

function roundHexadecimal(mantissa: bigint, precision: number): bigint {
  const drop = BigInt(60 - precision * 4);
  const kept = mantissa >> drop;
  const rest = mantissa & ((1n << drop) - 1n);
  const half = 1n << (drop - 1n);
  const up = rest > half || (rest === half && (kept & 1n) === 1n);
  return (up ? kept + 1n : kept) << drop;
}
