import { type GoValue, plain } from '../values.ts';
import { integerOf } from '../values/types.ts';
import { fn, type FunctionTable, variadic } from './define.ts';

/** sprig's `empty`: the zero of a type, an empty text, list or map, nil; a struct never is. */
export function isEmpty(value: GoValue): boolean {
  const bare = plain(value);
  if (bare === null) return true;
  if (typeof bare !== 'object') return typeof bare === 'number' ? bare === 0 : !bare;
  switch (bare.go) {
    case 'list':
      return bare.items.length === 0;
    case 'map':
      return bare.entries.size === 0;
    case 'complex':
      return bare.re === 0 && bare.im === 0;
    default:
      return integerOf(bare) === 0n;
  }
}

function orDefault(fallback: GoValue, given: readonly GoValue[]): GoValue {
  const [first = null] = given;
  return isEmpty(first) ? fallback : first;
}

export const defaults = {
  default: variadic(['any'], 'any', (_context, given, fallback) => orDefault(fallback, given), { keepsType: true }),
  empty: fn(['any'], (_context, value) => isEmpty(value)),
  coalesce: variadic([], 'any', (_context, values) => values.find((value) => !isEmpty(value)) ?? null, {
    keepsType: true,
  }),
  all: variadic([], 'any', (_context, values) => !values.some(isEmpty)),
  any: variadic([], 'any', (_context, values) => values.some((value) => !isEmpty(value))),
  ternary: fn(['any', 'any', 'bool'], (_context, whenTrue, whenFalse, test) => (test ? whenTrue : whenFalse), {
    keepsType: true,
  }),
} satisfies FunctionTable;
