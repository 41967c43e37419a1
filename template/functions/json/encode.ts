import type { FieldLimits } from '../../limits.ts';
import { GoError, LimitError } from '../../problems.ts';
import { type GoList, type GoMap, type GoOpaque, type GoValue, plain } from '../../values.ts';
import { compareText, normalText } from '../../values/text.ts';

/** How `encoding/json` writes: `html` escapes `<`, `>` and `&`; `indent` is `MarshalIndent` with two spaces. */
export interface JsonStyle {
  readonly html: boolean;
  readonly indent: boolean;
}

interface Writing extends JsonStyle {
  readonly limits: FieldLimits;
  readonly spend: (units: number) => void;
  left: number;
}

// eslint-disable-next-line no-control-regex
const SPECIAL = /["\\\0-\x1f\u2028\u2029\udc80-\udcff]/u;
// eslint-disable-next-line no-control-regex
const SPECIALS = /["\\\0-\x1f\u2028\u2029\udc80-\udcff]/gu;
const HTML = /[<>&]/g;

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

function unicodeEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** A byte that is no character is written as the escape of U+FFFD. */
function escaped(character: string): string {
  const code = character.charCodeAt(0);
  if (code >= 0xdc80 && code <= 0xdcff) return '\\ufffd';
  return escapes[character] ?? unicodeEscape(character);
}

function writeText(text: string, writing: Writing): string {
  const normal = normalText(text);
  const safe = SPECIAL.test(normal) ? normal.replace(SPECIALS, escaped) : normal;
  return `"${writing.html ? safe.replace(HTML, unicodeEscape) : safe}"`;
}

/** The shortest form; JavaScript changes to exponents where Go does. */
function writeFloat(value: number): string {
  if (!Number.isFinite(value)) throw new GoError('json: unsupported value');
  return Object.is(value, -0) ? '-0' : String(value);
}

function take(text: string, writing: Writing): string {
  writing.left -= text.length;
  writing.spend(1);
  if (writing.left < 0) throw new LimitError(`the JSON is longer than ${writing.limits.output} bytes`);
  return text;
}

function write(value: GoValue, writing: Writing, depth: number): string {
  const bare = plain(value);
  if (depth > writing.limits.valueDepth) throw new LimitError('the value is too deeply nested for JSON');
  if (bare === null) return take('null', writing);
  switch (typeof bare) {
    case 'string':
      return take(writeText(bare, writing), writing);
    case 'number':
      return take(writeFloat(bare), writing);
    case 'object':
      return writeObject(bare, writing, depth);
    default:
      return take(String(bare), writing);
  }
}

function writeObject(value: Extract<GoValue, object>, writing: Writing, depth: number): string {
  switch (value.go) {
    case 'number':
      return take(String(value.value), writing);
    case 'typed':
      return write(value.value, writing, depth);
    case 'complex':
      throw new GoError('json: unsupported type: complex128');
    case 'list':
      return writeList(value, writing, depth);
    case 'map':
      return writeMap(value, writing, depth);
    default:
      return writeOpaque(value, writing, depth);
  }
}

function writeOpaque(value: GoOpaque, writing: Writing, depth: number): string {
  const { json, integer } = value.type;
  if (json !== undefined) return write(json(value.value), writing, depth + 1);
  return take(integer === undefined ? '{}' : String(integer(value.value)), writing);
}

function writeList(list: GoList, writing: Writing, depth: number): string {
  if (list.isNil) return take('null', writing);
  if (list.type === '[]uint8') return take(`"${bytesOf(list).toString('base64')}"`, writing);
  return bracketed(
    list.items.map((item) => write(item, writing, depth + 1)),
    '[]',
    writing,
    depth,
  );
}

function bytesOf(list: GoList): Buffer {
  return Buffer.from(
    list.items.map((item) => (typeof item === 'object' && item?.go === 'number' ? Number(item.value) : 0)),
  );
}

/** Keys in the order of their bytes. */
function writeMap(map: GoMap, writing: Writing, depth: number): string {
  if (map.isNil) return take('null', writing);
  const entries = [...map.entries].sort(([left], [right]) => compareText(left, right));
  const colon = writing.indent ? ': ' : ':';
  const members = entries.map(
    ([key, item]) => `${take(writeText(key, writing), writing)}${colon}${write(item, writing, depth + 1)}`,
  );
  return bracketed(members, '{}', writing, depth);
}

function bracketed(members: readonly string[], brackets: '[]' | '{}', writing: Writing, depth: number): string {
  const open = brackets.charAt(0);
  const close = brackets.charAt(1);
  if (members.length === 0) return take(brackets, writing);
  if (!writing.indent) {
    writing.left -= members.length + 1;
    return `${open}${members.join(',')}${close}`;
  }
  const line = `\n${'  '.repeat(depth + 1)}`;
  writing.left -= (members.length + 1) * (line.length + 1);
  if (writing.left < 0) throw new LimitError(`the JSON is longer than ${writing.limits.output} bytes`);
  return `${open}${line}${members.join(`,${line}`)}\n${'  '.repeat(depth)}${close}`;
}

/** A value as `encoding/json` writes it. Throws `GoError` for infinities, NaN and complex numbers. */
export function encodeJson(
  value: GoValue,
  style: JsonStyle,
  context: { readonly limits: FieldLimits; readonly spend: (units: number) => void },
): string {
  const spend = (units: number): void => context.spend(units);
  return write(value, { ...style, limits: context.limits, spend, left: context.limits.output }, 0);
}
