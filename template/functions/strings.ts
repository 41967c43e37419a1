import { sprintf } from '../fmt/printf.ts';
import { type GoValue, goList, goMap } from '../values.ts';
import { joinText } from '../values/text.ts';
import { fn, type FunctionContext, type FunctionTable, variadic } from './define.ts';
import { checkLength, isWhole, repeatText, replaceAll, splitText, toBinary } from './support/bytes.ts';
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
    replaceAll(text, from, to, context.limits.output),
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
  splitList: fn(['string', 'string'], (_context, separator, text) => goList(splitText(text, separator), '[]string')),
  split: fn(['string', 'string'], (_context, separator, text) => numbered(splitText(text, separator))),
  splitn: fn(['string', 'int', 'string'], (_context, separator, count, text) =>
    numbered(splitText(text, separator, Number(count))),
  ),
} satisfies FunctionTable;
