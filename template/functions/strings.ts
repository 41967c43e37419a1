import { sprintf } from '../fmt/printf.ts';
import { type GoValue, goList, goMap } from '../values.ts';
import { LimitError } from '../problems.ts';
import { joinText, normalText } from '../values/text.ts';
import { fn, type FunctionContext, type FunctionTable, variadic } from './define.ts';
import { checkLength, isWhole, repeatText, replaceAll, splitText, toBinary } from './support/bytes.ts';
import { mapChunks } from './support/chunks.ts';
import { textOfValue, textsOf } from './support/text-of.ts';

type Search = 'includes' | 'startsWith' | 'endsWith';

function search(text: string, needle: string, how: Search): boolean {
  return isWhole(needle) ? text[how](needle) : toBinary(text)[how](toBinary(needle));
}

function indentText(context: FunctionContext, spaces: bigint, text: string): string {
  const padding = repeatText(' ', spaces, context.limits.output);
  return padding + replaceAll(text, '\n', `\n${padding}`, context.limits.output);
}

/** `%v` of every value that is not nil, with spaces between. */
function cat(context: FunctionContext, values: readonly GoValue[]): string {
  const shown = values.filter((value) => value !== null).map((value) => sprintf('%v', [value], context.limits.output));
  return joined(context, shown, ' ');
}

function joined(context: FunctionContext, parts: readonly string[], separator: string): string {
  const length = parts.reduce((sum, part) => sum + part.length + separator.length, 0);
  checkLength(length, context.limits.output);
  return joinText(parts, separator);
}

function quoteEach(context: FunctionContext, values: readonly GoValue[], quote: (value: GoValue) => string): string {
  return joined(context, values.filter((value) => value !== null).map(quote), ' ');
}

/** `strings.ReplaceAll` of the empty text, which is found around every rune. */
function spread(context: FunctionContext, to: string, text: string): string {
  if (to === '') return normalText(text);
  const between = (chunk: string): string => Array.from(chunk, (rune) => rune + to).join('');
  checkLength(to.length + text.length, context.limits.output);
  return normalText(to + mapChunks(context, text, between));
}

/** Parts of a text; refuses more of them than a list may have. */
function parts(context: FunctionContext, text: string, separator: string, count = -1): string[] {
  const { items } = context.limits;
  const found = splitText(text, separator, count, items + 1);
  if (found.length > items) throw new LimitError(`more than ${items} elements in a list`);
  context.spend(found.length);
  return found;
}

/** `map[string]string` with the keys `_0`, `_1`, ... */
function numbered(parts: readonly string[]): GoValue {
  return goMap(
    parts.map((part, index) => [`_${index}`, part] as const),
    'map[string]string',
  );
}

/** Texts: searching, joining, splitting, quoting. */
export const strings = {
  contains: fn(['string', 'string'], (_context, needle, text) => search(text, needle, 'includes')),
  hasPrefix: fn(['string', 'string'], (_context, needle, text) => search(text, needle, 'startsWith')),
  hasSuffix: fn(['string', 'string'], (_context, needle, text) => search(text, needle, 'endsWith')),
  repeat: fn(['int', 'string'], (context, count, text) => repeatText(text, count, context.limits.output)),
  replace: fn(['string', 'string', 'string'], (context, from, to, text) =>
    from === '' ? spread(context, to, text) : replaceAll(text, from, to, context.limits.output),
  ),
  indent: fn(['int', 'string'], (context, spaces, text) => indentText(context, spaces, text)),
  nindent: fn(['int', 'string'], (context, spaces, text) => `\n${indentText(context, spaces, text)}`),
  plural: fn(['string', 'string', 'int'], (_context, one, many, count) => (count === 1n ? one : many)),
  cat: variadic([], 'any', (context, values) => cat(context, values)),
  quote: variadic([], 'any', (context, values) =>
    quoteEach(context, values, (value) =>
      sprintf('%q', [textOfValue(value, context.limits.output)], context.limits.output),
    ),
  ),
  squote: variadic([], 'any', (context, values) =>
    quoteEach(context, values, (value) => sprintf("'%v'", [value], context.limits.output)),
  ),
  toString: fn(['any'], (context, value) => textOfValue(value, context.limits.output)),
  toStrings: fn(['any'], (context, value) => goList(textsOf(value, context.limits.output), '[]string')),
  join: fn(['string', 'any'], (context, separator, value) =>
    joined(context, textsOf(value, context.limits.output), separator),
  ),
  splitList: fn(['string', 'string'], (context, separator, text) =>
    goList(parts(context, text, separator), '[]string'),
  ),
  split: fn(['string', 'string'], (context, separator, text) => numbered(parts(context, text, separator))),
  splitn: fn(['string', 'int', 'string'], (context, separator, count, text) =>
    numbered(parts(context, text, separator, Number(count))),
  ),
} satisfies FunctionTable;
