import { fromBytes, runeText } from '../values/text.ts';

const simpleEscapes: ReadonlyMap<string, number> = new Map([
  ['a', 7],
  ['b', 8],
  ['f', 12],
  ['n', 10],
  ['r', 13],
  ['t', 9],
  ['v', 11],
  ['\\', 92],
]);

const hexLengths: ReadonlyMap<string, number> = new Map([
  ['x', 2],
  ['u', 4],
  ['U', 8],
]);

/** One character of a quoted text: a code point, or a single byte written with `\x` or octal digits. */
interface Character {
  readonly value: number;
  readonly isByte: boolean;
  /** UTF-16 units it took. */
  readonly length: number;
}

/** The text of a string constant with its quotes, as `strconv.Unquote` reads it; undefined for a bad escape. */
export function unquote(quoted: string): string | undefined {
  const body = quoted.slice(1, -1);
  if (quoted.startsWith('`')) return body.replaceAll('\r', '');
  if (!body.includes('\\')) return body;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const character = readCharacter(body, at, '"');
    if (character === undefined) return undefined;
    parts.push(character.isByte ? Uint8Array.of(character.value) : Buffer.from(runeText(character.value), 'utf8'));
    at += character.length;
  }
  return fromBytes(Buffer.concat(parts));
}

/** The code point of a character constant with its quotes; undefined when it is malformed. */
export function unquoteCharacter(quoted: string): number | undefined {
  const character = readCharacter(quoted.slice(1, -1), 0, "'");
  return character !== undefined && character.length === quoted.length - 2 ? character.value : undefined;
}

function readCharacter(text: string, at: number, quote: string): Character | undefined {
  const code = text.codePointAt(at);
  if (code === undefined || text[at] === quote) return undefined;
  if (text[at] !== '\\') return { value: code, isByte: false, length: code > 0xffff ? 2 : 1 };
  return readEscape(text, at + 1, quote);
}

function readEscape(text: string, at: number, quote: string): Character | undefined {
  const letter = text.charAt(at);
  const simple = simpleEscapes.get(letter);
  if (simple !== undefined) return { value: simple, isByte: false, length: 2 };
  if (letter === quote) return { value: quote.charCodeAt(0), isByte: false, length: 2 };
  const digits = hexLengths.get(letter);
  if (digits !== undefined) return readHex(text.slice(at + 1, at + 1 + digits), digits);
  const octal = /^[0-7]{3}/.exec(text.slice(at, at + 3))?.[0];
  const value = octal === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(octal, 8);
  return value > 255 ? undefined : { value, isByte: true, length: 4 };
}

function readHex(digits: string, length: number): Character | undefined {
  if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits)) return undefined;
  const value = Number.parseInt(digits, 16);
  if (length === 2) return { value, isByte: true, length: 4 };
  const valid = value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
  return valid ? { value, isByte: false, length: length + 2 } : undefined;
}
