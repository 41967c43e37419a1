import { GoError } from '../../problems.ts';

/**
 * Percent-encoding of `net/url` (its table of characters per part of a URL). Texts are binary: one character per byte.
 */
export type UrlPart = 'path' | 'host' | 'zone' | 'user' | 'fragment';

const ALWAYS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~';
const HOST = `${ALWAYS}!$&'()*+,;=:[]<>"`;

const plain: Record<UrlPart, string> = {
  path: `${ALWAYS}$&+,/:;=@`,
  host: HOST,
  zone: HOST,
  user: `${ALWAYS}$&+,;=`,
  fragment: `${ALWAYS}$&+,/:;=?@!()*`,
};

function othersThan(characters: string): RegExp {
  return new RegExp(`[^${characters.replace(/[\]\\^-]/g, '\\$&')}]`, 'g');
}

const escaped: Record<UrlPart, RegExp> = {
  path: othersThan(plain.path),
  host: othersThan(plain.host),
  zone: othersThan(plain.zone),
  user: othersThan(plain.user),
  fragment: othersThan(plain.fragment),
};

export function escapePart(text: string, part: UrlPart): string {
  return text.replace(
    escaped[part],
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
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
    const allowed = part === 'host' ? byte >= 0x80 : byte === 0x20 || plain.host.includes(String.fromCharCode(byte));
    if (!allowed && digits !== '25') throw new GoError('invalid URL escape');
  }
  for (const character of text) {
    if (character < '\x80' && character !== '%' && !plain.host.includes(character)) {
      throw new GoError('invalid character in host name');
    }
  }
}
