import { createHash } from 'node:crypto';
import { toBytes } from '../values/text.ts';
import { fn, type FunctionContext, type FunctionTable } from './define.ts';

const ADLER_MODULUS = 65_521;
/** Bytes after which the sums could leave the exact range of a number, rounded down to what is usual (RFC 1950 implementations). */
const ADLER_BLOCK = 5_552;

function digest(algorithm: 'sha256' | 'sha512', text: string): string {
  return createHash(algorithm).update(toBytes(text)).digest('hex');
}

/** Adler-32 of RFC 1950 as a decimal number. */
function adler32(context: FunctionContext, text: string): string {
  const bytes = toBytes(text);
  let low = 1;
  let high = 0;
  for (let from = 0; from < bytes.length; from += ADLER_BLOCK) {
    context.spend(ADLER_BLOCK >> 6);
    for (const byte of bytes.subarray(from, from + ADLER_BLOCK)) {
      low += byte;
      high += low;
    }
    low %= ADLER_MODULUS;
    high %= ADLER_MODULUS;
  }
  return String(high * 0x10000 + low);
}

/** Checksums of the bytes of a text; `sha1sum` is with the functions of the peer. */
export const checksums = {
  sha256sum: fn(['string'], (_context, text) => digest('sha256', text)),
  sha512sum: fn(['string'], (_context, text) => digest('sha512', text)),
  adler32sum: fn(['string'], (context, text) => adler32(context, text)),
} satisfies FunctionTable;
