import { GoError, LimitError } from '../../problems.ts';
import { fromBytes, isAscii, isValidText, normalText, toBytes } from '../../values/text.ts';

/** A text with one character per byte, for functions that search and cut bytes. */
export function toBinary(text: string): string {
  return isAscii(text) ? text : toBytes(text).toString('latin1');
}

export function fromBinary(binary: string): string {
  return isAscii(binary) ? binary : fromBytes(Buffer.from(binary, 'latin1'));
}

/** True when bytes and characters give the same answer to a search: the needle is whole characters. */
export function isWhole(needle: string): boolean {
  return isValidText(needle);
}

/** `strings.Repeat`; refuses what would not fit before making it. */
export function repeatText(text: string, count: bigint, maxLength: number): string {
  if (count < 0n) throw new GoError('strings: negative Repeat count');
  checkLength(BigInt(text.length) * count, maxLength);
  return normalText(text.repeat(Number(text === '' ? 0n : count)));
}

/** Refuses a text before it is made. */
export function checkLength(length: bigint | number, maxLength: number): void {
  if (length > maxLength) throw new LimitError(`the text is longer than ${maxLength} bytes`);
}

/** `strings.ReplaceAll`: an empty `from` is found around every rune. */
export function replaceAll(text: string, from: string, to: string, maxLength: number): string {
  if (from === '') {
    const runes = Array.from(text);
    checkLength((runes.length + 1) * to.length + text.length, maxLength);
    return normalText([to, ...runes.map((rune) => rune + to)].join(''));
  }
  const whole = isWhole(from);
  const parts = whole ? text.split(from) : toBinary(text).split(toBinary(from));
  checkLength(text.length + parts.length * to.length, maxLength);
  return whole ? normalText(parts.join(to)) : fromBinary(parts.join(toBinary(to)));
}

/**
 * `strings.SplitN`: an empty separator cuts after every rune; 0 gives nothing, a negative count everything. No more than `most` parts are
 * made; the caller refuses a text that has as many.
 */
export function splitText(text: string, separator: string, count = -1, most = 0xffff_ffff): string[] {
  if (count === 0) return [];
  const parts = separator === '' ? runesAsTexts(text, most) : splitBySeparator(text, separator, most);
  if (count < 0 || parts.length <= count) return parts;
  const rest = parts.slice(count - 1);
  return [...parts.slice(0, count - 1), normalText(rest.join(separator))];
}

function runesAsTexts(text: string, most: number): string[] {
  const runes: string[] = [];
  for (const rune of text) {
    if (runes.length === most) break;
    runes.push(rune);
  }
  return runes;
}

function splitBySeparator(text: string, separator: string, most: number): string[] {
  if (isWhole(separator)) return text.split(separator, most);
  return toBinary(text).split(toBinary(separator), most).map(fromBinary);
}
