import { fromRunes, runesOf, runeText } from '../../values/text.ts';

/** The parts of Go's `unicode` and `strings` that JavaScript does differently: case maps one rune to one rune. */
const SPACE = /^[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/;
const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;
const NUMBER = /^\p{N}$/u;
const UPPER = /^\p{Lu}$/u;
const LOWER = /^\p{Ll}$/u;
const TITLE = /^\p{Lt}$/u;
const PUNCTUATION = /^\p{P}$/u;

/** A test of runes that looks ASCII up instead of matching it: texts can be long. */
function classOf(pattern: RegExp): (rune: number) => boolean {
  const ascii = Array.from({ length: 0x80 }, (_item, rune) => pattern.test(String.fromCharCode(rune)));
  return (rune) => (rune < 0x80 ? ascii[rune] === true : pattern.test(runeText(rune)));
}

export const isSpace = classOf(SPACE);
export const isLetter = classOf(LETTER);
export const isDigit = classOf(DIGIT);
export const isNumber = classOf(NUMBER);
export const isUpper = classOf(UPPER);
export const isLower = classOf(LOWER);
export const isTitle = classOf(TITLE);
export const isPunctuation = classOf(PUNCTUATION);

/** Greek letters with a iota below: their full upper case has two runes, the simple one is 8 or 9 further. */
const IOTA_BELOW = /^[\u1f80-\u1f87\u1f90-\u1f97\u1fa0-\u1fa7]$/;

const titleCases: ReadonlyMap<number, number> = new Map(
  [0x1c4, 0x1c7, 0x1ca, 0x1f1].flatMap((first) => [0, 1, 2].map((step) => [first + step, first + 1] as const)),
);

function oneRune(mapped: string, rune: number): number {
  const code = mapped.codePointAt(0) ?? rune;
  return runeText(code).length === mapped.length ? code : rune;
}

/** `unicode.ToUpper`. */
export function upperRune(rune: number): number {
  if (rune < 0x80) return rune >= 0x61 && rune <= 0x7a ? rune - 0x20 : rune;
  const text = runeText(rune);
  if (IOTA_BELOW.test(text)) return rune + 8;
  if (rune === 0x1fb3 || rune === 0x1fc3 || rune === 0x1ff3) return rune + 9;
  return oneRune(text.toUpperCase(), rune);
}

/** `unicode.ToLower`. */
export function lowerRune(rune: number): number {
  if (rune < 0x80) return rune >= 0x41 && rune <= 0x5a ? rune + 0x20 : rune;
  return rune === 0x130 ? 0x69 : oneRune(runeText(rune).toLowerCase(), rune);
}

/** `unicode.ToTitle`: upper case but for the digraphs and Georgian. */
export function titleRune(rune: number): number {
  if (rune >= 0x10d0 && rune <= 0x10ff) return rune;
  return titleCases.get(rune) ?? upperRune(rune);
}

/** Charges work, as `FunctionContext.spend`: texts can be long, and a field's time is short. */
export type Spend = (units: number) => void;

const RUNES_PER_CHARGE = 1_024;

/** Every rune through a function; what is no character becomes U+FFFD, as `strings.Map` does. */
export function mapRunes(text: string, map: (rune: number) => number, spend: Spend): string {
  const runes = runesOf(text);
  for (let at = 0; at < runes.length; at += 1) {
    runes[at] = map(runes[at] ?? 0);
    // After the work: a short text never looks at the clock.
    if (at % RUNES_PER_CHARGE === RUNES_PER_CHARGE - 1) spend(RUNES_PER_CHARGE);
  }
  return fromRunes(runes);
}
