import { type GoValue, plain } from '../values.ts';
import { integerOf } from './types.ts';

/** Truth as `if`, `and`, `or` and `not` use it: false is the zero of a type, an empty text, list or map, and nil; structs are true. */
export function isTrue(value: GoValue | undefined): boolean {
  const bare = plain(value);
  if (bare === null) return false;
  if (typeof bare !== 'object') return typeof bare === 'number' ? bare !== 0 : Boolean(bare);
  switch (bare.go) {
    case 'number':
      return bare.value !== 0n;
    case 'complex':
      return bare.re !== 0 || bare.im !== 0;
    case 'list':
      return bare.items.length > 0;
    case 'map':
      return bare.entries.size > 0;
    default:
      return (integerOf(bare) ?? 1n) !== 0n;
  }
}
