import { setFlagsFromString } from 'node:v8';

/** By how much a heap may grow over what was in use after the last collection before the next one, percent. */
const growth = 40;

/**
 * V8 lets a heap of this size grow to two to four times of what is in use, and keeps pages of which little is. Most of a worker's memory is what it knows of
 * the fleet, so that by default most would be garbage and holes; collecting earlier and closing the holes costs a little CPU while nodes are made
 * (docs/benchmarks.md, B3). Holds for the thread of the workflows too.
 */
export function keepHeapsSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`);
  setFlagsFromString('--compact-on-every-full-gc');
}
