/**
 * How much of the fault tests runs: everything, with LYNQ_FAULTS=full for as long as the list of faults says (a minute of errors, a request that is 70 s
 * late), with LYNQ_FAULTS=slice a part chosen by a fixed seed, or with LYNQ_FAULTS=NAME,... what is named.
 */
const variable = 'LYNQ_FAULTS';
const seed = 20_260_901;
const sliceLength = 5;

export const isSlice = (): boolean => process.env[variable] === 'slice';
export const isFull = (): boolean => process.env[variable] === 'full';

export function chosen<T extends { readonly name: string }>(all: readonly T[]): readonly T[] {
  const wanted = process.env[variable] ?? '';
  if (wanted === '' || wanted === 'full') return all;
  if (wanted !== 'slice') return all.filter(({ name }) => wanted.split(',').some((part) => name.startsWith(part)));
  return all
    .map((item, index) => ({ item, weight: mixed(seed + index) }))
    .toSorted((a, b) => a.weight - b.weight)
    .slice(0, sliceLength)
    .map(({ item }) => item);
}

/** A number that looks random and is the same everywhere (xorshift with a multiplication). */
function mixed(value: number): number {
  const first = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  const second = Math.imul(first ^ (first >>> 16), 0x45d9f3b);
  return (second ^ (second >>> 16)) >>> 0;
}
