import type { EntryVerdict } from '../../domain/node-plan.ts';
import { countStates } from '../../domain/status.ts';
import type { NodeProgress } from '../contract.ts';

/** What a run is told of its entries: states and reasons, nothing of the objects. */
export function progressOf(verdicts: ReadonlyMap<string, EntryVerdict>): NodeProgress {
  const statuses = [...verdicts.values()].map(({ status }) => status);
  const { ready, failed, desired } = countStates(statuses);
  const entries = statuses.map(({ id, kind, name, state, reason }) => ({
    id,
    kind,
    name,
    state,
    ...(reason === undefined ? {} : { reason }),
  }));
  return { entries, ready, failed, desired };
}
