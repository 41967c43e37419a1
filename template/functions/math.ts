import { sprint } from '../fmt/printf.ts';
import { GoError, LimitError } from '../problems.ts';
import { type GoValue, goList, int64 } from '../values.ts';
import { castFloat64, castInt64 } from '../values/convert.ts';
import { parseInteger, parseIntegerLoosely } from '../values/numbers.ts';
import { fn, type FunctionContext, type FunctionTable, variadic } from './define.ts';
import { add, type Decimal, divide, multiply, subtract, toDecimal, toFloat } from './support/decimal.ts';
import { goPowerOfTen } from './support/pow.ts';

function wrapped(value: bigint): bigint {
  return BigInt.asIntN(64, value);
}

/** Go divides towards zero, as `bigint` does. */
function nonZero(divisor: bigint): bigint {
  if (divisor === 0n) throw new GoError('integer divide by zero');
  return divisor;
}

function largest(values: readonly GoValue[]): bigint {
  return values.map(castInt64).reduce((best, value) => (value > best ? value : best));
}

function smallest(values: readonly GoValue[]): bigint {
  return values.map(castInt64).reduce((best, value) => (value < best ? value : best));
}

/** `math.Max`, where an infinity wins over NaN. */
function largestFloat(left: number, right: number): number {
  return left === Number.POSITIVE_INFINITY || right === Number.POSITIVE_INFINITY
    ? Number.POSITIVE_INFINITY
    : Math.max(left, right);
}

function smallestFloat(left: number, right: number): number {
  return left === Number.NEGATIVE_INFINITY || right === Number.NEGATIVE_INFINITY
    ? Number.NEGATIVE_INFINITY
    : Math.min(left, right);
}

type Operation = (left: Decimal, right: Decimal) => Decimal;

function decimals(first: GoValue, rest: readonly GoValue[], operation: Operation): number {
  const start = toDecimal(castFloat64(first));
  return toFloat(rest.map((value) => toDecimal(castFloat64(value))).reduce(operation, start));
}

/** sprig's `untilStep`: from `start` up to or down to `stop`; nothing when the step goes the other way. */
function steps(context: FunctionContext, start: bigint, stop: bigint, step: bigint): bigint[] {
  const distance = stop - start;
  if (step === 0n || distance === 0n || distance > 0n !== step > 0n) return [];
  const count = (distance + (step > 0n ? step - 1n : step + 1n)) / step;
  if (count > BigInt(context.limits.items))
    throw new LimitError(`more than ${context.limits.items} elements in a list`);
  context.spend(Number(count) / 64);
  return Array.from({ length: Number(count) }, (_item, index) => start + BigInt(index) * step);
}

function sequence(context: FunctionContext, params: readonly bigint[]): string {
  const [first = 0n, second = 0n, third = 0n] = params;
  if (params.length === 1) return sequenceOf(context, 1n, first, first < 1n ? -1n : 1n);
  if (params.length === 2) return sequenceOf(context, first, second, second < first ? -1n : 1n);
  if (params.length !== 3) return '';
  const end = third + (third < first ? -1n : 1n);
  return third < first && second > 0n ? '' : steps(context, first, end, second).join(' ');
}

function sequenceOf(context: FunctionContext, start: bigint, end: bigint, step: bigint): string {
  return steps(context, start, end + step, step).join(' ');
}

/** sprig's `round`: `roundOn` is the fraction that rounds up. */
function round(value: number, places: bigint, roundOn: number): number {
  const power = goPowerOfTen(Number(places));
  const digit = power * value;
  const fraction = digit - Math.trunc(digit);
  return (fraction >= roundOn ? Math.ceil(digit) : Math.floor(digit)) / power;
}

function intList(values: readonly bigint[]): GoValue {
  return goList(values, '[]int');
}

/** Numbers. sprig's integers are int64, its floats are computed as decimals. */
export const math = {
  add: variadic([], 'any', (_context, values) =>
    int64(values.reduce<bigint>((sum, value) => wrapped(sum + castInt64(value)), 0n)),
  ),
  add1: fn(['any'], (_context, value) => int64(castInt64(value) + 1n)),
  sub: fn(['any', 'any'], (_context, left, right) => int64(castInt64(left) - castInt64(right))),
  mul: variadic(['any'], 'any', (_context, values, first) =>
    int64(values.reduce<bigint>((product, value) => wrapped(product * castInt64(value)), castInt64(first))),
  ),
  div: fn(['any', 'any'], (_context, left, right) => int64(castInt64(left) / nonZero(castInt64(right)))),
  mod: fn(['any', 'any'], (_context, left, right) => int64(castInt64(left) % nonZero(castInt64(right)))),
  max: variadic(['any'], 'any', (_context, values, first) => int64(largest([first, ...values]))),
  biggest: variadic(['any'], 'any', (_context, values, first) => int64(largest([first, ...values]))),
  min: variadic(['any'], 'any', (_context, values, first) => int64(smallest([first, ...values]))),
  maxf: variadic(['any'], 'any', (_context, values, first) => [first, ...values].map(castFloat64).reduce(largestFloat)),
  minf: variadic(['any'], 'any', (_context, values, first) =>
    [first, ...values].map(castFloat64).reduce(smallestFloat),
  ),
  addf: variadic([], 'any', (_context, values) => decimals(0, values, add)),
  add1f: fn(['any'], (_context, value) => decimals(value, [1n], add)),
  subf: variadic(['any'], 'any', (_context, values, first) => decimals(first, values, subtract)),
  mulf: variadic(['any'], 'any', (_context, values, first) => decimals(first, values, multiply)),
  divf: variadic(['any'], 'any', (_context, values, first) => decimals(first, values, divide)),
  floor: fn(['any'], (_context, value) => Math.floor(castFloat64(value))),
  ceil: fn(['any'], (_context, value) => Math.ceil(castFloat64(value))),
  round: variadic(['any', 'int'], 'float64', (_context, [roundOn = 0.5], value, places) =>
    round(castFloat64(value), places, roundOn),
  ),
  int64: fn(['any'], (_context, value) => int64(castInt64(value))),
  float64: fn(['any'], (_context, value) => castFloat64(value)),
  atoi: fn(['string'], (_context, text) => parseIntegerLoosely(text)),
  toDecimal: fn(['any'], (context, value) => int64(parseInteger(sprint([value], context.limits.output), 8) ?? 0n)),
  until: fn(['int'], (context, count) => intList(steps(context, 0n, count, count < 0n ? -1n : 1n))),
  untilStep: fn(['int', 'int', 'int'], (context, start, stop, step) => intList(steps(context, start, stop, step))),
  seq: variadic([], 'int', (context, params) => sequence(context, params)),
} satisfies FunctionTable;
