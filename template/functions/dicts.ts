import { sortedEntries } from '../fmt/print.ts';
import { GoError, LimitError } from '../problems.ts';
import { ANY_MAP, type GoMap, type GoValue, goList, goMap, isMap } from '../values.ts';
import { appendedOneByOne } from '../values/backing.ts';
import { fn, type FunctionContext, type FunctionTable, variadic } from './define.ts';
import { deepCopy } from './support/deep-copy.ts';
import { setEntry } from './support/map-entry.ts';
import { mergeMaps } from './support/merge.ts';
import { textOfValue } from './support/text-of.ts';

function checkItems(context: FunctionContext, count: number): void {
  if (count > context.limits.items) throw new LimitError(`more than ${context.limits.items} entries in a map or list`);
  context.spend(count / 64);
}

/** Keys are printed as by `toString`; a last key without a value gets an empty text. */
function dict(context: FunctionContext, values: readonly GoValue[]): GoMap {
  checkItems(context, values.length);
  const map = goMap();
  for (let at = 0; at < values.length; at += 2) {
    const key = textOfValue(values[at] ?? null, context.limits.output);
    map.entries.set(key, at + 1 < values.length ? (values[at + 1] ?? null) : '');
  }
  return map;
}

/** Entries that are there; a nil one is there. */
function get(map: GoMap, key: string): GoValue {
  const value = map.entries.get(key);
  return value === undefined ? '' : value;
}

function set(context: FunctionContext, map: GoMap, key: string, value: GoValue): GoMap {
  setEntry(map, key, value);
  checkItems(context, map.entries.size);
  return map;
}

function unset(map: GoMap, key: string): GoMap {
  map.entries.delete(key);
  return map;
}

function pluck(context: FunctionContext, key: string, maps: readonly GoMap[]): GoValue {
  checkItems(context, maps.length);
  const found = maps.filter((map) => map.entries.has(key)).map((map) => map.entries.get(key) ?? null);
  return appendedOneByOne(goList(found));
}

/** Go's order is random; ours is that of printing, so that a render does not change by itself. */
function keys(context: FunctionContext, maps: readonly GoMap[]): GoValue {
  checkItems(
    context,
    maps.reduce((sum, map) => sum + map.entries.size, 0),
  );
  return appendedOneByOne(
    goList(
      maps.flatMap((map) => sortedEntries(map).map(([key]) => key)),
      '[]string',
    ),
  );
}

function values(context: FunctionContext, map: GoMap): GoValue {
  checkItems(context, map.entries.size);
  return appendedOneByOne(goList(sortedEntries(map).map(([, value]) => value)));
}

function pick(context: FunctionContext, map: GoMap, wanted: readonly string[]): GoMap {
  checkItems(context, wanted.length);
  const picked = goMap();
  for (const key of wanted) {
    const value = map.entries.get(key);
    if (value !== undefined) picked.entries.set(key, value);
  }
  return picked;
}

function omit(context: FunctionContext, map: GoMap, unwanted: readonly string[]): GoMap {
  checkItems(context, map.entries.size + unwanted.length);
  const omitted = new Set(unwanted);
  return goMap([...map.entries].filter(([key]) => !omitted.has(key)));
}

/** Merges into `target`, or into a new map when it is nil. Gives undefined where mergo reports an error. */
function merge(
  context: FunctionContext,
  target: GoMap,
  sources: readonly GoMap[],
  overwrite: boolean,
): GoMap | undefined {
  let result = target;
  for (const source of sources) {
    if (result.isNil && !source.isNil) result = goMap();
    if (mergeMaps(result, source, { overwrite, context }).kind !== 'merged') return undefined;
  }
  return result;
}

function mustMerge(...args: Parameters<typeof merge>): GoMap {
  const result = merge(...args);
  if (result === undefined) throw new GoError('src and dst must be of same type');
  return result;
}

/** The dict is last, the default before it, the path first. A step that is no dict is an error, a missing one gives the default. */
function dig(context: FunctionContext, args: readonly GoValue[]): GoValue {
  if (args.length < 3) throw new GoError('dig needs at least three arguments');
  const path = args.slice(0, -2);
  const fallback = args.at(-2) ?? null;
  let map = dictOf(args.at(-1));
  if (!path.every((step) => typeof step === 'string'))
    throw new GoError('interface conversion: a step is not a string');
  for (const [index, step] of path.entries()) {
    context.spend(1);
    const value = map.entries.get(step);
    if (value === undefined) return fallback;
    if (index === path.length - 1) return value;
    map = dictOf(value);
  }
  return fallback;
}

function dictOf(value: GoValue | undefined): GoMap {
  if (isMap(value) && value.type === ANY_MAP) return value;
  throw new GoError(`interface conversion: a value is not a ${ANY_MAP}`);
}

function copy(context: FunctionContext, value: GoValue): GoValue {
  if (value === null) throw new GoError('call of Type on zero Value');
  return deepCopy(context, value);
}

/** Dicts. `set`, `unset` and the merges change the map they are given, and whoever holds it sees it. */
export const dicts = {
  dict: variadic([], 'any', dict),
  get: fn(['map', 'string'], (_context, map, key) => get(map, key)),
  set: fn(['map', 'string', 'any'], set),
  unset: fn(['map', 'string'], (_context, map, key) => unset(map, key)),
  hasKey: fn(['map', 'string'], (_context, map, key) => map.entries.has(key)),
  pluck: variadic(['string'], 'map', (context, maps, key) => pluck(context, key, maps)),
  keys: variadic([], 'map', keys),
  values: fn(['map'], values),
  pick: variadic(['map'], 'string', (context, wanted, map) => pick(context, map, wanted)),
  omit: variadic(['map'], 'string', (context, unwanted, map) => omit(context, map, unwanted)),
  merge: variadic(['map'], 'map', (context, maps, target) => merge(context, target, maps, false) ?? ''),
  mergeOverwrite: variadic(['map'], 'map', (context, maps, target) => merge(context, target, maps, true) ?? ''),
  mustMerge: variadic(['map'], 'map', (context, maps, target) => mustMerge(context, target, maps, false)),
  mustMergeOverwrite: variadic(['map'], 'map', (context, maps, target) => mustMerge(context, target, maps, true)),
  deepCopy: fn(['any'], copy),
  mustDeepCopy: fn(['any'], copy),
  dig: variadic([], 'any', dig),
} satisfies FunctionTable;
