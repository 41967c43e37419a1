import type { LynqFormStatus } from './api/form.ts';
import { settleConditions } from './status.ts';

/** What kubectl shows of a form (parity 3.9): whether it can be used, and how many of its nodes are ready. */
export interface FormFacts {
  /** Empty when the form can be used. */
  readonly problems: readonly string[];
  readonly total: number;
  readonly ready: number;
  /** Forms it depends on that do not exist. */
  readonly missing?: readonly string[];
}

type Draft = Parameters<typeof settleConditions>[1][number];

function validDraft({ problems }: FormFacts): Draft {
  return problems.length === 0
    ? { type: 'Valid', status: 'True', reason: 'ValidationPassed', message: 'Template validation passed' }
    : {
        type: 'Valid',
        status: 'False',
        reason: 'ValidationFailed',
        message: `Validation errors: [${problems.join(' ')}]`,
      };
}

function appliedDraft({ total, ready }: FormFacts): Draft {
  if (total === 0)
    return { type: 'Applied', status: 'False', reason: 'NoNodes', message: 'No nodes using this template' };
  return ready === total
    ? { type: 'Applied', status: 'True', reason: 'AllNodesReady', message: `All ${total} nodes ready` }
    : { type: 'Applied', status: 'False', reason: 'NotAllNodesReady', message: `${ready}/${total} nodes ready` };
}

/** Nodes that run stay; only first starts wait. */
function missingDrafts({ missing = [] }: FormFacts): readonly Draft[] {
  if (missing.length === 0) return [];
  const message = `dependsOn names forms that this hub does not have: ${missing.join(', ')}; rows that are new wait for them`;
  return [{ type: 'DependencyMissing', status: 'True', reason: 'FormNotFound', message }];
}

/** The complete status of a form; equal facts give an equal status. */
export function formStatus(
  previous: LynqFormStatus | undefined,
  facts: FormFacts,
  at: { readonly generation: number; readonly now: Date },
): LynqFormStatus {
  return {
    observedGeneration: at.generation,
    totalNodes: facts.total,
    readyNodes: facts.ready,
    conditions: [
      ...settleConditions(
        previous?.conditions ?? [],
        [validDraft(facts), appliedDraft(facts), ...missingDrafts(facts)],
        at,
      ),
    ],
  };
}
