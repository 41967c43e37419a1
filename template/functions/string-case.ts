import { fromRunes, isAscii, runesOf, runeText } from '../values/text.ts';
import { fn, type FunctionTable } from './define.ts';
import { camelCase, separatedCase } from './support/case-words.ts';
import {
  isDigit,
  isLetter,
  isLower,
  isSpace,
  isTitle,
  isUpper,
  lowerRune,
  mapRunes,
  titleRune,
  upperRune,
} from './support/unicode.ts';

/** What does not end a word for `strings.Title`. */
function isWordRune(rune: number): boolean {
  if (rune < 0x80) return /[0-9A-Za-z_]/.test(runeText(rune));
  return isLetter(rune) || isDigit(rune) || !isSpace(rune);
}

/** `strings.Title`: the first rune of every word in title case. */
function titleWords(text: string): string {
  let inWord = false;
  return mapRunes(text, (rune) => {
    const mapped = inWord ? rune : titleRune(rune);
    inWord = isWordRune(rune);
    return mapped;
  });
}

function untitleWords(text: string): string {
  let atStart = true;
  return mapRunes(text, (rune) => {
    const starts = atStart && !isSpace(rune);
    atStart = isSpace(rune);
    return starts ? lowerRune(rune) : rune;
  });
}

/** goutils' `SwapCase`: a lower case letter at the start of a word becomes title case. */
function swapCase(text: string): string {
  let afterSpace = true;
  const swapped = runesOf(text).map((rune) => {
    if (isUpper(rune) || isTitle(rune)) {
      afterSpace = false;
      return lowerRune(rune);
    }
    if (isLower(rune)) {
      const mapped = afterSpace ? titleRune(rune) : upperRune(rune);
      afterSpace = false;
      return mapped;
    }
    afterSpace = isSpace(rune);
    return rune;
  });
  return fromRunes(swapped);
}

/** Texts: upper and lower case, and the styles of names. */
export const stringCase = {
  upper: fn(['string'], (_context, text) => (isAscii(text) ? text.toUpperCase() : mapRunes(text, upperRune))),
  lower: fn(['string'], (_context, text) => (isAscii(text) ? text.toLowerCase() : mapRunes(text, lowerRune))),
  title: fn(['string'], (_context, text) => titleWords(text)),
  untitle: fn(['string'], (_context, text) => untitleWords(text)),
  swapcase: fn(['string'], (_context, text) => swapCase(text)),
  camelcase: fn(['string'], (_context, text) => camelCase(text)),
  snakecase: fn(['string'], (_context, text) => separatedCase(text, '_')),
  kebabcase: fn(['string'], (_context, text) => separatedCase(text, '-')),
} satisfies FunctionTable;
