import type { Changes, Subscription } from '../domain/watching.ts';

/**
 * Places for work of which there is more than should go on at a time. Who waits for news gives its place to another one meanwhile, so that a node that cannot
 * go keeps none from going; with news it comes before those that have not begun.
 */
export class Places {
  private free: number;
  private readonly returning: (() => void)[] = [];
  private readonly beginning: (() => void)[] = [];

  constructor(limit: number) {
    this.free = limit;
  }

  async hold<T>(work: () => Promise<T>): Promise<T> {
    await this.enter(this.beginning);
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  /** The same changes; a wait for one gives the place of the work away. */
  yieldedBy(changes: Changes): Changes {
    return { subscribe: () => this.yieldedIn(changes.subscribe()) };
  }

  private yieldedIn(inner: Subscription): Subscription {
    return {
      add: (key) => inner.add(key),
      close: () => inner.close(),
      next: async (timeout, signal) => {
        this.leave();
        try {
          return await inner.next(timeout, signal);
        } finally {
          await this.enter(this.returning);
        }
      },
    };
  }

  private async enter(line: (() => void)[]): Promise<void> {
    if (this.free > 0) {
      this.free -= 1;
      return;
    }
    await new Promise<void>((resolve) => line.push(resolve));
  }

  private leave(): void {
    const next = this.returning.shift() ?? this.beginning.shift();
    if (next === undefined) this.free += 1;
    else next();
  }
}
