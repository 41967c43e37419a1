import type { ResourceState } from './api/node.ts';

/**
 * What a step of a node waits for, in the words of its summary in the Temporal UI, where it has to name the objects: who looks there may have nothing
 * else. Shared by the run of a node and its activities.
 */

/** An entry as a run knows it. */
export interface AwaitedEntry {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly state: ResourceState;
  readonly reason?: string | undefined;
}

/** Longer ones are cut: a summary is a line. */
export const longestSummary = 200;

/** Reasons of entries whose turn comes by itself, once those that are named have had theirs. */
const behindOthers: ReadonlySet<string> = new Set(['DependencyNotReady', '']);

/** Objects that are on their way first, then what waits for something outside or is held by someone else, each with the reason. */
export function waitWords(entries: readonly AwaitedEntry[]): string {
  const moving = entries.filter(({ state }) => state === 'Progressing' || state === 'Deleting');
  const held = entries.filter(
    ({ state, reason = '' }) => (state === 'Waiting' || state === 'Conflicted') && !behindOthers.has(reason),
  );
  const names = [
    ...moving.map(({ kind, name }) => objectOf(kind, name)),
    ...held.map(({ kind, name, reason }) => `${objectOf(kind, name)} (${reason ?? ''})`),
  ];
  return names.length === 0 ? 'look' : `wait: ${names.join(', ')}`.slice(0, longestSummary);
}

/** An object that could not be rendered has no name yet. */
const objectOf = (kind: string, name: string): string => (name === '' ? kind : `${kind} ${name}`);

/** Whether people would see something new: another entry or state, or another reason of one that does not get on by itself. */
export function isNewsOf(before: readonly AwaitedEntry[], now: readonly AwaitedEntry[]): boolean {
  const words = (entries: readonly AwaitedEntry[]): string => entries.map(wordsOf).join('\n');
  return words(before) !== words(now);
}

/** How far a rollout is changes its reason again and again. */
function wordsOf({ id, kind, name, state, reason = '' }: AwaitedEntry): string {
  return [id, kind, name, state, state === 'Progressing' ? '' : reason].join(' ');
}
