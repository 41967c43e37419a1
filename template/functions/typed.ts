import { type GoValue, plain, typed } from '../values.ts';
import { floatToInt64 } from '../values/convert.ts';
import { parseFloatText, parseInteger } from '../values/numbers.ts';
import { integerOf } from '../values/types.ts';
import { fn, type FunctionTable } from './define.ts';

const trueTexts: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on', 't', 'y']);

/** Whole numbers as they are, floats and float texts cut off, booleans 1 or 0, everything else 0. */
function toInt(value: GoValue): bigint {
  if (typeof value === 'string') {
    const float = parseFloatText(value);
    return parseInteger(value, 10) ?? (float === undefined ? 0n : floatToInt64(float));
  }
  if (typeof value === 'number') return floatToInt64(value);
  if (typeof value === 'boolean') return value ? 1n : 0n;
  return BigInt.asIntN(64, integerOf(value) ?? 0n);
}

function toFloat(value: GoValue): number {
  if (typeof value === 'string') return parseFloatText(value) ?? 0;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return Number(integerOf(value) ?? 0n);
}

function toBool(value: GoValue): boolean {
  if (typeof value === 'string') return trueTexts.has(value.toLowerCase());
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  return (integerOf(value) ?? 0n) !== 0n;
}

/**
 * The result with its mark. A value that is typed already is converted, and its mark is lost: the recorded results of `float (int .x)` are
 * text. They are typed where the value is zero or false, which is what the peer's functions make of its own type markers.
 */
function mark<Value extends bigint | number | boolean>(argument: GoValue, convert: (value: GoValue) => Value): GoValue {
  const value = plain(argument);
  const result = convert(value);
  const wasTyped = value !== argument;
  return wasTyped && Boolean(result) ? result : typed(result);
}

/** The functions that make a field typed (decisions.md, section 2). Their results are real numbers and booleans. */
export const typedFunctions = {
  int: fn(['any'], (_context, value) => mark(value, toInt), { keepsType: true }),
  float: fn(['any'], (_context, value) => mark(value, toFloat), { keepsType: true }),
  bool: fn(['any'], (_context, value) => mark(value, toBool), { keepsType: true }),
} satisfies FunctionTable;
