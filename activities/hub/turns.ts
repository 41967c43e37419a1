/** One that hangs holds up no other for longer than this. */
const longestWaitMilliseconds = 60_000;

/**
 * Syncs of one hub in this process go one after the other, so that a backfill or a second schedule writes no more than one sync does: each plans
 * from what the one before has written. Nothing depends on it: syncs at the same time, on two workers, are kept apart by the conditions on their
 * writes, and one that hangs is not waited for long.
 */
export class HubTurns {
  private readonly last = new Map<string, Promise<void>>();

  /** Runs `work` if no sync of the hub is under way; undefined, and nothing is run, otherwise. */
  async takeIfFree<T>(hub: string, signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
    return this.last.has(hub) ? undefined : this.take(hub, signal, work);
  }

  /** Runs `work` when the sync before it has ended. @throws the signal's reason when it aborts meanwhile. */
  async take<T>(hub: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(hub);
    let end = (): void => undefined;
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.last.set(hub, ended);
    try {
      if (before !== undefined)
        await endOrTime(before, signal).catch((error: unknown) => this.leave(hub, ended, before, error));
      return await work();
    } finally {
      end();
      if (this.last.get(hub) === ended) this.last.delete(hub);
    }
  }

  /** Whoever gives up waiting leaves the turn with the one that has it. */
  private leave(hub: string, ended: Promise<void>, before: Promise<void>, error: unknown): never {
    if (this.last.get(hub) === ended) {
      this.last.set(hub, before);
      void before.then(() => this.last.get(hub) === before && this.last.delete(hub));
    }
    throw error;
  }
}

function endOrTime(before: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve();
    };
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(settle, longestWaitMilliseconds);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    void before.then(settle);
  });
}
