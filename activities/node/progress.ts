import type { EntryVerdict } from '../../domain/node-plan.ts';
import { countStates } from '../../domain/status.ts';
import { longestSummary } from '../../domain/wait-words.ts';
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

/** What the next wave does, for its summary in the Temporal UI: what it applies first, and what it waits for besides. */
export function summaryOf(applied: readonly string[], { entries }: NodeProgress): string {
  const open = entries.filter(({ state }) => state === 'Progressing').map(({ kind, name }) => `${kind} ${name}`);
  const waits = open.length === 0 ? '' : `; wait: ${open.join(', ')}`;
  return `apply: ${applied.join(', ')}${waits}`.slice(0, longestSummary);
}
