import type { RunRegistry } from '../../domain/watching.ts';

const keyOf = (namespace: string, node: string): string => `${namespace}/${node}`;

/** Called when the last pass of a node here has ended, with what it saw of each child. */
export type IdleListener = (namespace: string, node: string, seen: ReadonlyMap<string, string>) => void;

/** Evidence of runs, kept in this process; losing it costs start attempts that find their run already there. */
export class LocalRuns implements RunRegistry {
  private readonly alive = new Set<string>();
  private readonly busy = new Map<string, number>();
  private readonly onIdle: IdleListener;

  constructor(onIdle: IdleListener) {
    this.onIdle = onIdle;
  }

  isRunning(namespace: string, node: string): boolean {
    return this.alive.has(keyOf(namespace, node));
  }

  running(namespace: string, node: string): void {
    this.alive.add(keyOf(namespace, node));
  }

  missing(namespace: string, node: string): void {
    this.alive.delete(keyOf(namespace, node));
  }

  enter(namespace: string, node: string): (seen: ReadonlyMap<string, string>) => void {
    const key = keyOf(namespace, node);
    this.alive.add(key);
    this.busy.set(key, (this.busy.get(key) ?? 0) + 1);
    return (seen) => {
      const left = (this.busy.get(key) ?? 1) - 1;
      if (left > 0) this.busy.set(key, left);
      else this.busy.delete(key);
      if (left <= 0) this.onIdle(namespace, node, seen);
    };
  }

  isBusy(namespace: string, node: string): boolean {
    return this.busy.has(keyOf(namespace, node));
  }
}
