/** `base64.StdEncoding.DecodeString`: line breaks are skipped, the position of an error is that of Go. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const PAD = 0x3d;

const isDigit = Uint8Array.from({ length: 256 }, (_item, byte) =>
  ALPHABET.includes(String.fromCharCode(byte)) ? 1 : 0,
);

/** The decoded bytes, or the position of the byte that is wrong. */
export type Decoded = { readonly ok: true; readonly bytes: Buffer } | { readonly ok: false; readonly at: number };

function isBreak(byte: number | undefined): boolean {
  return byte === 0x0a || byte === 0x0d;
}

function skipBreaks(source: Buffer, from: number): number {
  let at = from;
  while (isBreak(source[at])) at += 1;
  return at;
}

/** The position of what is wrong, undefined for a valid text. */
function problemIn(source: Buffer): number | undefined {
  let inGroup = 0;
  for (let at = 0; at < source.length; at += 1) {
    const byte = source[at] ?? 0;
    if (isDigit[byte] === 1) inGroup = (inGroup + 1) % 4;
    else if (byte === PAD) return problemInPadding(source, at, inGroup);
    else if (!isBreak(byte)) return at;
  }
  return inGroup === 0 ? undefined : source.length - inGroup;
}

/** What may follow the first `=`, which stands at `at` behind `inGroup` digits of its group. */
function problemInPadding(source: Buffer, at: number, inGroup: number): number | undefined {
  if (inGroup < 2) return at;
  let next = at + 1;
  if (inGroup === 2) {
    next = skipBreaks(source, next);
    if (next === source.length) return source.length;
    if (source[next] !== PAD) return next - 1;
    next += 1;
  }
  next = skipBreaks(source, next);
  return next < source.length ? next : undefined;
}

export function decodeBase64(source: Buffer): Decoded {
  const at = problemIn(source);
  if (at !== undefined) return { ok: false, at };
  return { ok: true, bytes: Buffer.from(source.toString('latin1'), 'base64') };
}
