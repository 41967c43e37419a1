/**
 * Runs that are open though their LynqNode is gone: whoever was to tell them so has ended before. That they are there is a hint of Temporal's visibility, and
 * that the node is gone one of the watch; each looks for itself when it is woken.
 */

/** So long it takes until a run that is about to end, or whose LynqNode has just been made, is seen as it is. */
const graceMilliseconds = 60_000;
/** A run that did not end with one message does not with the next one either, soon. */
const againMilliseconds = 3_600_000;
/** Messages of one look. */
const mostMessages = 1_000;

export interface LeftRun {
  /** When it was first seen without its LynqNode. */
  readonly since: number;
  /** When it was woken last. */
  readonly woken?: number;
}

export type LeftRuns = ReadonlyMap<string, LeftRun>;

/** By names of the nodes; of those that were found before, since when is kept. */
export function leftRuns(names: Iterable<string>, before: LeftRuns, now: number): LeftRuns {
  return new Map([...names].map((name) => [name, before.get(name) ?? { since: now }]));
}

/** Those that are to be woken now. */
export function dueRuns(runs: LeftRuns, now: number): readonly string[] {
  const isDue = ({ since, woken }: LeftRun): boolean =>
    now - since >= graceMilliseconds && (woken === undefined || now - woken >= againMilliseconds);
  return [...runs].flatMap(([name, run]) => (isDue(run) ? [name] : [])).slice(0, mostMessages);
}

/** The same after some of them were woken. */
export function afterWaking(runs: LeftRuns, woken: readonly string[], now: number): LeftRuns {
  const names = new Set(woken);
  return new Map([...runs].map(([name, run]) => [name, names.has(name) ? { ...run, woken: now } : run]));
}

/** When to look again: soon where some are still to be woken. */
export function nextLookMilliseconds(runs: LeftRuns): number {
  return [...runs.values()].some(({ woken }) => woken === undefined) ? graceMilliseconds : 5 * graceMilliseconds;
}
