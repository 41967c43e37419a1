import { setFlagsFromString } from 'node:v8';

/** By how much a heap may grow over what was in use after the last collection before the next one, percent. */
const growth = 60;

/**
 * V8 lets a heap of this size grow to two to four times of what is in use. Most of a worker's memory is what it knows of the fleet, so that by default most
 * would be garbage; collecting earlier costs a little CPU while nodes are made (docs/benchmarks.md, B3). Holds for the thread of the workflows too.
 */
export function keepHeapsSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${growth}`);
}
