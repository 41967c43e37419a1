import { type BlockedLeftover, newlyBlocked } from '../../domain/blocked-cleanup.ts';
import { refKey } from '../../domain/child.ts';
import { awaitingLeftovers, freeLeftovers, pinnedLeftovers } from '../../domain/leftovers.ts';
import type { EntryVerdict } from '../../domain/node-plan.ts';
import { removalKey } from '../../domain/removal-plan.ts';
import type { Wave } from './advance.ts';
import type { PassState } from './pass-state.ts';
import { Removal } from './removal.ts';
import { tellHeldUp } from './removal-events.ts';
import { isSuperseded } from './wait.ts';

export interface Leftovers {
  /** Some were proven gone or marked: what was refused is to be tried again. */
  readonly went: boolean;
  /** Keys that change when one that is still to go may have gone; empty when none is. */
  readonly awaited: ReadonlySet<string>;
  /** There are some, or what may be one: what keeps them may have changed. */
  readonly open: boolean;
}

const none: Leftovers = { went: false, awaited: new Set(), open: false };

/**
 * Objects on record that the present form does not name: they go, or are kept with markers, once what replaces them is there, or waits for them to go
 * (domain/leftovers.ts). What waits for anything else holds nothing but the object it replaces.
 */
export async function removeLeftovers(wave: Wave, verdicts: ReadonlyMap<string, EntryVerdict>): Promise<Leftovers> {
  const { deps, state, attempt, subscription } = wave;
  const leftovers = state.leftovers();
  const replacements = { entries: state.pass.entries, verdicts };
  const entries = freeLeftovers(leftovers, replacements);
  if (isSuperseded(wave)) return none;
  const kept = [...awaitingLeftovers(leftovers, replacements), ...pinnedLeftovers(state.record, state.pass.entries)];
  state.blocked = kept;
  if (entries.length === 0) return { ...none, open: leftovers.length + kept.length > 0 };
  const going = new Set(entries);
  const staying = [...state.record.values()].filter((entry) => !going.has(entry));
  const removal = new Removal(deps, state.pass, { entries, reason: 'RemovedFromTemplate', staying });
  const awaited = new Set<string>();
  removal.subscribe({ add: (key) => void awaited.add(key) });
  for (const key of awaited) subscription.add(key);
  await takeAway(removal, attempt.signal);
  const remaining = new Set(removal.remaining().map((entry) => refKey(entry)));
  const gone = entries.filter((entry) => !remaining.has(refKey(entry)));
  for (const entry of gone) state.record.delete(refKey(entry));
  if (gone.length > 0) liftRefusals(state);
  noteBlocked(wave, removal, kept);
  return { went: gone.length > 0, awaited: remaining.size === 0 ? new Set() : awaited, open: true };
}

/** What cannot go is said in a condition, and told when that did not say it before; what is kept is said after it. */
function noteBlocked({ deps, state }: Wave, removal: Removal, kept: readonly BlockedLeftover[]): void {
  const blocked = removal.remaining().flatMap((entry): readonly BlockedLeftover[] => {
    const key = removalKey(entry);
    const why = removal.asked.has(key) ? undefined : removal.reasons.get(key);
    return why === undefined ? [] : [{ entry, why }];
  });
  state.blocked = [...blocked, ...kept];
  for (const { entry } of newlyBlocked(blocked, state.writtenStatus()?.conditions))
    tellHeldUp(deps, state.pass, removal, entry);
}

/** Most objects are gone as soon as they are asked to go: looked at once more, they make way for those that go after them. */
async function takeAway(removal: Removal, signal: AbortSignal): Promise<void> {
  let before: number;
  await removal.proceed(signal);
  do {
    before = removal.remaining().length;
    removal.lookAgain();
    await removal.proceed(signal);
  } while (removal.remaining().length < before);
}

/** A name, a port or room in a quota that a leftover had may be free now. */
function liftRefusals(state: PassState): void {
  state.refusalsLifted = true;
  for (const [id, attempt] of state.attempts) {
    if (attempt.kind !== 'refused') continue;
    state.attempts.delete(id);
    state.observed.set(id, { kind: 'unread' });
  }
}
