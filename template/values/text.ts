import { isUtf8 } from 'node:buffer';

/**
 * Go strings are bytes. Here they are JavaScript strings in which a byte that is no part of valid UTF-8 is the lone surrogate
 * U+DC80..U+DCFF ("surrogate escape"). Text from rows and templates never contains a lone surrogate (`cleanText` at the edge), so the
 * escape is unambiguous. Joining two strings can complete a character: `joinText` and `normalText` put it together again.
 */
const ESCAPE_BASE = 0xdc00;
const ESCAPED_BYTE = /[\ud800-\udfff]/u;
const NON_ASCII = /[^\0-\x7f]/;
const ABOVE_PLANE_ORDER = /[\ud800-\uffff]/;

/** U+FFFD, what Go puts where a byte is not a character. */
export const RUNE_ERROR = 0xfffd;

/** True when every byte is part of a valid character. */
export function isValidText(text: string): boolean {
  return !ESCAPED_BYTE.test(text);
}

export function isAscii(text: string): boolean {
  return !NON_ASCII.test(text);
}

/** Text from outside: a lone surrogate, which no UTF-8 source can hold, becomes U+FFFD as Go's decoders do. */
export function cleanText(text: string): string {
  return isValidText(text) ? text : Buffer.from(text, 'utf8').toString('utf8');
}

/** The bytes of a string. */
export function toBytes(text: string): Buffer {
  if (isValidText(text)) return Buffer.from(text, 'utf8');
  // A lone surrogate becomes the three bytes of U+FFFD; those of an escape are put back to the one byte it stands for.
  const bytes = Buffer.from(text, 'utf8');
  let from = 0;
  let to = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at) ?? RUNE_ERROR;
    const size = encodedSize(code);
    if (code > 0xffff) at += 1;
    if (isEscape(code)) bytes[to] = code - ESCAPE_BASE;
    else if (from !== to) bytes.copyWithin(to, from, from + size);
    to += isEscape(code) ? 1 : size;
    from += size;
  }
  return bytes.subarray(0, to);
}

function encodedSize(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/** The string of some bytes; bytes that are not UTF-8 stay what they are. */
export function fromBytes(bytes: Uint8Array): string {
  if (isUtf8(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  // No byte needs more than one unit of UTF-16.
  const units = new Uint16Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at);
    const code = size === 0 ? ESCAPE_BASE + (bytes[at] ?? 0) : characterAt(bytes, at, size);
    if (code > 0xffff) {
      units[length] = 0xd7c0 + (code >> 10);
      units[length + 1] = 0xdc00 + (code & 0x3ff);
    } else {
      units[length] = code;
    }
    length += code > 0xffff ? 2 : 1;
    at += Math.max(size, 1);
  }
  return decodeUnits(units.subarray(0, length));
}

/** The character of a sequence that `characterSize` has checked. */
function characterAt(bytes: Uint8Array, at: number, size: number): number {
  let code = (bytes[at] ?? 0) & (size === 1 ? 0x7f : 0xff >> (size + 1));
  for (let next = at + 1; next < at + size; next += 1) code = (code << 6) | ((bytes[next] ?? 0) & 0x3f);
  return code;
}

function decodeUnits(units: Uint16Array): string {
  const parts: string[] = [];
  for (let at = 0; at < units.length; at += UNITS_AT_ONCE) {
    parts.push(String.fromCharCode(...units.subarray(at, at + UNITS_AT_ONCE)));
  }
  return parts.join('');
}

const UNITS_AT_ONCE = 8_192;

/** Bytes of the character at `at`, 0 when there is no valid one (RFC 3629: no surrogates, no long forms, nothing above U+10FFFF). */
function characterSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const size = sizes[first] ?? 0;
  if (size < 2) return size;
  const low = secondByteFrom.get(first) ?? 0x80;
  const high = secondByteTo.get(first) ?? 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < low || second > high) return 0;
  for (let next = at + 2; next < at + size; next += 1) {
    if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  return size;
}

/** Bytes of a character by its first byte; 0 for a byte that starts none. */
const sizes = Uint8Array.from({ length: 0x100 }, (_item, first) => {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
});

const secondByteFrom: ReadonlyMap<number, number> = new Map([
  [0xe0, 0xa0],
  [0xf0, 0x90],
]);

const secondByteTo: ReadonlyMap<number, number> = new Map([
  [0xed, 0x9f],
  [0xf4, 0x8f],
]);

function isEscape(code: number): boolean {
  return code >= 0xdc80 && code <= 0xdcff;
}

/** Number of bytes, what Go's `len` gives. */
export function byteLength(text: string): number {
  if (isAscii(text)) return text.length;
  return isValidText(text) ? Buffer.byteLength(text, 'utf8') : toBytes(text).length;
}

/** `text[from:to]` in bytes. The caller has checked the bounds. */
export function sliceBytes(text: string, from: number, to?: number): string {
  return isAscii(text) ? text.slice(from, to) : fromBytes(toBytes(text).subarray(from, to));
}

/** Escapes that may be one character: nothing else has a second spelling. */
const JOINABLE = /[\udcc2-\udcf4][\udc80-\udcbf]/;

/** One spelling per byte sequence, so that equality of strings is equality of bytes. */
export function normalText(text: string): string {
  return JOINABLE.test(text) ? fromBytes(toBytes(text)) : text;
}

export function joinText(parts: readonly string[], separator = ''): string {
  return normalText(parts.join(separator));
}

/** Text for the outside world: every byte that is no character becomes U+FFFD, as Go's JSON encoder writes it. */
export function toHostText(text: string): string {
  if (isAscii(text)) return text;
  const normal = normalText(text);
  // Node writes U+FFFD for a lone surrogate.
  return isValidText(normal) ? normal : Buffer.from(normal, 'utf8').toString('utf8');
}

/** Code points as Go's `range` sees them: a byte that is no character counts as U+FFFD. */
export function runesOf(text: string): number[] {
  const runes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.codePointAt(at) ?? RUNE_ERROR;
    if (code > 0xffff) at += 1;
    runes.push(isEscape(code) ? RUNE_ERROR : code);
  }
  return runes;
}

/** `string([]rune)`: what is not a character becomes U+FFFD. */
export function fromRunes(runes: readonly number[]): string {
  const parts: string[] = [];
  for (let at = 0; at < runes.length; at += RUNES_AT_ONCE) {
    parts.push(String.fromCodePoint(...runes.slice(at, at + RUNES_AT_ONCE).map(validRune)));
  }
  return parts.join('');
}

const RUNES_AT_ONCE = 4_096;

function validRune(rune: number): number {
  return rune >= 0 && rune <= 0x10ffff && (rune < 0xd800 || rune > 0xdfff) ? rune : RUNE_ERROR;
}

/** `string(rune)`. */
export function runeText(rune: number): string {
  return String.fromCodePoint(validRune(rune));
}

/** Order of bytes: negative, zero or positive. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  if (ABOVE_PLANE_ORDER.test(left) || ABOVE_PLANE_ORDER.test(right))
    return Buffer.compare(toBytes(left), toBytes(right));
  return left < right ? -1 : 1;
}
