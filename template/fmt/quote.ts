import { isValidText, runesOf, runeText } from '../values/text.ts';

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

const named: ReadonlyMap<number, string> = new Map([
  [7, '\\a'],
  [8, '\\b'],
  [12, '\\f'],
  [10, '\\n'],
  [13, '\\r'],
  [9, '\\t'],
  [11, '\\v'],
]);

/** `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols, and the ASCII space. */
export function isPrintable(rune: number): boolean {
  if (rune < 0x7f) return rune >= 0x20;
  return PRINTABLE.test(runeText(rune));
}

const QUOTED = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;
const QUOTED_TO_ASCII = /["\\]|[^\x20-\x7e]/gu;

/** `strconv.Quote`, with `asciiOnly` `strconv.QuoteToASCII`. */
export function quoteText(text: string, asciiOnly = false): string {
  const quoted = text.replace(asciiOnly ? QUOTED_TO_ASCII : QUOTED, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= 0xdc80 && code <= 0xdcff ? `\\x${hex(code - 0xdc00, 2)}` : escapeRune(code, '"', asciiOnly);
  });
  return `"${quoted}"`;
}

/** `strconv.QuoteRune`. */
export function quoteRune(rune: number, asciiOnly = false): string {
  const [valid] = runesOf(runeText(rune));
  return `'${escapeRune(valid ?? 0xfffd, "'", asciiOnly)}'`;
}

function escapeRune(rune: number, quote: string, asciiOnly: boolean): string {
  const character = String.fromCodePoint(rune);
  if (character === quote || character === '\\') return `\\${character}`;
  if ((rune < 0x80 || !asciiOnly) && isPrintable(rune)) return character;
  return named.get(rune) ?? numericEscape(rune);
}

function numericEscape(rune: number): string {
  if (rune < 0x20 || rune === 0x7f) return `\\x${hex(rune, 2)}`;
  return rune < 0x10000 ? `\\u${hex(rune, 4)}` : `\\U${hex(rune, 8)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** `strconv.CanBackquote`. */
export function canBackquote(text: string): boolean {
  // eslint-disable-next-line no-control-regex
  return isValidText(text) && !/[\0-\x08\x0a-\x1f`\x7f\ufeff]/.test(text);
}
