import { byteLength, fromRunes, joinText, RUNE_ERROR, sliceBytes, toBytes } from '../values/text.ts';
import { GoError } from '../problems.ts';
import { fn, type FunctionContext, type FunctionTable } from './define.ts';
import { checkLength, fromBinary, toBinary } from './support/bytes.ts';
import { mapChunks } from './support/chunks.ts';
import { isSpace } from './support/unicode.ts';

/** `strings.TrimSpace`. By index: a pattern for spaces at the end would look at every run of spaces before it. */
export function trimSpace(text: string): string {
  let from = 0;
  while (from < text.length && isSpace(text.charCodeAt(from))) from += 1;
  let to = text.length;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/** A character as `strings.ContainsRune` sees it: bytes that are no character are all U+FFFD. */
function runeAt(text: string, at: number): string {
  const code = text.codePointAt(at) ?? RUNE_ERROR;
  return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
}

/** `strings.Trim`: runes of a set off both ends. */
function trimSet(context: FunctionContext, set: string, text: string): string {
  const unwanted = new Set(Array.from(set, (rune) => runeAt(rune, 0)));
  let from = 0;
  while (from < text.length && unwanted.has(runeAt(text, from))) {
    from += (text.codePointAt(from) ?? 0) > 0xffff ? 2 : 1;
    context.spend(1);
  }
  let to = text.length;
  while (to > from) {
    const isPair = to - from > 1 && (text.codePointAt(to - 2) ?? 0) > 0xffff;
    const start = isPair ? to - 2 : to - 1;
    if (!unwanted.has(runeAt(text, start))) break;
    to = start;
    context.spend(1);
  }
  return text.slice(from, to);
}

function trimPrefix(prefix: string, text: string): string {
  const bytes = toBinary(text);
  const unwanted = toBinary(prefix);
  return bytes.startsWith(unwanted) ? fromBinary(bytes.slice(unwanted.length)) : text;
}

function trimSuffix(suffix: string, text: string): string {
  const bytes = toBinary(text);
  const unwanted = toBinary(suffix);
  return bytes.endsWith(unwanted) ? fromBinary(bytes.slice(0, bytes.length - unwanted.length)) : text;
}

/** `text[from:to]` with Go's bounds check. */
function cut(text: string, from: bigint, to: bigint): string {
  if (from < 0n || to > BigInt(byteLength(text)) || from > to) throw new GoError('slice bounds out of range');
  return sliceBytes(text, Number(from), Number(to));
}

function trunc(count: bigint, text: string): string {
  const length = BigInt(byteLength(text));
  if (count < 0n) return length + count > 0n ? cut(text, length + count, length) : text;
  return length > count ? cut(text, 0n, count) : text;
}

function substring(start: bigint, end: bigint, text: string): string {
  const length = BigInt(byteLength(text));
  if (start < 0n) return cut(text, 0n, end);
  return cut(text, start, end < 0n || end > length ? length : end);
}

const MARKER = '...';

/** goutils' `AbbreviateFull`, in bytes: `...` where something was cut. */
function abbreviate(text: string, offset: number, width: number): string {
  const bytes = toBinary(text);
  if (bytes === '' || bytes.length <= width) return text;
  const start = Math.min(offset, bytes.length, bytes.length - (width - MARKER.length));
  return fromBinary(
    abbreviated(bytes, bytes.length - offset < width - MARKER.length ? start : Math.min(offset, bytes.length), width),
  );
}

function abbreviated(bytes: string, offset: number, width: number): string {
  if (bytes.length <= width) return bytes;
  const room = width - MARKER.length;
  if (offset <= 4) return bytes.slice(0, room) + MARKER;
  if (width < 7) return '';
  if (offset + room >= bytes.length) return MARKER + bytes.slice(bytes.length - room);
  // The inner cut refuses widths below 4, and then gives nothing.
  return MARKER + (room < 4 ? '' : abbreviated(bytes.slice(offset), 0, room));
}

function abbrevBoth(left: bigint, right: bigint, text: string): string {
  if (right < 4n || (left > 0n && right < 7n)) return text;
  return abbreviate(text, clamp(left), clamp(right));
}

/** A count for arithmetic on lengths: what is beyond any text is all the same. */
function clamp(count: bigint): number {
  return Number(BigInt.asIntN(32, count) === count ? count : count < 0n ? -(2n ** 31n) : 2n ** 31n);
}

/** goutils works on bytes as if they were runes: spaces are Latin-1 spaces, and what remains is written as Latin-1. */
function deleteSpaces(context: FunctionContext, text: string): string {
  if (!LATIN_SPACE.test(toBinary(text))) return text;
  return mapChunks(context, text, (chunk) => toBinary(chunk).replace(LATIN_SPACES, ''));
}

const LATIN_SPACE = /[\t\n\v\f\r \x85\xa0]/;
const LATIN_SPACES = new RegExp(`${LATIN_SPACE.source}+`, 'g');

function initials(text: string): string {
  let inWord = false;
  const first: number[] = [];
  for (const byte of toBytes(text)) {
    const continues = !isSpace(byte);
    if (continues && !inWord) first.push(byte);
    inWord = continues;
  }
  return fromRunes(first);
}

interface Wrapping {
  readonly width: number;
  readonly newLine: string;
  readonly breakWords: boolean;
}

/** goutils' `WrapCustom`, in bytes. */
function wrapText(text: string, wrapping: Wrapping, context: FunctionContext): string {
  const bytes = toBinary(text);
  const newLine = toBinary(wrapping.newLine === '' ? '\n' : wrapping.newLine);
  const width = Math.max(wrapping.width, 1);
  const parts: string[] = [];
  let offset = 0;
  let length = bytes.length;
  while (bytes.length - offset > width) {
    if (bytes[offset] === ' ') {
      offset += 1;
      continue;
    }
    const line = nextLine(bytes, offset, width, wrapping.breakWords);
    if (line === undefined) break;
    parts.push(bytes.slice(offset, line.end), newLine);
    offset = line.next;
    length += line.end - line.next + newLine.length;
    checkLength(length, context.limits.output);
    context.spend(1);
  }
  return joinText([fromBinary(parts.join('') + bytes.slice(offset))]);
}

interface Line {
  readonly end: number;
  readonly next: number;
}

/** Where a line ends and the next one starts; undefined when the rest stays in one line. */
function nextLine(bytes: string, offset: number, width: number, breakWords: boolean): Line | undefined {
  // Only this line is searched: a text without spaces must not be read from its start for every line.
  const space = offset + bytes.slice(offset, offset + width + 1).lastIndexOf(' ');
  if (space >= offset) return { end: space, next: space + 1 };
  if (breakWords) return { end: offset + width, next: offset + width };
  const later = bytes.indexOf(' ', offset + width);
  return later < 0 ? undefined : { end: later, next: later + 1 };
}

/** Texts: cutting, trimming, wrapping. Lengths are bytes. */
export const stringShape = {
  trim: fn(['string'], (_context, text) => trimSpace(text)),
  trimall: fn(['string', 'string'], trimSet),
  trimAll: fn(['string', 'string'], trimSet),
  trimPrefix: fn(['string', 'string'], (_context, prefix, text) => trimPrefix(prefix, text)),
  trimSuffix: fn(['string', 'string'], (_context, suffix, text) => trimSuffix(suffix, text)),
  trunc: fn(['int', 'string'], (_context, count, text) => trunc(count, text)),
  substr: fn(['int', 'int', 'string'], (_context, start, end, text) => substring(start, end, text)),
  abbrev: fn(['int', 'string'], (_context, width, text) => (width < 4n ? text : abbreviate(text, 0, clamp(width)))),
  abbrevboth: fn(['int', 'int', 'string'], (_context, left, right, text) => abbrevBoth(left, right, text)),
  nospace: fn(['string'], deleteSpaces),
  initials: fn(['string'], (_context, text) => initials(text)),
  wrap: fn(['int', 'string'], (context, width, text) =>
    wrapText(text, { width: clamp(width), newLine: '', breakWords: false }, context),
  ),
  wrapWith: fn(['int', 'string', 'string'], (context, width, newLine, text) =>
    wrapText(text, { width: clamp(width), newLine, breakWords: true }, context),
  ),
} satisfies FunctionTable;
