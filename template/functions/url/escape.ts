import { GoError } from '../../problems.ts';

/**
 * Percent-encoding of `net/url` (its table of characters per part of a URL). Texts are binary: one character per byte.
 */
export type UrlPart = 'path' | 'host' | 'zone' | 'user' | 'fragment';

const ALWAYS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~';
const HOST = `${ALWAYS}!$&'()*+,;=:[]<>"`;

const plain: Record<UrlPart, ReadonlySet<string>> = {
  path: new Set(`${ALWAYS}$&+,/:;=@`),
  host: new Set(HOST),
  zone: new Set(HOST),
  user: new Set(`${ALWAYS}$&+,;=`),
  fragment: new Set(`${ALWAYS}$&+,/:;=?@!()*`),
};

export function escapePart(text: string, part: UrlPart): string {
  return Array.from(text, (character) => {
    if (plain[part].has(character)) return character;
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** Throws `GoError` for a `%` without two digits, and in hosts for what must not be there. */
export function unescapePart(text: string, part: UrlPart): string {
  if (part === 'host' || part === 'zone') checkHost(text, part);
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw new GoError('invalid URL escape');
  return text.replace(/%(..)/g, (_match, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** A host escapes nothing but bytes above ASCII, a zone only what may stand there; `%25` is allowed in both. */
function checkHost(text: string, part: 'host' | 'zone'): void {
  for (const [, digits = ''] of text.matchAll(/%([0-9a-fA-F]{2})/g)) {
    const byte = Number.parseInt(digits, 16);
    const allowed = part === 'host' ? byte >= 0x80 : byte === 0x20 || plain.host.has(String.fromCharCode(byte));
    if (!allowed && digits !== '25') throw new GoError('invalid URL escape');
  }
  for (const character of text) {
    if (character < '\x80' && character !== '%' && !plain.host.has(character)) {
      throw new GoError('invalid character in host name');
    }
  }
}
