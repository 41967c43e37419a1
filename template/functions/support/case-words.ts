import { fromRunes, RUNE_ERROR, runesOf, runeText } from '../../values/text.ts';
import { isLetter, isNumber, isPunctuation, isSpace, isUpper, lowerRune, type Spend, upperRune } from './unicode.ts';

/** The name styles of `huandu/xstrings` 1.5, which sprig uses. */
type WordKind = 'invalid' | 'number' | 'upper' | 'alphabet' | 'connector' | 'punctuation' | 'other';

interface Word {
  readonly kind: WordKind;
  readonly runes: readonly number[];
}

/** A word costs more than its runes: it is cut out, looked at and written. */
const WORK_PER_WORD = 8;

const DASH = 0x2d;
const UNDERSCORE = 0x5f;

function isConnector(rune: number): boolean {
  return rune === DASH || rune === UNDERSCORE || isSpace(rune);
}

/** Letters but for the ideographs `xstrings` knows. */
function isAlphabet(rune: number): boolean {
  const isIdeograph =
    (rune >= 0x3400 && rune <= 0x4d85) || (rune >= 0x4e00 && rune <= 0x9fcc) || (rune >= 0x20000 && rune <= 0x2b81d);
  return isLetter(rune) && !isIdeograph;
}

/** The next rune that is a character, or the end. */
function validFrom(runes: readonly number[], from: number): number {
  let at = from;
  while (runes[at] === RUNE_ERROR) at += 1;
  return at;
}

/** End of the runes that belong together. A byte that is no character belongs to what follows it, and at the end to what it follows. */
function runLength(runes: readonly number[], from: number, belongs: (rune: number) => boolean): number {
  let end = from;
  for (;;) {
    const next = validFrom(runes, end);
    if (next >= runes.length) return runes.length;
    if (!belongs(runes[next] ?? 0)) return end;
    end = next + 1;
  }
}

function kindOf(rune: number): WordKind {
  if (isConnector(rune)) return 'connector';
  if (isPunctuation(rune)) return 'punctuation';
  if (isUpper(rune)) return 'upper';
  if (isAlphabet(rune)) return 'alphabet';
  return isNumber(rune) ? 'number' : 'other';
}

const continues: Readonly<Record<Exclude<WordKind, 'upper' | 'invalid'>, (rune: number) => boolean>> = {
  connector: isConnector,
  punctuation: isPunctuation,
  alphabet: (rune) => isAlphabet(rune) && !isUpper(rune),
  number: isNumber,
  other: (rune) => !isConnector(rune) && !isAlphabet(rune) && !isNumber(rune) && !isPunctuation(rune),
};

/** End of a word that starts with an upper case letter: `HTTP` of `HTTPServer`, or `Server`. */
function upperEnd(runes: readonly number[], from: number): number {
  const next = validFrom(runes, from + 1);
  const second = runes[next];
  if (second === undefined) return runes.length;
  if (isUpper(second)) return capitalsEnd(runes, from + 1, next + 1);
  return isAlphabet(second) ? runLength(runes, from + 1, continues.alphabet) : from + 1;
}

/** End of several capitals; the last one starts the next word when letters follow. */
function capitalsEnd(runes: readonly number[], lastStart: number, lastEnd: number): number {
  let start = lastStart;
  let end = lastEnd;
  for (;;) {
    const next = validFrom(runes, end);
    const rune = runes[next];
    if (rune === undefined) return runes.length;
    if (!isUpper(rune)) return isAlphabet(rune) ? start : end;
    start = end;
    end = next + 1;
  }
}

function words(text: string, spend: Spend): Word[] {
  const runes = runesOf(text);
  const found: Word[] = [];
  for (let at = 0; at < runes.length; ) {
    const first = validFrom(runes, at);
    if (first >= runes.length) return [...found, { kind: 'invalid', runes: runes.slice(at) }];
    const kind = kindOf(runes[first] ?? 0);
    const end = kind === 'upper' ? upperEnd(runes, first) : runLength(runes, first + 1, continues[kind as 'other']);
    found.push({ kind, runes: runes.slice(at, end) });
    spend(WORK_PER_WORD + end - at);
    at = end;
  }
  return found;
}

function lowered(word: Word, connector: string): string {
  if (word.kind !== 'upper' && word.kind !== 'connector') return fromRunes(word.runes);
  return word.runes
    .map((rune) => (isConnector(rune) ? connector : runeText(isUpper(rune) ? lowerRune(rune) : rune)))
    .join('');
}

const separators: ReadonlySet<WordKind> = new Set(['connector', 'punctuation']);

function needsConnector(next: Word | undefined): boolean {
  return next !== undefined && next.kind !== 'invalid' && !separators.has(next.kind);
}

/** `ToSnakeCase` and `ToKebabCase`. */
export function separatedCase(text: string, connector: string, spend: Spend): string {
  const all = words(text, spend);
  const parts: string[] = [];
  for (let at = 0; at < all.length; ) {
    spend(WORK_PER_WORD);
    at = separateWord(all, at, { parts, connector });
  }
  return isUnchanged(text, all, parts) ? text : parts.join('');
}

/** A text with nothing to change comes back as it is, broken bytes included; any other has them replaced (recorded from Go). */
function isUnchanged(text: string, all: readonly Word[], parts: readonly string[]): boolean {
  return parts.length === all.length && !/\p{Lu}/u.test(text) && all.every(({ kind }) => !separators.has(kind));
}

interface Output {
  readonly parts: string[];
  readonly connector: string;
}

function write(output: Output, word: Word | undefined): void {
  if (word !== undefined) output.parts.push(lowered(word, output.connector));
}

/** Writes a word and what belongs to it; gives the index of the next one. Digits stick to the letters around them. */
function separateWord(all: readonly Word[], at: number, output: Output): number {
  const word = all[at];
  write(output, word);
  const next = all[at + 1];
  if (next === undefined || word === undefined || separators.has(word.kind)) return at + 1;
  if (word.kind === 'number') return joinTail(all, at + 1, output);
  if (next.kind !== 'number') {
    if (!separators.has(next.kind)) output.parts.push(output.connector);
    return at + 1;
  }
  return separateNumber(all, at + 1, output);
}

function joinTail(all: readonly Word[], from: number, output: Output): number {
  let at = from;
  while (all[at]?.kind === 'alphabet' || all[at]?.kind === 'number') {
    write(output, all[at]);
    at += 1;
  }
  if (needsConnector(all[at])) output.parts.push(output.connector);
  return at;
}

/** Digits after a word: with letters behind them they start a new one (`http_2xx`), else they end this one (`utf8_text`). */
function separateNumber(all: readonly Word[], at: number, output: Output): number {
  const digits = all[at];
  const after = all[at + 1];
  if (after === undefined) return at;
  if (after.kind !== 'alphabet') {
    write(output, digits);
    if (!separators.has(after.kind)) output.parts.push(output.connector);
    return at + 1;
  }
  output.parts.push(output.connector);
  write(output, digits);
  return joinTail(all, at + 1, output);
}

/** `ToPascalCase`, which is what sprig calls `camelcase`. */
export function camelCase(text: string, spend: Spend): string {
  const runes = runesOf(text);
  const start = runes.findIndex((rune) => !isConnector(rune));
  // Nothing but connectors: xstrings writes the last one twice.
  if (start < 0) return fromRunes([...runes, ...runes.slice(-1)]);
  const first = runes[start] ?? 0;
  const output: number[] = runes.slice(0, start);
  let wasUpper = isUpper(first);
  let previous = upperRune(first);
  for (const rune of runes.slice(start + 1)) {
    let current = rune;
    spend(1);
    if (isConnector(rune) && isConnector(previous)) {
      output.push(previous);
      previous = rune;
      continue;
    }
    if (isConnector(previous)) {
      wasUpper = isUpper(rune);
      current = upperRune(rune);
    } else {
      if (wasUpper && isUpper(rune)) current = lowerRune(rune);
      else if (wasUpper) wasUpper = false;
      output.push(previous);
    }
    previous = current;
  }
  return fromRunes([...output, previous]);
}
