import { floatToInt64 } from '../values/convert.ts';
import { parseFloatText, parseInteger, parseUnsigned } from '../values/numbers.ts';
import { unquoteCharacter } from './quoted.ts';

/**
 * A number as written. Like Go's ideal constants it is kept under every type that can hold it: as an argument it becomes what the
 * parameter asks for (`until 3.0` and `round 2.5 0 1` are fine), elsewhere the spelling decides.
 */
export interface NumberConstant {
  readonly text: string;
  readonly int: bigint | undefined;
  readonly uint: bigint | undefined;
  readonly float: number | undefined;
  readonly complex: { readonly re: number; readonly im: number } | undefined;
}

export type ConstantError = 'malformed character constant' | 'integer overflow' | 'illegal number syntax';

/** Reads a number item; a message for what Go's parser refuses. */
export function readConstant(
  text: string,
  kind: 'charConstant' | 'complex' | 'number',
): NumberConstant | ConstantError {
  if (kind === 'charConstant') return readCharacterConstant(text);
  if (kind === 'complex') return readComplex(text) ?? 'illegal number syntax';
  if (text.endsWith('i')) {
    const imaginary = parseFloatText(text.slice(0, -1));
    if (imaginary !== undefined) return fromComplex(text, 0, imaginary);
  }
  return readReal(text);
}

function readCharacterConstant(text: string): NumberConstant | ConstantError {
  const rune = unquoteCharacter(text);
  if (rune === undefined) return 'malformed character constant';
  return { text, int: BigInt(rune), uint: BigInt(rune), float: rune, complex: undefined };
}

function readComplex(text: string): NumberConstant | undefined {
  const split = /[0-9a-fA-F._i]([+-])(?![+-])/g;
  for (const match of text.matchAll(split)) {
    const at = match.index + 1;
    const re = parseFloatText(text.slice(0, at));
    const im = parseFloatText(text.slice(at, -1));
    if (re !== undefined && im !== undefined) return fromComplex(text, re, im);
  }
  return undefined;
}

function fromComplex(text: string, re: number, im: number): NumberConstant {
  const real = im === 0 ? re : undefined;
  const int = real !== undefined && Number(floatToInt64(real)) === real ? floatToInt64(real) : undefined;
  return { text, int, uint: int !== undefined && int >= 0n ? int : undefined, float: real, complex: { re, im } };
}

function readReal(text: string): NumberConstant | ConstantError {
  const int = parseInteger(text, 0);
  const uint = parseUnsigned(text, 0) ?? (int === 0n ? 0n : undefined);
  if (int !== undefined || uint !== undefined) {
    return { text, int, uint, float: Number(int ?? uint), complex: undefined };
  }
  const float = parseFloatText(text);
  if (float === undefined) return 'illegal number syntax';
  if (!/[.eEpP]/.test(text)) return 'integer overflow';
  const whole = Number(floatToInt64(float)) === float ? floatToInt64(float) : undefined;
  return { text, int: whole, uint: whole !== undefined && whole >= 0n ? whole : undefined, float, complex: undefined };
}

/** True where the spelling makes a constant without a wanted type a float. */
export function isSpelledAsFloat(text: string): boolean {
  const hexInteger = /^0[xX]/.test(text) && text.length > 2 && !/[pP]/.test(text);
  return !text.startsWith("'") && !hexInteger && /[.eEpP]/.test(text);
}
