import { LimitError } from '../problems.ts';
import { byteLength, isAscii, runesOf, runeText, toBytes } from '../values/text.ts';
import { type FloatVerb, formatFloat } from './float.ts';
import { canBackquote, isPrintable, quoteRune, quoteText } from './quote.ts';

/** Flags, width and precision of one verb. `plusV` and `sharpV` are `%+v` and `%#v`, which are formats of their own. */
export interface Format {
  width: number | undefined;
  precision: number | undefined;
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  plusV: boolean;
  sharpV: boolean;
}

export function newFormat(): Format {
  return {
    width: undefined,
    precision: undefined,
    minus: false,
    plus: false,
    sharp: false,
    space: false,
    zero: false,
    plusV: false,
    sharpV: false,
  };
}

/** Bytes that may still be printed. Every leaf takes its share, so that no width and no list grows past the limit. */
export interface Budget {
  left: number;
}

export function take(budget: Budget, text: string): string {
  budget.left -= text.length;
  if (budget.left < 0) throw new LimitError('the printed text is too long');
  return text;
}

function runeCount(text: string): number {
  return isAscii(text) ? text.length : runesOf(text).length;
}

/** Pads to the width of the format: left unless `-`, with zeros where `0` is set. */
export function pad(text: string, format: Format): string {
  const missing = (format.width ?? 0) - runeCount(text);
  if (missing <= 0) return text;
  if (format.minus) return text + ' '.repeat(missing);
  return (format.zero ? '0' : ' ').repeat(missing) + text;
}

function padWithSpaces(text: string, format: Format): string {
  return pad(text, { ...format, zero: false });
}

/** An integer in a base; `value` carries its own sign. */
export function formatInteger(value: bigint, base: number, verb: string, format: Format): string {
  if (format.precision === 0 && value === 0n) return ' '.repeat(format.width ?? 0);
  const negative = value < 0n;
  const sign = negative ? '-' : format.plus ? '+' : format.space ? ' ' : '';
  const digits = (negative ? -value : value).toString(base).padStart(leastDigits(format, sign !== ''), '0');
  const text = sign + basePrefix(digits, base, verb, format) + digits;
  return padWithSpaces(verb === 'X' ? text.toUpperCase() : text, format);
}

/** `%05d` and `%.5d` ask for zeros; the precision wins. */
function leastDigits(format: Format, signed: boolean): number {
  if (format.precision !== undefined) return format.precision;
  if (!format.zero || format.minus || format.width === undefined) return 0;
  return format.width - (signed ? 1 : 0);
}

function basePrefix(digits: string, base: number, verb: string, format: Format): string {
  const octal = verb === 'O' ? '0o' : '';
  if (!format.sharp) return octal;
  if (base === 2) return '0b';
  if (base === 16) return '0x';
  return octal + (base === 8 && !digits.startsWith('0') ? '0' : '');
}

/** `%c`; a negative or too large number is U+FFFD. */
export function formatCharacter(value: bigint, format: Format): string {
  return pad(runeText(clampRune(value)), format);
}

/** `%q` of an integer. */
export function formatQuotedRune(value: bigint, format: Format): string {
  return pad(quoteRune(clampRune(value), format.plus), format);
}

function clampRune(value: bigint): number {
  return value < 0n || value > 0x10ffffn ? 0xfffd : Number(value);
}

/** `%U`. Negative numbers show their 64 bits. */
export function formatUnicode(value: bigint, format: Format): string {
  const code = BigInt.asUintN(64, value);
  const digits = code
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(format.precision ?? 4, 4), '0');
  const rune = clampRune(code);
  const shown = format.sharp && code <= 0x10ffffn && isPrintable(rune) ? ` '${runeText(rune)}'` : '';
  return padWithSpaces(`U+${digits}${shown}`, format);
}

/** A float; `precision` is the default of the verb. */
export function formatFloating(value: number, verb: FloatVerb, precision: number, format: Format): string {
  const wanted = format.precision ?? precision;
  const signed = withSign(formatFloat(value, verb, wanted), format);
  if (!Number.isFinite(value)) return formatNotFinite(signed, format);
  const full = format.sharp && verb !== 'b' ? withPoint(signed, verb, wanted) : signed;
  if (!format.plus && full.startsWith('+')) return pad(full.slice(1), format);
  // Zeros go between the sign and the number.
  const width = format.width ?? 0;
  const zeros = format.zero && !format.minus && width > full.length;
  return zeros ? full.charAt(0) + full.slice(1).padStart(width - 1, '0') : pad(full, format);
}

/** A number text with a sign always; a space instead of `+` where the format asks for it. */
function withSign(text: string, format: Format): string {
  if (text.startsWith('-')) return text;
  const digits = text.replace(/^\+/, '');
  return (format.space && !format.plus ? ' ' : '+') + digits;
}

function formatNotFinite(text: string, format: Format): string {
  if (text.startsWith('N', 1) && !format.space && !format.plus) return padWithSpaces(text.slice(1), format);
  return padWithSpaces(text, format);
}

/** `#`: always a decimal point, and for `%g` the zeros at the end. `text` has its sign. */
function withPoint(text: string, verb: FloatVerb, precision: number): string {
  const countsDigits = verb === 'g' || verb === 'G' || verb === 'x';
  let missing = countsDigits ? (precision === -1 ? 6 : precision) : 0;
  const isHex = verb === 'x' || verb === 'X';
  const tailAt = text.search(isHex ? /[pP]/ : /[eEpP]/);
  const number = tailAt < 0 ? text : text.slice(0, tailAt);
  const body = number.slice(1);
  missing -= body.replace('.', '').replace(/^0+/, '').length;
  if (number.includes('.')) return number + '0'.repeat(Math.max(missing, 0)) + text.slice(number.length);
  if (body === '0') missing -= 1;
  return `${number}.${'0'.repeat(Math.max(missing, 0))}${text.slice(number.length)}`;
}

function truncated(text: string, format: Format): string {
  if (format.precision === undefined || text.length <= format.precision) return text;
  return Array.from(text).slice(0, format.precision).join('');
}

export function formatString(text: string, format: Format): string {
  return pad(truncated(text, format), format);
}

/** `%q` of a text. */
export function formatQuoted(text: string, format: Format): string {
  const shown = truncated(text, format);
  return pad(format.sharp && canBackquote(shown) ? `\`${shown}\`` : quoteText(shown, format.plus), format);
}

/** `%x` of a text: its bytes. */
export function formatHexText(text: string, verb: 'x' | 'X', format: Format): string {
  const count = Math.min(format.precision ?? Number.POSITIVE_INFINITY, byteLength(text));
  if (count === 0) return ' '.repeat(format.width ?? 0);
  const prefix = format.sharp ? '0x' : '';
  const digits = toBytes(text).subarray(0, count).toString('hex');
  const body = format.space ? digits.replace(/..(?=.)/g, `$& ${prefix}`) : digits;
  return pad(verb === 'X' ? (prefix + body).toUpperCase() : prefix + body, format);
}
