import { isAscii } from '../values/text.ts';
import { fn, type FunctionTable, type GoFunction } from './define.ts';
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
  type Spend,
  titleRune,
  upperRune,
} from './support/unicode.ts';

const UNDERSCORE = 0x5f;

/** What does not end a word for `strings.Title`. */
function isWordRune(rune: number): boolean {
  if (rune < 0x80) return isLetter(rune) || isDigit(rune) || rune === UNDERSCORE;
  return isLetter(rune) || isDigit(rune) || !isSpace(rune);
}

/** `strings.Title`: the first rune of every word in title case. */
function titleWords(text: string, spend: Spend): string {
  let inWord = false;
  const title = (rune: number): number => {
    const mapped = inWord ? rune : titleRune(rune);
    inWord = isWordRune(rune);
    return mapped;
  };
  return mapRunes(text, title, spend);
}

function untitleWords(text: string, spend: Spend): string {
  let atStart = true;
  const untitle = (rune: number): number => {
    const starts = atStart && !isSpace(rune);
    atStart = isSpace(rune);
    return starts ? lowerRune(rune) : rune;
  };
  return mapRunes(text, untitle, spend);
}

/** goutils' `SwapCase`: a lower case letter at the start of a word becomes title case. */
function swapCase(text: string, spend: Spend): string {
  let afterSpace = true;
  const swap = (rune: number): number => {
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
  };
  return mapRunes(text, swap, spend);
}

type OnText = (text: string, spend: Spend) => string;

function onText(run: OnText): GoFunction {
  return fn(['string'], (context, text) => run(text, (units) => context.spend(units)));
}

/** Texts: upper and lower case, and the styles of names. */
export const stringCase = {
  upper: onText((text, spend) => (isAscii(text) ? text.toUpperCase() : mapRunes(text, upperRune, spend))),
  lower: onText((text, spend) => (isAscii(text) ? text.toLowerCase() : mapRunes(text, lowerRune, spend))),
  title: onText(titleWords),
  untitle: onText(untitleWords),
  swapcase: onText(swapCase),
  camelcase: onText(camelCase),
  snakecase: onText((text, spend) => separatedCase(text, '_', spend)),
  kebabcase: onText((text, spend) => separatedCase(text, '-', spend)),
} satisfies FunctionTable;
