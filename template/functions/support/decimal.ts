import { shortestDecimal } from '../../fmt/decimal.ts';
import { GoError } from '../../problems.ts';
import { ratioToFloat } from '../../values/numbers.ts';

/** Arithmetic of `shopspring/decimal`, which sprig's float functions use: exact, but for division to 16 places. */
export interface Decimal {
  readonly value: bigint;
  readonly exponent: number;
}

const DIVISION_PLACES = 16;

/** The decimal a float prints as. Throws for infinities and NaN, as Go panics. */
export function toDecimal(value: number): Decimal {
  if (!Number.isFinite(value)) throw new GoError('cannot create a decimal from an infinite number or NaN');
  const { digits, point } = shortestDecimal(value);
  if (digits === '') return { value: 0n, exponent: 0 };
  const magnitude = BigInt(digits);
  return { value: value < 0 ? -magnitude : magnitude, exponent: point - digits.length };
}

function power(exponent: number): bigint {
  return 10n ** BigInt(exponent);
}

function aligned(
  left: Decimal,
  right: Decimal,
): { readonly left: bigint; readonly right: bigint; readonly exponent: number } {
  const exponent = Math.min(left.exponent, right.exponent);
  return {
    left: left.value * power(left.exponent - exponent),
    right: right.value * power(right.exponent - exponent),
    exponent,
  };
}

export function add(left: Decimal, right: Decimal): Decimal {
  const same = aligned(left, right);
  return { value: same.left + same.right, exponent: same.exponent };
}

export function subtract(left: Decimal, right: Decimal): Decimal {
  return add(left, { value: -right.value, exponent: right.exponent });
}

export function multiply(left: Decimal, right: Decimal): Decimal {
  return { value: left.value * right.value, exponent: left.exponent + right.exponent };
}

/** Rounded half away from zero at 16 places. */
export function divide(left: Decimal, right: Decimal): Decimal {
  if (right.value === 0n) throw new GoError('decimal division by 0');
  const shift = left.exponent - right.exponent + DIVISION_PLACES;
  const numerator = shift >= 0 ? left.value * power(shift) : left.value;
  const denominator = shift >= 0 ? right.value : right.value * power(-shift);
  const quotient = numerator / denominator;
  const rest = numerator % denominator;
  const up = magnitude(rest) * 2n >= magnitude(denominator);
  const away = left.value < 0n !== right.value < 0n ? -1n : 1n;
  return { value: up ? quotient + away : quotient, exponent: -DIVISION_PLACES };
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

export function toFloat({ value, exponent }: Decimal): number {
  return exponent >= 0 ? ratioToFloat(value * power(exponent), 1n) : ratioToFloat(value, power(-exponent));
}
