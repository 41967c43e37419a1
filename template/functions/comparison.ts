import { GoError } from '../problems.ts';
import type { GoValue } from '../values.ts';
import { equals, lessThan } from '../values/compare.ts';
import { isTrue } from '../values/truth.ts';
import { fn, type FunctionTable, variadic } from './define.ts';

function equalsAny(first: GoValue, others: readonly GoValue[]): boolean {
  if (others.length === 0) throw new GoError('missing argument for comparison');
  return others.some((other) => equals(first, other));
}

function lessOrEqual(left: GoValue, right: GoValue): boolean {
  return lessThan(left, right) || equals(left, right);
}

/** The comparisons of `text/template`. */
export const comparison = {
  eq: variadic(['any'], 'any', (_context, others, first) => equalsAny(first, others)),
  ne: fn(['any', 'any'], (_context, left, right) => !equals(left, right)),
  lt: fn(['any', 'any'], (_context, left, right) => lessThan(left, right)),
  le: fn(['any', 'any'], (_context, left, right) => lessOrEqual(left, right)),
  gt: fn(['any', 'any'], (_context, left, right) => !lessOrEqual(left, right)),
  ge: fn(['any', 'any'], (_context, left, right) => !lessThan(left, right)),
  not: fn(['any'], (_context, value) => !isTrue(value)),
} satisfies FunctionTable;
