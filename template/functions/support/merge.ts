import { GoError, LimitError } from '../../problems.ts';
import { ANY_MAP, type GoMap, type GoValue, isList, isMap, isOpaque } from '../../values.ts';
import { isEmpty } from '../defaults.ts';
import type { FunctionContext } from '../define.ts';
import { setEntry } from './map-entry.ts';

export type MergeResult = { readonly kind: 'merged' } | { readonly kind: 'different-types' };

const merged: MergeResult = { kind: 'merged' };

/** How two maps are merged: whether what is there already gives way. */
export interface MergeRules {
  readonly overwrite: boolean;
  readonly context: FunctionContext;
}

/**
 * mergo's `Merge` of maps, 1.0.1, in place and with its sharing: a nested map of `source` that is new in `target` is the same map in both.
 *
 * Without `overwrite` what is empty in `target` (nil, zero, "", an empty list or map) is replaced; with it everything, by empty values
 * too. Maps on both sides are merged. Throws `GoError` where mergo panics, `LimitError` for maps that contain themselves.
 */
export function mergeMaps(target: GoMap, source: GoMap, rules: MergeRules, depth = 0): MergeResult {
  if (depth > rules.context.limits.valueDepth) throw new LimitError('the merged maps are too deeply nested');
  // The keys are fixed before: source and target may share maps.
  for (const key of Array.from(source.entries.keys())) {
    rules.context.spend(1);
    const result = mergeEntry({ target, key, item: source.entries.get(key) ?? null }, rules, depth);
    if (result.kind !== 'merged') return result;
  }
  return merged;
}

interface Entry {
  readonly target: GoMap;
  readonly key: string;
  readonly item: GoValue;
}

function mergeEntry(entry: Entry, rules: MergeRules, depth: number): MergeResult {
  const { target, key, item } = entry;
  if (item === null) {
    if (rules.overwrite) setEntry(target, key, item);
    return merged;
  }
  // What was there before, though merging may fill it.
  const present = target.entries.get(key);
  const result = mergeInto(entry, present, rules, depth);
  if (result.kind !== 'merged') return result;
  const keeps = present !== undefined && !isEmptyForMerge(present);
  if (keeps && (isList(item) || (isMap(item) && isMap(present)))) return merged;
  if (rules.overwrite || !keeps) setEntry(target, key, item);
  return merged;
}

/** The part before the entry itself is set: maps are merged in place, lists replace. */
function mergeInto(entry: Entry, present: GoValue | undefined, rules: MergeRules, depth: number): MergeResult {
  const { target, key, item } = entry;
  if (isList(item)) {
    if (present !== undefined && present !== null && target.type !== ANY_MAP) throw wrongElement();
    if (rules.overwrite) setEntry(target, key, item);
    return merged;
  }
  if (!isMap(item) && !isStruct(item)) return merged;
  if (isMap(present)) return mergeNested(present, item, rules, depth);
  if (present !== undefined && present !== null && isOpaque(present)) return mergeStruct(present, item, rules);
  return merged;
}

function mergeNested(present: GoMap, item: GoValue, rules: MergeRules, depth: number): MergeResult {
  // A nil map cannot be filled here; the entry is replaced instead.
  return !isMap(item) || present.isNil ? merged : mergeMaps(present, item, rules, depth + 1);
}

/** Structs are left alone, but mergo looks for the fields of one in what comes. */
function mergeStruct(present: GoValue, item: GoValue, rules: MergeRules): MergeResult {
  if (!isOpaque(present)) return merged;
  if (present.type.kind === 'ptr') {
    return rules.overwrite || (isOpaque(item) && item.type.kind === 'ptr') ? merged : { kind: 'different-types' };
  }
  if (present.type.field !== undefined && isMap(item)) throw new GoError('call of Field on map Value');
  return merged;
}

function isStruct(value: GoValue): boolean {
  return isOpaque(value) && (value.type.kind === 'struct' || value.type.kind === 'ptr');
}

function wrongElement(): GoError {
  return new GoError('call of IsNil on string Value');
}

/** mergo's zero values; a struct is never empty. */
function isEmptyForMerge(value: GoValue): boolean {
  return isOpaque(value) && value.type.integer === undefined ? false : isEmpty(value);
}
