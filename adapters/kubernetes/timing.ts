import { setTimeout as delay } from 'node:timers/promises';

/** Time and unpredictability as arguments, so that tests own them. Milliseconds throughout. */
export interface Timing {
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Resolves after the pause; rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemTiming: Timing = {
  now: () => performance.now(),
  random: () => Math.random(),
  async sleep(milliseconds, signal) {
    try {
      await delay(milliseconds, undefined, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};

/** The promise, or the reason of the signal when that comes first; the work behind the promise goes on. */
export async function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Bounds of an exponential pause, in milliseconds. */
export interface Backoff {
  readonly first: number;
  readonly most: number;
}

/** Pause before try `failures + 1`: doubled per failure, with half of it left to chance so that clients do not march in step. */
export function pauseAfter(failures: number, backoff: Backoff, random: () => number): number {
  const full = Math.min(backoff.most, backoff.first * 2 ** Math.max(0, failures - 1));
  return full * (0.5 + random() / 2);
}
