import { GoError, LimitError } from '../problems.ts';
import { ANY_LIST, type GoList, type GoValue, goList, isList, nilList } from '../values.ts';
import { appendedOneByOne, appendedTo, capacityOf, sliceWithin } from '../values/backing.ts';
import { castInt64 } from '../values/convert.ts';
import { deepEqual } from '../values/deep-equal.ts';
import { compareText } from '../values/text.ts';
import { kindOf } from '../values/types.ts';
import { isEmpty } from './defaults.ts';
import { fn, type FunctionContext, type FunctionTable, variadic } from './define.ts';
import { equality, valueSet } from './support/equality.ts';
import { textOfValue, textsOf } from './support/text-of.ts';

/** The argument as a list; anything else is an error of the call, nil too. */
function listOf(value: GoValue, verb: string): GoList {
  if (isList(value)) return value;
  throw new GoError(
    value === null ? 'invalid memory address or nil pointer dereference' : `Cannot ${verb} on type ${kindOf(value)}`,
  );
}

/** Refuses a list before it is made. */
function checkItems(context: FunctionContext, count: number): void {
  if (count > context.limits.items) throw new LimitError(`more than ${context.limits.items} elements in a list`);
  context.spend(count / 64);
}

function push(context: FunctionContext, value: GoValue, item: GoValue): GoList {
  const { items } = listOf(value, 'push');
  checkItems(context, items.length + 1);
  return appendedTo(items.length, goList([...items, item]));
}

function prepend(context: FunctionContext, value: GoValue, item: GoValue): GoList {
  const { items } = listOf(value, 'prepend');
  checkItems(context, items.length + 1);
  return appendedTo(1, goList([item, ...items]));
}

/** All elements but the first or the last; a nil list for an empty one. */
function without1(context: FunctionContext, value: GoValue, from: 0 | 1, verb: string): GoList {
  const { items } = listOf(value, verb);
  if (items.length === 0) return nilList();
  checkItems(context, items.length);
  return goList(items.slice(from, items.length - 1 + from));
}

function reverse(context: FunctionContext, value: GoValue): GoList {
  const { items } = listOf(value, 'find reverse');
  checkItems(context, items.length);
  return goList([...items].reverse());
}

function compact(context: FunctionContext, value: GoValue): GoList {
  const { items } = listOf(value, 'compact');
  checkItems(context, items.length);
  return appendedOneByOne(goList(items.filter((item) => !isEmpty(item))));
}

function uniq(context: FunctionContext, value: GoValue): GoList {
  const seen = valueSet(context);
  const kept = listOf(value, 'find uniq').items.filter((item) => {
    if (seen.has(item)) return false;
    seen.add(item);
    return true;
  });
  return appendedOneByOne(goList(kept));
}

function without(context: FunctionContext, value: GoValue, unwanted: readonly GoValue[]): GoList {
  const { items } = listOf(value, 'find without');
  const omitted = valueSet(context, unwanted);
  return appendedOneByOne(goList(items.filter((item) => !omitted.has(item))));
}

/** Only here a nil list is an empty one. */
function has(context: FunctionContext, needle: GoValue, haystack: GoValue): boolean {
  if (haystack === null) return false;
  const bounds = equality(context);
  return listOf(haystack, 'find has').items.some((item) => {
    context.spend(1);
    return deepEqual(needle, item, bounds);
  });
}

/** Bounds are checked against the capacity, as `reflect.Value.Slice` does: elements that were cut off come back. */
function slice(context: FunctionContext, value: GoValue, bounds: readonly GoValue[]): GoValue {
  const list = listOf(value, 'slice');
  if (list.items.length === 0) return null;
  const [first, second] = bounds;
  const from = first === undefined ? 0n : castInt64(first);
  const to = second === undefined ? BigInt(list.items.length) : castInt64(second);
  if (from < 0n || to < from || to > BigInt(capacityOf(list))) throw new GoError('slice index out of bounds');
  checkItems(context, Number(to - from));
  return sliceWithin(list, Number(from), Number(to));
}

const CHUNKS = `[]${ANY_LIST}`;

/** sprig computes the chunks with floats; a size below 1 has their results, and mostly their errors. */
function chunk(context: FunctionContext, size: bigint, value: GoValue): GoList {
  const { items } = listOf(value, 'chunk');
  const step = Number(size);
  const count = Math.floor((items.length - 1) / step) + 1;
  if (Number.isNaN(count) || count < 0 || !Number.isFinite(count)) throw new GoError('makeslice: len out of range');
  checkItems(context, items.length);
  const chunks = Array.from({ length: count }, (_item, index) => {
    const last = index === count - 1 ? items.length % step : 0;
    const length = last === 0 ? step : last;
    if (length < 0) throw new GoError('makeslice: len out of range');
    return goList(items.slice(index * step, index * step + length));
  });
  return goList(chunks, CHUNKS);
}

/** No lists at all make a nil list. */
function concat(context: FunctionContext, lists: readonly GoValue[]): GoList {
  const parts = lists.map((list) => listOf(list, 'concat').items);
  checkItems(
    context,
    parts.reduce((sum, items) => sum + items.length, 0),
  );
  const items = parts.flat();
  return items.length === 0 ? nilList() : appendedOneByOne(goList(items));
}

/** Texts in the order of their bytes. A `[]string` is sorted in place, as in Go: whoever holds it sees the new order. */
function sortAlpha(context: FunctionContext, value: GoValue): GoList {
  if (!isList(value)) return goList([textOfValue(value, context.limits.output)], '[]string');
  context.spend(value.items.length);
  if (value.type !== '[]string') return goList(textsOf(value, context.limits.output).sort(compareText), '[]string');
  // The one function that changes a list.
  (value.items as string[]).sort(compareText);
  return value;
}

const makeList = variadic([], 'any', (context, items) => {
  checkItems(context, items.length);
  return goList(items);
});

const pushed = fn(['any', 'any'], push);
const prepended = fn(['any', 'any'], prepend);
const first = fn(['any'], (_context, list) => listOf(list, 'find first').items[0] ?? null);
const last = fn(['any'], (_context, list) => listOf(list, 'find last').items.at(-1) ?? null);
const rest = fn(['any'], (context, list) => without1(context, list, 1, 'find rest'));
const initial = fn(['any'], (context, list) => without1(context, list, 0, 'find initial'));
const reversed = fn(['any'], reverse);
const unique = fn(['any'], uniq);
const omitted = variadic(['any'], 'any', (context, values, list) => without(context, list, values));
const contained = fn(['any', 'any'], has);
const cut = variadic(['any'], 'any', (context, bounds, list) => slice(context, list, bounds));
const chunked = fn(['int', 'any'], chunk);
const compacted = fn(['any'], compact);

/** Lists. None is changed but by `sortAlpha`; `must...` differs in Go by how it fails, which templates cannot tell. */
export const lists = {
  list: makeList,
  tuple: makeList,
  append: pushed,
  mustAppend: pushed,
  push: pushed,
  mustPush: pushed,
  prepend: prepended,
  mustPrepend: prepended,
  first,
  mustFirst: first,
  last,
  mustLast: last,
  rest,
  mustRest: rest,
  initial,
  mustInitial: initial,
  reverse: reversed,
  mustReverse: reversed,
  uniq: unique,
  mustUniq: unique,
  without: omitted,
  mustWithout: omitted,
  has: contained,
  mustHas: contained,
  slice: cut,
  mustSlice: cut,
  chunk: chunked,
  mustChunk: chunked,
  compact: compacted,
  mustCompact: compacted,
  concat: variadic([], 'any', concat),
  sortAlpha: fn(['any'], sortAlpha),
} satisfies FunctionTable;
