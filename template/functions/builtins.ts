import { sprint, sprintf, sprintln } from '../fmt/printf.ts';
import { GoError } from '../problems.ts';
import { type GoValue, goNumber } from '../values.ts';
import { byteLength, normalText, toBytes } from '../values/text.ts';
import { elementType, integerOf, typeName } from '../values/types.ts';
import { fn, type FunctionContext, type FunctionTable, variadic } from './define.ts';
import { mapChunks } from './support/chunks.ts';

function lengthOf(value: GoValue): bigint {
  if (typeof value === 'string') return BigInt(byteLength(value));
  if (typeof value === 'object' && value !== null && value.go === 'list') return BigInt(value.items.length);
  if (typeof value === 'object' && value !== null && value.go === 'map') return BigInt(value.entries.size);
  throw new GoError(value === null ? 'len of nil pointer' : `len of type ${typeName(value)}`);
}

/** Go's `index`: `x[1][2][3]`. A missing key of a map is the zero of its type. */
function indexOf(item: GoValue, indexes: readonly GoValue[]): GoValue {
  if (item === null) throw new GoError('index of untyped nil');
  let current: GoValue = item;
  for (const index of indexes) current = indexOnce(current, index);
  return current;
}

function indexOnce(item: GoValue, index: GoValue): GoValue {
  if (item === null) throw new GoError('index of nil pointer');
  if (typeof item === 'string') return goNumber('uint8', BigInt(toBytes(item)[position(index, byteLength(item))] ?? 0));
  if (typeof item === 'object' && item.go === 'list') return item.items[position(index, item.items.length)] ?? null;
  if (typeof item !== 'object' || item.go !== 'map') throw new GoError(`can't index item of type ${typeName(item)}`);
  if (typeof index !== 'string') {
    const problem = index === null ? 'value is nil' : `value has type ${typeName(index)}`;
    throw new GoError(`${problem}; should be string`);
  }
  return item.entries.get(index) ?? zeroOf(elementType(item.type));
}

function zeroOf(type: string): GoValue {
  return type === 'string' ? '' : null;
}

/** Go checks against the length and then panics at the length itself: both are errors of the call. */
function position(index: GoValue, length: number): number {
  const at = integerOf(index);
  if (at === undefined) {
    throw new GoError(`cannot index slice/array with ${index === null ? 'nil' : `type ${typeName(index)}`}`);
  }
  if (at < 0n || at >= BigInt(length)) throw new GoError('index out of range');
  return Number(at);
}

/** `evalArgs` of `text/template`: one text stays as it is, anything else is printed. */
function textOf(context: FunctionContext, args: readonly GoValue[]): string {
  const [first] = args;
  // Unlike `print`, these print nil as `<no value>`.
  if (args.length === 1 && typeof first === 'string') return first;
  return sprint(
    args.map((arg) => arg ?? '<no value>'),
    context.limits.output,
  );
}

const htmlEscapes: Readonly<Record<string, string>> = {
  '\0': '\ufffd',
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
};

function escapeHtml(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\0"'&<>]/g, (character) => htmlEscapes[character] ?? character);
}

const jsEscapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '<': '\\u003C',
  '>': '\\u003E',
  '&': '\\u0026',
  '=': '\\u003D',
};

// eslint-disable-next-line no-control-regex
const JS_SPECIAL = /[\0-\x1f\\'"<>&=]|[^\0-\x7f\p{L}\p{M}\p{N}\p{P}\p{S}]/gu;

function escapeJs(text: string): string {
  return text.replace(JS_SPECIAL, (character) => {
    const escape = jsEscapes[character];
    if (escape !== undefined) return escape;
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xdc80 && code <= 0xdcff) return character;
    return `\\u${code.toString(16).toUpperCase().padStart(4, '0')}`;
  });
}

/** `url.QueryEscape` of every byte. */
const queryEscapes: readonly string[] = Array.from({ length: 0x100 }, (_item, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9\-_.~]/.test(character)) return character;
  return byte === 0x20 ? '+' : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

function escapeQuery(text: string): string {
  const parts: string[] = [];
  for (const byte of toBytes(text)) parts.push(queryEscapes[byte] ?? '');
  return parts.join('');
}

function notAFunction(value: GoValue): never {
  throw new GoError(value === null ? 'call of nil' : `non-function of type ${typeName(value)}`);
}

function stop(): never {
  throw new GoError('the template stops here');
}

/** The functions of `text/template` itself, without comparisons and `and`, `or`. sprig's `slice` hides the one of the language. */
export const builtins = {
  len: fn(['any'], (_context, value) => lengthOf(value)),
  index: variadic(['any'], 'any', (_context, indexes, item) => indexOf(item, indexes)),
  print: variadic([], 'any', (context, values) => sprint(values, context.limits.output)),
  println: variadic([], 'any', (context, values) => sprintln(values, context.limits.output)),
  printf: variadic(['string'], 'any', (context, values, format) => sprintf(format, values, context.limits.output)),
  html: variadic([], 'any', (context, values) => mapChunks(context, textOf(context, values), escapeHtml)),
  js: variadic([], 'any', (context, values) => mapChunks(context, normalText(textOf(context, values)), escapeJs)),
  urlquery: variadic([], 'any', (context, values) => mapChunks(context, textOf(context, values), escapeQuery)),
  call: variadic(['any'], 'any', (_context, _args, value) => notAFunction(value)),
  // Not of the language but of sprig; see `emitFunction` for its text.
  fail: fn(['string'], () => stop()),
} satisfies FunctionTable;
