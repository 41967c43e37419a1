import type { Decoded } from './base64.ts';

/** `base32.StdEncoding` of Go, with its positions of errors: they count without line breaks. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PAD = 0x3d;
const GROUP = 8;

const values = Uint8Array.from({ length: 256 }, (_item, byte) => ALPHABET.indexOf(String.fromCharCode(byte)) & 0xff);
const INVALID = 0xff;

export function encodeBase32(bytes: Buffer): string {
  const digits = Buffer.alloc(Math.ceil(bytes.length / 5) * GROUP, PAD);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) {
      digits[at] = digitAt(held >> (bits - 5));
      at += 1;
    }
  }
  if (bits > 0) digits[at] = digitAt(held << (5 - bits));
  return digits.toString('latin1');
}

const digitCodes = Uint8Array.from(ALPHABET, (digit) => digit.charCodeAt(0));

function digitAt(value: number): number {
  return digitCodes[value & 31] ?? 0;
}

interface Group {
  readonly end: number;
  readonly isLast: boolean;
}

/** The group of digits that starts at `from`, or the position of an error. */
function readGroup(source: Buffer, from: number): Group | number {
  for (let at = from; at < from + GROUP; at += 1) {
    const byte = source[at];
    const count = at - from;
    if (byte === undefined) return source.length - count;
    if (byte === PAD && count >= 2 && source.length - at - 1 < GROUP) {
      return problemInPadding(source, at + 1, count) ?? { end: at, isLast: true };
    }
    if (values[byte] === INVALID) return at;
  }
  return { end: from + GROUP, isLast: false };
}

/** `after` is what follows the first `=`, which stands behind `count` digits. */
function problemInPadding(source: Buffer, after: number, count: number): number | undefined {
  const wanted = GROUP - 1 - count;
  if (source.length - after < wanted) return source.length;
  for (let index = 0; index < wanted; index += 1) {
    const byte = source[after + index];
    if (byte !== undefined && byte !== PAD) return after + index - 1;
  }
  return count === 3 || count === 6 ? after - 1 : undefined;
}

function bytesOf(digits: Buffer): Buffer {
  const bytes = Buffer.alloc(Math.floor((digits.length * 5) / 8));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const digit of digits) {
    held = ((held << 5) | (values[digit] ?? 0)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (held >> bits) & 0xff;
    at += 1;
  }
  return bytes;
}

export function decodeBase32(text: Buffer): Decoded {
  const hasBreaks = text.includes(0x0a) || text.includes(0x0d);
  const source = hasBreaks ? Buffer.from(text.filter((byte) => byte !== 0x0a && byte !== 0x0d)) : text;
  let end = 0;
  while (end < source.length) {
    const group = readGroup(source, end);
    if (typeof group === 'number') return { ok: false, at: group };
    end = group.end;
    if (group.isLast) break;
  }
  return { ok: true, bytes: bytesOf(source.subarray(0, end)) };
}
