import type { RunRegistry } from '../../domain/watching.ts';

const keyOf = (namespace: string, node: string): string => `${namespace}/${node}`;

/** How long visibility may lag behind a start. */
const settleMilliseconds = 15_000;

/** Called when the last pass of a node here has ended, with what it saw of each child. */
export type IdleListener = (namespace: string, node: string, seen: ReadonlyMap<string, string>) => void;

/** Evidence of runs, kept in this process; losing it costs start attempts that find their run already there. */
export class LocalRuns implements RunRegistry {
  /** Since when a run has been known, by key. */
  private readonly alive = new Map<string, number>();
  private readonly passes = new Map<string, number>();
  private lost = 0;
  private readonly onIdle: IdleListener;

  constructor(onIdle: IdleListener) {
    this.onIdle = onIdle;
  }

  isRunning(namespace: string, node: string): boolean {
    return this.alive.has(keyOf(namespace, node));
  }

  running(namespace: string, node: string): void {
    const key = keyOf(namespace, node);
    if (!this.alive.has(key)) this.alive.set(key, Date.now());
  }

  isSettled(namespace: string, node: string): boolean {
    const since = this.alive.get(keyOf(namespace, node));
    return since !== undefined && since < Date.now() - settleMilliseconds;
  }

  /** Temporal lost everything: nothing is known any more. */
  forgetAll(): void {
    this.alive.clear();
    this.lost += 1;
  }

  missing(namespace: string, node: string): void {
    this.alive.delete(keyOf(namespace, node));
    this.lost += 1;
  }

  losses(): number {
    return this.lost;
  }

  enter(namespace: string, node: string): (seen: ReadonlyMap<string, string>) => void {
    const key = keyOf(namespace, node);
    this.running(namespace, node);
    this.passes.set(key, (this.passes.get(key) ?? 0) + 1);
    return (seen) => {
      const left = (this.passes.get(key) ?? 1) - 1;
      if (left > 0) this.passes.set(key, left);
      else this.passes.delete(key);
      if (left <= 0) this.onIdle(namespace, node, seen);
    };
  }

  isBusy(namespace: string, node: string): boolean {
    return this.passes.has(keyOf(namespace, node));
  }

  busy(): number {
    return this.passes.size;
  }
}
