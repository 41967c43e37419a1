import { sortedEntries } from '../fmt/print.ts';
import { GoError } from '../problems.ts';
import { type GoList, type GoMap, type GoValue, plain } from '../values.ts';
import { integerOf, typeName } from '../values/types.ts';
import type { HelperOptions } from './helpers.ts';
import type { RenderState } from './state.ts';

/** Slots of the index and the element; -1 for none. */
export interface RangeSlots {
  readonly index: number;
  readonly element: number;
}

type Pair = readonly [GoValue | undefined, GoValue | undefined];

/** Prints the body once per element of a list, entry of a map (sorted by key) or number below an integer; else the other program. */
export function rangeOver(
  state: RenderState,
  value: GoValue | undefined,
  slots: RangeSlots,
  options: HelperOptions,
): string {
  const { dot } = state;
  const parts: string[] = [];
  let length = 0;
  let rounds = 0;
  for (const [index, element] of pairsOf(plain(value), slots)) {
    rounds += 1;
    state.meter.iterate();
    assign(state, slots, index, element);
    state.dot = element;
    const printed = options.fn(state);
    parts.push(printed);
    length += printed.length;
    state.meter.checkOutput(length);
    const { jump } = state;
    state.jump = undefined;
    if (jump === 'break') break;
  }
  state.dot = dot;
  return rounds === 0 ? otherwise(state, options) : parts.join('');
}

/** A `break` in the other program ends this range, as in Go; a `continue` is for the range around it. */
function otherwise(state: RenderState, options: HelperOptions): string {
  const printed = options.inverse(state);
  if (state.jump === 'break') state.jump = undefined;
  return printed;
}

function assign(state: RenderState, slots: RangeSlots, index: GoValue | undefined, element: GoValue | undefined): void {
  if (slots.element >= 0) state.slots[slots.element] = element;
  if (slots.index >= 0) state.slots[slots.index] = index;
}

function pairsOf(value: GoValue, slots: RangeSlots): Iterable<Pair> {
  if (value === null) return [];
  if (typeof value === 'object' && value.go === 'list') return listPairs(value);
  if (typeof value === 'object' && value.go === 'map') return mapPairs(value);
  const integer = integerOf(value);
  if (integer === undefined) throw new GoError(`range can't iterate over a value of type ${typeName(value)}`);
  if (slots.index >= 0) throw new GoError("can't use an integer to iterate over more than one variable");
  return integerPairs(value, integer);
}

/** A nil element is a nil that Go knows as an `interface {}`. */
function* listPairs(list: GoList): Iterable<Pair> {
  for (const [index, item] of list.items.entries()) yield [BigInt(index), item ?? undefined];
}

function* mapPairs(map: GoMap): Iterable<Pair> {
  for (const [key, item] of sortedEntries(map)) yield [key, item ?? undefined];
}

/** Elements have the type of the number. */
function* integerPairs(value: GoValue, integer: bigint): Iterable<Pair> {
  for (let at = 0n; at < integer; at += 1n) {
    yield [undefined, typeof value === 'object' && value?.go === 'number' ? { ...value, value: at } : at];
  }
}
