import type { Decoded } from './base64.ts';

/** `base32.StdEncoding` of Go, with its positions of errors: they count without line breaks. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PAD = 0x3d;
const GROUP = 8;

/** Digits that 1, 2, 3 and 4 bytes need. */
const digitsOf = [0, 2, 4, 5, 7] as const;

const values = Uint8Array.from({ length: 256 }, (_item, byte) => ALPHABET.indexOf(String.fromCharCode(byte)) & 0xff);
const INVALID = 0xff;

export function encodeBase32(bytes: Buffer): string {
  const groups: string[] = [];
  for (let from = 0; from < bytes.length; from += 5) {
    const chunk = bytes.subarray(from, from + 5);
    const padded = Buffer.alloc(8);
    chunk.copy(padded, 3);
    const digits = padded
      .readBigUInt64BE()
      .toString(32)
      .padStart(GROUP, '0')
      .replace(/./g, (digit) => ALPHABET.charAt(Number.parseInt(digit, 32)));
    groups.push(digits.slice(0, digitsOf[chunk.length] ?? GROUP).padEnd(GROUP, '='));
  }
  return groups.join('');
}

interface Group {
  readonly digits: readonly number[];
  readonly next: number;
  readonly isLast: boolean;
}

/** One group of digits from `from` on, or the position of an error. */
function readGroup(source: Buffer, from: number): Group | number {
  const digits: number[] = [];
  for (let at = from; digits.length < GROUP; at += 1) {
    const byte = source[at];
    if (byte === undefined) return source.length - digits.length;
    const left = source.length - at - 1;
    if (byte === PAD && digits.length >= 2 && left < GROUP) {
      return problemInPadding(source, at + 1, digits.length) ?? { digits, next: source.length, isLast: true };
    }
    const value = values[byte] ?? INVALID;
    if (value === INVALID) return at;
    digits.push(value);
  }
  return { digits, next: from + GROUP, isLast: false };
}

/** `after` is what follows the first `=`, which stands behind `count` digits. */
function problemInPadding(source: Buffer, after: number, count: number): number | undefined {
  const wanted = GROUP - 1 - count;
  if (source.length - after < wanted) return source.length;
  for (let index = 0; index < wanted; index += 1) {
    const byte = source[after + index];
    if (byte !== undefined && byte !== PAD) return after + index - 1;
  }
  return count === 1 || count === 3 || count === 6 ? after - 1 : undefined;
}

function bytesOf(digits: readonly number[]): Buffer {
  const value = digits.reduce((sum, digit) => sum * 32n + BigInt(digit), 0n) << BigInt(5 * (GROUP - digits.length));
  const all = Buffer.alloc(8);
  all.writeBigUInt64BE(value);
  return all.subarray(3, 3 + Math.floor((digits.length * 5) / 8));
}

export function decodeBase32(text: Buffer): Decoded {
  const source = Buffer.from(text.filter((byte) => byte !== 0x0a && byte !== 0x0d));
  const parts: Buffer[] = [];
  for (let at = 0; at < source.length; ) {
    const group = readGroup(source, at);
    if (typeof group === 'number') return { ok: false, at: group };
    parts.push(bytesOf(group.digits));
    if (group.isLast) break;
    at = group.next;
  }
  return { ok: true, bytes: Buffer.concat(parts) };
}
