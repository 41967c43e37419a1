import { GoError, LimitError } from '../problems.ts';
import { type GoList, type GoValue, goList, nilList } from '../values.ts';
import { appendedOneByOne, appendedTo, withCapacity } from '../values/backing.ts';
import { fn, type FunctionContext, type FunctionTable, type GoFunction } from './define.ts';
import { compilePattern, searchIn, type Span } from './regex/pattern.ts';
import { literalReplacement, parseReplacement, replaceMatches } from './regex/replace.ts';

type Context = FunctionContext;

function matches(context: Context, pattern: string, text: string): boolean {
  return searchIn(text, compilePattern(pattern, context), context).at(0) !== undefined;
}

/** sprig ignores the error of a pattern that is none. */
function matchesOrNot(context: Context, pattern: string, text: string): boolean {
  try {
    return matches(context, pattern, text);
  } catch (error) {
    if (error instanceof GoError) return false;
    throw error;
  }
}

function find(context: Context, pattern: string, text: string): string {
  const span = searchIn(text, compilePattern(pattern, context), context).at(0);
  return span === undefined ? '' : text.slice(span.from, span.to);
}

/** `Regexp.FindAllStringIndex`: no empty match right behind another match; a negative count is no limit. */
function spansOf(context: Context, pattern: string, text: string, count: bigint): readonly Span[] {
  const search = searchIn(text, compilePattern(pattern, context), context);
  const spans: Span[] = [];
  let previousEnd = -1;
  for (let position = 0; position <= text.length && (count < 0n || spans.length < count); ) {
    const span = search.at(position);
    if (span === undefined) break;
    const isEmpty = span.to === position;
    if (!isEmpty || span.from !== previousEnd) spans.push(span);
    if (spans.length > context.limits.items) throw new LimitError(`more than ${context.limits.items} matches`);
    position = isEmpty ? position + Math.max(search.width(position), 1) : span.to;
    previousEnd = span.to;
  }
  return spans;
}

function texts(parts: readonly string[]): GoList {
  return goList(parts, '[]string');
}

/** Go makes room for that many matches at once. */
const ROOM = 10;

function findAll(context: Context, pattern: string, text: string, count: bigint): GoValue {
  const spans = spansOf(context, pattern, text, count);
  return spans.length === 0
    ? nilList('[]string')
    : appendedOneByOne(texts(spans.map(({ from, to }) => text.slice(from, to))), ROOM);
}

/** `Regexp.Split`. */
function split(context: Context, pattern: string, text: string, count: bigint): GoValue {
  if (count === 0n) {
    compilePattern(pattern, context);
    return nilList('[]string');
  }
  const spans = spansOf(context, pattern, text, count);
  if (pattern !== '' && text === '') return texts(['']);
  const parts: string[] = [];
  let begin = 0;
  let end = 0;
  for (const span of spans) {
    if (count > 0n && BigInt(parts.length) >= count - 1n) break;
    end = span.from;
    if (span.to !== 0) parts.push(text.slice(begin, end));
    begin = span.to;
  }
  const all = texts(end === text.length ? parts : [...parts, text.slice(begin)]);
  return all.items.length > spans.length ? appendedTo(spans.length, all) : withCapacity(all, spans.length);
}

function quoteMeta(text: string): string {
  return text.replace(/[\\.+*?()|[\]{}^$]/g, '\\$&');
}

const finder: GoFunction = fn(['string', 'string'], find);
const allFinder: GoFunction = fn(['string', 'string', 'int'], findAll);
const splitter: GoFunction = fn(['string', 'string', 'int'], split);
const replacer: GoFunction = fn(['string', 'string', 'string'], (context, pattern, text, replacement) =>
  replaceMatches(text, compilePattern(pattern, context), parseReplacement(replacement), context),
);
const literalReplacer: GoFunction = fn(['string', 'string', 'string'], (context, pattern, text, replacement) =>
  replaceMatches(text, compilePattern(pattern, context), literalReplacement(replacement), context),
);

/** RE2 patterns with the functions of Go's `regexp`. All but `regexMatch` fail on a bad pattern, with `must` and without. */
export const regex = {
  regexMatch: fn(['string', 'string'], matchesOrNot),
  mustRegexMatch: fn(['string', 'string'], matches),
  regexFind: finder,
  mustRegexFind: finder,
  regexFindAll: allFinder,
  mustRegexFindAll: allFinder,
  regexReplaceAll: replacer,
  mustRegexReplaceAll: replacer,
  regexReplaceAllLiteral: literalReplacer,
  mustRegexReplaceAllLiteral: literalReplacer,
  regexSplit: splitter,
  mustRegexSplit: splitter,
  regexQuoteMeta: fn(['string'], (_context, text) => quoteMeta(text)),
} satisfies FunctionTable;
