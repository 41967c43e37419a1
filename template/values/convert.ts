import { GoError } from '../problems.ts';
import { type GoValue, goList, goMap, plain } from '../values.ts';
import { appendedOneByOne } from './backing.ts';
import { parseFloatText, parseInteger } from './numbers.ts';
import { cleanText } from './text.ts';

const MIN_INT64 = -(1n << 63n);
const MAX_INT64 = (1n << 63n) - 1n;

/** `int64(float)` on amd64: towards zero; what does not fit becomes the smallest int64. */
export function floatToInt64(value: number): bigint {
  if (!Number.isFinite(value)) return MIN_INT64;
  const integer = BigInt(Math.trunc(value));
  return integer < MIN_INT64 || integer > MAX_INT64 ? MIN_INT64 : integer;
}

/** `cast.ToInt64`, what sprig's arithmetic does to its arguments: 0 for everything that is not a number. */
export function castInt64(value: GoValue): bigint {
  const bare = plain(value);
  switch (typeof bare) {
    case 'bigint':
      return bare;
    case 'number':
      return floatToInt64(bare);
    case 'boolean':
      return bare ? 1n : 0n;
    case 'string':
      return parseInteger(trimZeroDecimal(bare), 0) ?? 0n;
    default:
      return castObject(bare);
  }
}

function castObject(value: GoValue): bigint {
  if (typeof value !== 'object' || value === null || value.go !== 'number') return castOpaque(value);
  return BigInt.asIntN(64, value.value);
}

/** `cast` knows `time.Month` and `time.Weekday`, which are ints, and no other named type. */
function castOpaque(value: GoValue): bigint {
  if (typeof value !== 'object' || value === null || value.go !== 'opaque' || value.type.kind !== 'int') return 0n;
  return value.type.integer?.(value.value) ?? 0n;
}

/** `cast.ToFloat64`: 0 for everything that is not a number. */
export function castFloat64(value: GoValue): number {
  const bare = plain(value);
  if (typeof bare === 'number') return bare;
  if (typeof bare === 'string') return parseFloatText(bare) ?? 0;
  return Number(castInt64(bare));
}

/** `12.00` as `12`, as `cast` reads integers; `.0` becomes empty, which is no number. */
function trimZeroDecimal(text: string): string {
  const zeros = /\.0+\.*$/.exec(text);
  if (zeros === null) return text;
  return text.slice(0, zeros.index);
}

/**
 * A value of the host (JSON, bigint) as a template value: integral numbers are ints, other numbers floats, objects maps.
 *
 * Only own enumerable properties count. Throws `GoError` for what has no counterpart (functions, symbols) and beyond `depth`.
 */
export function fromHost(value: unknown, depth = 256): GoValue {
  if (depth === 0) throw new GoError('value is too deeply nested');
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'bigint':
      return BigInt.asIntN(64, value);
    case 'string':
      return cleanText(value);
    case 'number':
      return Number.isInteger(value) ? BigInt.asIntN(64, BigInt(value)) : value;
    case 'object':
      return value === null ? null : fromHostObject(value, depth - 1);
    default:
      throw new GoError(`a ${typeof value} is not a template value`);
  }
}

function fromHostObject(value: object, depth: number): GoValue {
  if (Array.isArray(value)) return appendedOneByOne(goList(value.map((item: unknown) => fromHost(item, depth))));
  const entries = value instanceof Map ? [...value.entries()] : Object.entries(value);
  return goMap(
    entries.map(([key, item]: [unknown, unknown]) => [cleanText(String(key)), fromHost(item, depth)] as const),
  );
}
