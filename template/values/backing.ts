import type { GoList, GoValue } from '../values.ts';
import { goList } from '../values.ts';

/**
 * What Go keeps behind the end of a slice. sprig's `slice` may reach it: its bounds are checked against the capacity, not the length.
 *
 * `known` are elements that were cut off, behind them are `zeros` elements without a value of their own.
 */
interface Spare {
  readonly known: readonly GoValue[];
  readonly zeros: number;
}

const nothing: Spare = { known: [], zeros: 0 };

const spares = new WeakMap<GoList, Spare>();

/** Go's `cap`. */
export function capacityOf(list: GoList): number {
  const { known, zeros } = spares.get(list) ?? nothing;
  return list.items.length + known.length + zeros;
}

/** `list[from:to]` within the capacity; the caller has checked the bounds. */
export function sliceWithin(list: GoList, from: number, to: number): GoList {
  const { known, zeros } = spares.get(list) ?? nothing;
  if (from === 0 && to === list.items.length) return list;
  const backing = [...list.items, ...known];
  const missing = Math.max(0, to - backing.length);
  const zero = zeroOf(list.type);
  const items = [
    ...backing.slice(from, to),
    ...Array.from({ length: to - Math.max(from, backing.length) }, () => zero),
  ];
  return withSpare(goList(items, list.type), { known: backing.slice(to), zeros: zeros - missing });
}

function zeroOf(type: string): GoValue {
  if (type === '[]string') return '';
  return type === '[]int' ? 0n : null;
}

function withSpare(list: GoList, spare: Spare): GoList {
  if (spare.known.length + spare.zeros > 0) spares.set(list, spare);
  return list;
}

/** The list as it is after Go made it longer one element at a time, starting with room for `start` of them. */
export function appendedOneByOne(list: GoList, start = 0): GoList {
  const size = elementSize(list.type);
  let capacity = start;
  while (capacity < list.items.length) capacity = grownCapacity(capacity, capacity + 1, size);
  return withSpare(list, { known: [], zeros: capacity - list.items.length });
}

/** The list as it is after one `append` to a full slice of `full` elements. */
export function appendedTo(full: number, list: GoList): GoList {
  if (list.items.length <= full) return list;
  const capacity = grownCapacity(full, list.items.length, elementSize(list.type));
  return withSpare(list, { known: [], zeros: capacity - list.items.length });
}

/** The list with room for `capacity` elements. */
export function withCapacity(list: GoList, capacity: number): GoList {
  return withSpare(list, { known: [], zeros: Math.max(0, capacity - list.items.length) });
}

interface ElementSize {
  readonly bytes: number;
  readonly pointers: boolean;
}

/** On 64-bit machines: texts and interfaces are two words, slices three, ints one. */
function elementSize(type: string): ElementSize {
  if (type === '[]int') return { bytes: 8, pointers: false };
  return { bytes: type.startsWith('[][]') ? 24 : 16, pointers: true };
}

const THRESHOLD = 256;

/** `runtime.growslice`: double while small, then by a quarter, rounded up to what the allocator hands out. */
function grownCapacity(old: number, wanted: number, size: ElementSize): number {
  return Math.floor(allocated(nextCapacity(old, wanted) * size.bytes, size.pointers) / size.bytes);
}

function nextCapacity(old: number, wanted: number): number {
  if (wanted > 2 * old) return wanted;
  if (old < THRESHOLD) return 2 * old;
  let capacity = old;
  while (capacity < wanted) capacity += (capacity + 3 * THRESHOLD) >> 2;
  return capacity;
}

/** Bytes in front of bigger objects that hold pointers. */
const HEADER = 8;
const HEADER_FROM = 512;
const PAGE = 8_192;

/** `runtime.roundupsize`. */
function allocated(bytes: number, pointers: boolean): number {
  const header = pointers && bytes > HEADER_FROM ? HEADER : 0;
  const needed = bytes + header;
  const sizeClass = sizeClasses.find((size) => size >= needed);
  // Beyond the classes whole pages are handed out, and no header is needed.
  return sizeClass === undefined ? Math.ceil(bytes / PAGE) * PAGE : sizeClass - header;
}

/** `runtime/sizeclasses.go`. */
const sizeClasses: readonly number[] = [
  8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416, 448, 480,
  512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200, 3456, 4096, 4864,
  5120, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336, 16384, 18432, 19072, 20480,
  21760, 24576, 27264, 28672, 32768,
];
