import { withoutEnd } from '../../domain/text-ends.ts';
import type { ScalarStyle } from './located.ts';

/**
 * The text of a scalar read once more, with the place of each of its characters: YAML folds lines and replaces escapes, and the parser keeps no
 * record of it. Who calls compares the text with the parser's, so that what is not understood here is no wrong place.
 */
export class ScalarText {
  text = '';
  /** Offsets into the source of the scalar, one for each UTF-16 unit of `text`. */
  readonly offsets: number[] = [];

  add(characters: string, offset: number, step: 0 | 1 = 0): void {
    this.text += characters;
    for (let index = 0; index < characters.length; index++) this.offsets.push(offset + index * step);
  }
}

interface Line {
  readonly text: string;
  readonly offset: number;
}

function linesOf(source: string): readonly Line[] {
  const lines: Line[] = [];
  for (let from = 0; from <= source.length; ) {
    const end = source.indexOf('\n', from);
    const to = end < 0 ? source.length : end;
    lines.push({ text: source.slice(from, source[to - 1] === '\r' && end >= 0 ? to - 1 : to), offset: from });
    from = to + 1;
  }
  return lines;
}

/** All ways in which the source of a scalar may be meant; the parser knows which of them it is. */
export function* readScalar(source: string, style: ScalarStyle): Generator<ScalarText> {
  if (style !== 'block') {
    yield readFlow(source, style);
    return;
  }
  const [header, ...body] = linesOf(source);
  const first = body.find(({ text }) => text.trim() !== '');
  const found = first === undefined ? 0 : indentOf(first.text);
  // A header with a number counts from the indentation of the parent, which is not known here.
  const indents = /[1-9]/.test(header?.text ?? '')
    ? Array.from({ length: found + 1 }, (_, less) => found - less)
    : [found];
  for (const indent of indents) yield readBlock(body, indent, source.startsWith('>'));
}

const indentOf = (line: string): number => /^ */.exec(line)?.[0].length ?? 0;
const isMoreIndented = (line: string): boolean => /^[ \t]/.test(line);

function readBlock(body: readonly Line[], indent: number, folds: boolean): ScalarText {
  const read = new ScalarText();
  const lines = body.map(({ text, offset }) => ({
    text: text.slice(indent),
    offset: offset + Math.min(indent, text.length),
  }));
  let breaks = 0;
  let before: string | undefined;
  for (const { text, offset } of lines) {
    if (text !== '') {
      const joins = folds && before !== undefined && !isMoreIndented(before) && !isMoreIndented(text);
      read.add(joins ? folded(breaks - 1) : '\n'.repeat(breaks), offset);
      read.add(text, offset, 1);
      before = text;
      breaks = 0;
    }
    breaks += 1;
  }
  return read;
}

/** What line breaks become: one is a space, further ones stay. */
const folded = (empty: number): string => (empty === 0 ? ' ' : '\n'.repeat(empty));

/** Quoted and plain scalars: lines are trimmed and folded. */
function readFlow(source: string, style: ScalarStyle): ScalarText {
  const read = new ScalarText();
  const isQuoted = style !== 'plain';
  const lines = linesOf(isQuoted ? source.slice(0, -1) : source);
  let empty = 0;
  let joined = true;
  for (const [index, line] of lines.entries()) {
    const { text, offset, isContinued } = trimmed(line, {
      isQuoted,
      isFirst: index === 0,
      isLast: index === lines.length - 1,
      isDouble: style === 'double',
    });
    if (text === '' && index > 0 && index < lines.length - 1) {
      empty += 1;
      continue;
    }
    if (!joined) read.add(folded(empty), offset);
    else if (empty > 0) read.add('\n'.repeat(empty), offset);
    empty = 0;
    addCharacters(read, { text, offset }, style);
    joined = isContinued;
  }
  return read;
}

interface LinePlace {
  readonly isQuoted: boolean;
  readonly isDouble: boolean;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** The last character is a backslash that escapes what follows. */
const endsEscaping = (text: string): boolean => /(?:^|[^\\])(?:\\\\)*\\$/.test(text);

function trimmed({ text, offset }: Line, place: LinePlace): Line & { readonly isContinued: boolean } {
  const from = begin(text, place);
  const isContinued = place.isDouble && !place.isLast && endsEscaping(text);
  const whole = isContinued ? text.slice(from, -1) : text.slice(from);
  const isWhole = isContinued || (place.isLast && place.isQuoted);
  return { text: isWhole ? whole : withoutBlanks(whole, place), offset: offset + from, isContinued };
}

function begin(text: string, { isFirst, isQuoted }: LinePlace): number {
  if (isFirst) return isQuoted ? 1 : 0;
  return /^[ \t]*/.exec(text)?.[0].length ?? 0;
}

/** Without the blanks at the end, but for one that is escaped. */
function withoutBlanks(text: string, { isDouble }: LinePlace): string {
  const kept = withoutEnd(text, ' \t');
  return isDouble && endsEscaping(kept) ? text.slice(0, kept.length + 1) : kept;
}

const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  e: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  N: '\u0085',
  _: '\u00a0',
  L: '\u2028',
  P: '\u2029',
};
const digitsOf: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function addCharacters(read: ScalarText, { text, offset }: Line, style: ScalarStyle): void {
  if (style === 'plain') return read.add(text, offset, 1);
  for (let at = 0; at < text.length; ) {
    const [characters, length] = style === 'double' ? escaped(text, at) : doubled(text, at);
    read.add(characters, offset + at);
    at += length;
  }
}

function doubled(text: string, at: number): readonly [string, number] {
  return text.startsWith("''", at) ? ["'", 2] : [text[at] ?? '', 1];
}

function escaped(text: string, at: number): readonly [string, number] {
  if (text[at] !== '\\') return [text[at] ?? '', 1];
  const letter = text[at + 1] ?? '';
  const digits = digitsOf[letter];
  if (digits === undefined) return [escapes[letter] ?? letter, 2];
  const code = Number.parseInt(text.slice(at + 2, at + 2 + digits), 16);
  return [code <= 0x10_ff_ff ? String.fromCodePoint(code) : '', 2 + digits];
}
