import { fromBytes, toBytes } from '../values/text.ts';
import { fn, type FunctionContext, type FunctionTable } from './define.ts';
import { decodeBase32, encodeBase32 } from './encoding/base32.ts';
import { decodeBase64, type Decoded } from './encoding/base64.ts';
import { checkLength } from './support/bytes.ts';

/** sprig gives the text of the error as the result. */
function textOr(decoded: Decoded, name: string): string {
  return decoded.ok ? fromBytes(decoded.bytes) : `illegal ${name} data at input byte ${decoded.at}`;
}

function bytesFor(context: FunctionContext, text: string): Buffer {
  const bytes = toBytes(text);
  checkLength(bytes.length, context.limits.output);
  context.spend(bytes.length >> 4);
  return bytes;
}

/** Base 64 and base 32 with the standard alphabets (RFC 4648). */
export const encoding = {
  b64enc: fn(['string'], (context, text) => bytesFor(context, text).toString('base64')),
  b64dec: fn(['string'], (context, text) => textOr(decodeBase64(bytesFor(context, text)), 'base64')),
  b32enc: fn(['string'], (context, text) => encodeBase32(bytesFor(context, text))),
  b32dec: fn(['string'], (context, text) => textOr(decodeBase32(bytesFor(context, text)), 'base32')),
} satisfies FunctionTable;
