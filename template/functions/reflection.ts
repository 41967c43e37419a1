import { deepEqual } from '../values/deep-equal.ts';
import { kindOf, typeName } from '../values/types.ts';
import { fn, type FunctionTable } from './define.ts';
import { equality } from './support/equality.ts';

/** What a value is. Types are spelled as `%T` prints them. */
export const reflection = {
  typeOf: fn(['any'], (_context, value) => typeName(value)),
  typeIs: fn(['string', 'any'], (_context, name, value) => name === typeName(value)),
  typeIsLike: fn(
    ['string', 'any'],
    (_context, name, value) => name === typeName(value) || `*${name}` === typeName(value),
  ),
  kindOf: fn(['any'], (_context, value) => kindOf(value)),
  kindIs: fn(['string', 'any'], (_context, name, value) => name === kindOf(value)),
  deepEqual: fn(['any', 'any'], (context, left, right) => deepEqual(left, right, equality(context))),
} satisfies FunctionTable;
