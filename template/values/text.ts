import { isUtf8 } from 'node:buffer';

/**
 * Go strings are bytes. Here they are JavaScript strings in which a byte that is no part of valid UTF-8 is the lone surrogate
 * U+DC80..U+DCFF ("surrogate escape"). Text from rows and templates never contains a lone surrogate (`cleanText` at the edge), so the
 * escape is unambiguous. Joining two strings can complete a character: `joinText` and `normalText` put it together again.
 */
const ESCAPE_BASE = 0xdc00;
const ESCAPED_BYTE = /[\ud800-\udfff]/u;
const ESCAPES = /([\udc80-\udcff])/u;
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
  const parts = text.split(ESCAPES).map((part) => {
    const code = part.charCodeAt(0);
    return part.length === 1 && isEscape(code) ? Buffer.of(code - ESCAPE_BASE) : Buffer.from(part, 'utf8');
  });
  return Buffer.concat(parts);
}

/** The string of some bytes; bytes that are not UTF-8 stay what they are. */
export function fromBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(bytes)) return buffer.toString('utf8');
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes, at);
    if (size === 0) {
      parts.push(buffer.toString('utf8', from, at), String.fromCharCode(ESCAPE_BASE + (bytes[at] ?? 0)));
      from = at + 1;
    }
    at += Math.max(size, 1);
  }
  parts.push(buffer.toString('utf8', from));
  return parts.join('');
}

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
  return isValidText(text) ? Buffer.byteLength(text, 'utf8') : toBytes(text).length;
}

/** `text[from:to]` in bytes. The caller has checked the bounds. */
export function sliceBytes(text: string, from: number, to?: number): string {
  return isAscii(text) ? text.slice(from, to) : fromBytes(toBytes(text).subarray(from, to));
}

/** One spelling per byte sequence, so that equality of strings is equality of bytes. */
export function normalText(text: string): string {
  return isValidText(text) ? text : fromBytes(toBytes(text));
}

export function joinText(parts: readonly string[], separator = ''): string {
  return normalText(parts.join(separator));
}

/** Text for the outside world: every byte that is no character becomes U+FFFD, as Go's JSON encoder writes it. */
export function toHostText(text: string): string {
  const normal = normalText(text);
  return isValidText(normal) ? normal : normal.replace(new RegExp(ESCAPED_BYTE.source, 'gu'), '\ufffd');
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
