import { getHeapStatistics, setFlagsFromString } from 'node:v8';

/** By how much a heap may grow over what was in use after the last collection before the next one, percent. */
const growth = 40;

/** From here on memory matters more than the time of its collection. */
const largeBytes = 400 * 1_024 * 1_024;

const lookMilliseconds = 5_000;

/**
 * V8 lets a heap grow to two to four times of what is in use, and keeps pages of which little is. Most of a large worker's memory is what it knows of
 * the fleet and the runs it keeps, so that by default most would be garbage and holes: once the process is large, or as large as its heap may become, heaps are collected
 * earlier and the holes are closed, for good. A small worker would spend a sixth of its CPU on that while nodes are made (docs/benchmarks.md, "What a collected
 * heap costs"). Holds for the thread of the workflows too.
 */
export function keepLargeHeapsCompact(): void {
  const threshold = Math.min(largeBytes, getHeapStatistics().heap_size_limit);
  const timer = setInterval(() => {
    if (process.memoryUsage.rss() < threshold) return;
    clearInterval(timer);
    setFlagsFromString(`--heap-growing-percent=${growth}`);
    setFlagsFromString('--compact-on-every-full-gc');
  }, lookMilliseconds);
  timer.unref();
}
