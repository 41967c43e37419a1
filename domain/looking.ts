import type { ResourceState } from './api/node.ts';

/**
 * When a node that is not at rest is looked at again, whatever the watches tell. A watch tells of most changes at once; these are the times after which
 * a look follows in any case, for the engine and for what people are told. A moment of the engine's own comes on top of each.
 */
export const latestLooks = {
  /** Something outside is missing that cannot all be watched: a quota, a right, a kind. */
  outsideSeconds: 30,
  /** An object of someone else has none of our labels, so no watch shows it. */
  conflictSeconds: 30,
  /** How long one activity waits for a node of another form. */
  gateSeconds: 600,
  /** What is to go is asked after. */
  leavingSeconds: 10,
  /** The entries cannot be judged at all. */
  unusableSeconds: 60,
  /** Everything watched is listed anew, where `LYNQ_RELIST_SECONDS` does not say otherwise. */
  relistSeconds: 600,
} as const;

/** `timeoutSeconds` of an entry that does not say (parity 1.3). */
export const defaultTimeoutSeconds = 300;

/** Reason of entries, and of the wait, while a node of another form is not Ready. */
export const waitingForForm = 'WaitingForForm';

/** Why the entries of a node cannot be judged at all. */
export const unusableReasons = ['RevisionMissing', 'DependencyError', 'SecretValuesMissing'] as const;
export type UnusableReason = (typeof unusableReasons)[number];

/** Waits that end by an event that is watched for, so that nothing has to be looked at again. */
const watchedWaits: ReadonlySet<string> = new Set(['DependencyNotReady', waitingForForm]);

export interface EntryState {
  readonly state: ResourceState;
  readonly reason?: string | undefined;
}

export interface OpenPause {
  /** Something outside is missing that cannot all be watched: look again after a while. */
  readonly outside: boolean;
  /** Ends the wait after this time. */
  readonly atMostMilliseconds?: number;
}

/** What a pass without anything to write waits for; undefined when for nothing. `gated`: for a node of another form. */
export function openPause(entries: readonly EntryState[], gated: boolean): OpenPause | undefined {
  const progressing = entries.some(({ state }) => state === 'Progressing');
  const outside = entries.some(({ state, reason }) => state === 'Waiting' && !watchedWaits.has(reason ?? ''));
  if (!progressing && !outside && !gated) return undefined;
  return { outside, ...(gated ? { atMostMilliseconds: latestLooks.gateSeconds * 1_000 } : {}) };
}

/** Seconds after which a node with these entries is looked at in any case; undefined where only a watch, a deadline or a new list brings that about. */
export function latestLookSeconds(entries: readonly EntryState[]): number | undefined {
  if (entries.some(({ state }) => state === 'Deleting')) return latestLooks.leavingSeconds;
  const gated = entries.some(({ state, reason }) => state === 'Waiting' && reason === waitingForForm);
  const pause = openPause(entries, gated);
  if (pause?.outside === true) return latestLooks.outsideSeconds;
  if (pause !== undefined) return gated ? latestLooks.gateSeconds : undefined;
  return entries.some(({ state }) => state === 'Conflicted') ? latestLooks.conflictSeconds : undefined;
}
