import { refKey } from '../../domain/child.ts';
import type { Wave } from './advance.ts';
import { Removal } from './removal.ts';
import { writeNodeStatus } from './status-writer.ts';

/**
 * Objects on record that the present form does not name: they go, or are kept with markers, once everything that replaces them is done.
 * `open` when some are still there.
 */
export async function removeLeftovers({ deps, state, attempt }: Wave): Promise<'done' | 'open'> {
  const entries = state.leftovers();
  if (entries.length === 0) return 'done';
  const removal = new Removal(deps, state.pass, { entries, reason: 'RemovedFromTemplate' });
  await removal.proceed(attempt.signal);
  const remaining = new Set(removal.remaining().map((entry) => refKey(entry)));
  for (const entry of entries) if (!remaining.has(refKey(entry))) state.record.delete(refKey(entry));
  const now = deps.clock.now();
  const status = state.takeChangedStatus(state.verdicts(now), now);
  if (status !== undefined) await writeNodeStatus(deps, state.pass, status);
  return remaining.size === 0 ? 'done' : 'open';
}
