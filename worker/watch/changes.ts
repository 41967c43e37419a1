import type { Changes, Subscription } from '../../domain/watching.ts';

/** In-process notification by key. A publisher costs one map look-up when nobody listens. */
export interface ChangePublisher extends Changes {
  publish(key: string): void;
}

class KeySubscription implements Subscription {
  private readonly keys = new Set<string>();
  private changed = new Set<string>();
  private wake: (() => void) | undefined;
  private readonly listeners: Map<string, Set<KeySubscription>>;

  constructor(listeners: Map<string, Set<KeySubscription>>) {
    this.listeners = listeners;
  }

  add(key: string): void {
    if (this.keys.has(key)) return;
    this.keys.add(key);
    const listening = this.listeners.get(key) ?? new Set();
    this.listeners.set(key, listening.add(this));
  }

  notify(key: string): void {
    this.changed.add(key);
    this.wake?.();
  }

  async next(timeoutMilliseconds: number, signal?: AbortSignal): Promise<ReadonlySet<string>> {
    signal?.throwIfAborted();
    if (this.changed.size === 0) await this.pause(timeoutMilliseconds, signal);
    signal?.throwIfAborted();
    const taken = this.changed;
    this.changed = new Set();
    return taken;
  }

  private pause(timeoutMilliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, Math.max(0, timeoutMilliseconds));
      signal?.addEventListener('abort', done);
      this.wake = done;
    });
  }

  close(): void {
    for (const key of this.keys) {
      const listening = this.listeners.get(key);
      listening?.delete(this);
      if (listening?.size === 0) this.listeners.delete(key);
    }
    this.keys.clear();
  }
}

export function openChanges(): ChangePublisher {
  const listeners = new Map<string, Set<KeySubscription>>();
  return {
    publish: (key) => {
      for (const subscription of listeners.get(key) ?? []) subscription.notify(key);
    },
    subscribe: () => new KeySubscription(listeners),
  };
}
