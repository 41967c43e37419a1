import { creationFailure, isCreated, madeBy } from '../../domain/creation.ts';
import { refKey } from '../../domain/child.ts';
import type { EntryVerdict } from '../../domain/node-plan.ts';
import type { AdvanceOutcome } from '../contract.ts';
import type { Wave } from './advance.ts';
import { progressOf } from './progress.ts';
import { Removal } from './removal.ts';
import { writeNodeStatus } from './status-writer.ts';

/** The creation of a node as one step that succeeds as a whole or is taken back (`rollbackOnFailure`, domain/creation.ts). */

const quietMilliseconds = 2_000;
const longestWaitMilliseconds = 60_000;
const retryAfterSeconds = 5;

async function say(wave: Wave): Promise<'written' | 'gone'> {
  const { deps, state } = wave;
  const now = deps.clock.now();
  const status = state.takeChangedStatus(state.verdicts(now), now);
  return status === undefined ? 'written' : writeNodeStatus(deps, state.pass, status);
}

const anew = ({ deps, state }: Wave): AdvanceOutcome => ({
  kind: 'superseded',
  progress: progressOf(state.verdicts(deps.clock.now())),
});

/**
 * Takes back what an attempt made, in reverse order, if that is what this pass is about; what follows is decided anew. Said before it is begun, so that
 * a crash in between ends in the same place.
 */
export async function takeBack(wave: Wave): Promise<AdvanceOutcome | undefined> {
  const { deps, state, attempt, subscription } = wave;
  if (state.creation.kind !== 'rollBack') return undefined;
  if ((await say(wave)) === 'gone') return anew(wave);
  const entries = madeBy(state.creation.attempt, [...state.record.values()]);
  const removal = new Removal(deps, state.pass, { entries, reason: 'RolledBack' });
  removal.subscribe(subscription);
  const started = deps.clock.now().getTime();
  for (;;) {
    await removal.proceed(attempt.signal);
    if (removal.isDone()) break;
    if (deps.clock.now().getTime() - started >= longestWaitMilliseconds) {
      return { kind: 'waiting', progress: progressOf(state.verdicts(deps.clock.now())), retryAfterSeconds };
    }
    await subscription.next(quietMilliseconds, attempt.signal);
    if (state.isLeaving(deps)) return anew(wave);
    removal.lookAgain();
  }
  for (const entry of entries) state.record.delete(refKey(entry));
  state.creation = { kind: 'rest', attempt: { ...state.creation.attempt, phase: 'RolledBack' } };
  await say(wave);
  return anew(wave);
}

/** Gives an attempt up when one of its entries failed, or ends it when all are done. `failed`: what it made has to be taken back now. */
export function judgeCreation(wave: Wave, verdicts: ReadonlyMap<string, EntryVerdict>): 'failed' | 'open' | 'done' {
  const { state } = wave;
  if (state.creation.kind !== 'create') return 'done';
  const failure = creationFailure(verdicts);
  if (failure !== undefined) {
    state.creation = { kind: 'rollBack', attempt: { id: state.creation.attempt.id, phase: 'RollingBack', ...failure } };
    return 'failed';
  }
  if (!isCreated(verdicts)) return 'open';
  state.completeCreation();
  return 'done';
}
