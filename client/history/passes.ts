import { removedCause } from '../../domain/mass-removal.ts';
import type { ResourceView } from '../../workflows/messages.ts';
import type { NodeRunRecord, RunFact } from '../engine.ts';

/** What a person calls a run of a node: from a cause to where the node comes to rest. Pure; made from the facts of its histories. */
export interface Pass {
  readonly runId: string;
  readonly started: Date;
  /** Absent while it goes on. */
  readonly ended?: Date | undefined;
  readonly causes: readonly string[];
  readonly steps: number;
  /** What the last step came to, e.g. `settled`; what it does while it is under way. */
  readonly result: string;
  /** States each entry went through, e.g. `api Progressing → Ready`. */
  readonly changes: readonly string[];
}

/** Outcomes after which nothing is done until a message comes. `waiting` is not one: it looks again by itself. */
const resting: ReadonlySet<string> = new Set(['settled', 'paused', 'gone', 'removed', 'unusable', 'failed']);

type Step = Extract<RunFact, { kind: 'step' }>;

interface Open {
  readonly causes: readonly string[];
  readonly steps: readonly Step[];
}

/** Passes of runs that follow each other, oldest first. */
export function passesOf(runs: readonly NodeRunRecord[]): readonly Pass[] {
  const passes: Pass[] = [];
  let known: ReadonlyMap<string, string> = new Map();
  for (const { runId, facts } of runs) {
    let open: Open = { causes: [], steps: [] };
    const close = (): void => {
      if (open.steps.length === 0) return;
      const seen = changesOf(open.steps, known);
      known = seen.known;
      passes.push(passOf(runId, open, seen.changes));
      open = { causes: [], steps: [] };
    };
    for (const fact of facts) {
      if (fact.kind === 'step') open = { ...open, steps: [...open.steps, fact] };
      else open = { ...open, causes: withCause(open.causes, fact) };
      if (fact.kind === 'step' && resting.has(fact.outcome ?? '')) close();
    }
    close();
    const told = facts.at(-1);
    if (told?.kind === 'message' && told.cause === removedCause) passes.push(removedTogether(runId, told));
  }
  return passes;
}

/** Another run has taken the node's objects away together with those of others; this one was told, and ended. */
function removedTogether(runId: string, { at, cause }: Extract<RunFact, { kind: 'message' }>): Pass {
  return { runId, started: at, ended: at, causes: [cause], steps: 0, result: 'removed with others', changes: [] };
}

function withCause(causes: readonly string[], fact: Exclude<RunFact, Step>): readonly string[] {
  const cause = fact.kind === 'message' ? fact.cause : fact.continued ? 'continued' : 'start';
  if (causes.includes(cause)) return causes;
  // That a run goes on with another's work is worth telling only when there is no other cause.
  return cause === 'continued' && causes.length > 0 ? causes : [...causes.filter((one) => one !== 'continued'), cause];
}

function passOf(runId: string, { causes, steps }: Open, changes: readonly string[]): Pass {
  const last = steps.at(-1);
  return {
    runId,
    started: steps[0]?.at ?? new Date(0),
    ended: last?.ended,
    causes: causes.length === 0 ? ['timer'] : causes,
    steps: steps.length,
    result: resultOf(last),
    changes,
  };
}

function resultOf(last: Step | undefined): string {
  if (last?.ended === undefined) return `running: ${last?.summary ?? ''}`;
  const { entries, outcome = 'done', failure } = last;
  if (failure !== undefined) return `failed: ${failure}`;
  if (entries === undefined) return outcome;
  return `${outcome} ${entries.filter(({ state }) => state === 'Ready').length}/${entries.length}`;
}

/** The states that entries went through, step by step; the same ones are told together. */
function changesOf(
  steps: readonly Step[],
  before: ReadonlyMap<string, string>,
): { readonly known: ReadonlyMap<string, string>; readonly changes: readonly string[] } {
  const known = new Map(before);
  const chains = new Map<string, string[]>();
  for (const { entries = [] } of steps) {
    for (const { id, state } of entries) {
      const earlier = known.get(id);
      if (earlier === state) continue;
      chains.set(id, [...(chains.get(id) ?? (earlier === undefined ? [] : [earlier])), state]);
      known.set(id, state);
    }
    dropMissing(known, entries);
  }
  const changes = [...chains].map(([id, states]) => `${id} ${states.join(' → ')}`);
  return { known, changes: [...changes, ...steps.flatMap(removalOf)] };
}

/** A removal that does not last says nothing of single entries. */
function removalOf({ objects }: Step): readonly string[] {
  return objects === undefined ? [] : [`${objects.removed} removed, ${objects.retained} retained`];
}

function dropMissing(known: Map<string, string>, entries: readonly ResourceView[]): void {
  if (entries.length === 0) return;
  const present = new Set(entries.map(({ id }) => id));
  for (const id of known.keys()) if (!present.has(id)) known.delete(id);
}
