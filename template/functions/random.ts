import { GoError } from '../problems.ts';
import type { RandomStream } from '../random/entropy.ts';
import { fromRunes, runesOf } from '../values/text.ts';
import { fn, type FunctionContext, type FunctionTable } from './define.ts';
import { checkLength } from './support/bytes.ts';

const DIGITS = '0123456789';
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ASCII = Array.from({ length: 95 }, (_item, index) => String.fromCharCode(32 + index)).join('');

/** Characters of an alphabet, each as likely as any other. A negative count gives nothing, as sprig ignores its error. */
function randomText(context: FunctionContext, stream: RandomStream, alphabet: string, count: bigint): string {
  checkLength(count, context.limits.output);
  const length = count < 0n ? 0 : Number(count);
  const draw = (): string => {
    context.spend(1);
    return alphabet.charAt(stream.below(alphabet.length));
  };
  return Array.from({ length }, draw).join('');
}

function randomBase64(context: FunctionContext, count: bigint): string {
  if (count < 0n) throw new GoError('makeslice: len out of range');
  checkLength(count * 2n, context.limits.output);
  return Buffer.from(context.entropy.next().bytes(Number(count))).toString('base64');
}

const WIDEST_DRAW = 2n ** 48n;

function randomInt(stream: RandomStream, min: bigint, max: bigint): bigint {
  const range = BigInt.asIntN(64, max - min);
  if (range <= 0n) throw new GoError('invalid argument to Intn');
  if (range <= WIDEST_DRAW) return min + BigInt(stream.below(Number(range)));
  const limit = 2n ** 64n - (2n ** 64n % range);
  for (;;) {
    const value = Buffer.from(stream.bytes(8)).readBigUInt64BE();
    if (value < limit) return min + (value % range);
  }
}

/** Version 4 of RFC 9562: 122 random bits. */
function uuid(stream: RandomStream): string {
  const bytes = Buffer.from(stream.bytes(16));
  bytes[6] = (bytes.readUInt8(6) & 0x0f) | 0x40;
  bytes[8] = (bytes.readUInt8(8) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Fisher-Yates, as `xstrings.Shuffle`. */
function shuffle(context: FunctionContext, text: string): string {
  const stream = context.entropy.next();
  const runes = runesOf(text);
  for (let at = runes.length - 1; at > 0; at -= 1) {
    const other = stream.below(at + 1);
    context.spend(1);
    [runes[at], runes[other]] = [runes[other] ?? 0, runes[at] ?? 0];
  }
  return fromRunes(runes);
}

function generate(context: FunctionContext, name: string, length: bigint): string {
  if (name === '') throw new GoError('needs a name');
  if (length < 1n) throw new GoError('needs a length of at least 1');
  return randomText(context, context.entropy.named(name), DIGITS + LETTERS, length);
}

/** Random results that never change for a row (decisions.md, section 2), with sprig's distributions. */
export const random = {
  randAlphaNum: fn(['int'], (context, count) => randomText(context, context.entropy.next(), DIGITS + LETTERS, count)),
  randAlpha: fn(['int'], (context, count) => randomText(context, context.entropy.next(), LETTERS, count)),
  randNumeric: fn(['int'], (context, count) => randomText(context, context.entropy.next(), DIGITS, count)),
  randAscii: fn(['int'], (context, count) => randomText(context, context.entropy.next(), ASCII, count)),
  randBytes: fn(['int'], (context, count) => randomBase64(context, count)),
  randInt: fn(['int', 'int'], (context, min, max) => randomInt(context.entropy.next(), min, max)),
  uuidv4: fn([], (context) => uuid(context.entropy.next())),
  shuffle: fn(['string'], (context, text) => shuffle(context, text)),
  generate: fn(['string', 'int'], (context, name, length) => generate(context, name, length)),
} satisfies FunctionTable;
