import { createHash } from 'node:crypto';
import { GoError } from '../problems.ts';
import { type GoValue, goMap } from '../values.ts';
import { decodeJson } from '../values/json.ts';
import { byteLength, sliceBytes, toBytes } from '../values/text.ts';
import { fn, type FunctionTable } from './define.ts';
import { hostOf } from './url/host.ts';

const MAX_NAME = 63;

/** The host of a URL without its port; for what is no URL with a host, what is before the first colon. */
function toHost(text: string): string {
  const host = hostOf(text);
  if (host !== undefined) return host;
  const colon = text.indexOf(':');
  return colon < 0 ? text : text.slice(0, colon);
}

/** Unlike sprig's: a text that is no JSON is an empty map. */
function fromJson(text: string): GoValue {
  try {
    return decodeJson(text);
  } catch (error) {
    if (error instanceof GoError) return goMap();
    throw error;
  }
}

/** What the peer adds to sprig or changes in it (lynq-parity.md, 4.4). */
export const lynq = {
  toHost: fn(['string'], (_context, text) => toHost(text)),
  trunc63: fn(['string'], (_context, text) => (byteLength(text) > MAX_NAME ? sliceBytes(text, 0, MAX_NAME) : text)),
  sha1sum: fn(['string'], (_context, text) => createHash('sha1').update(toBytes(text)).digest('hex')),
  fromJson: fn(['string'], (_context, text) => fromJson(text)),
} satisfies FunctionTable;
