import type { LynqFormStatus } from './api/form.ts';
import { goList } from './go-text.ts';
import type { EventDraft } from './ports.ts';

/** What is wrong with a form, in the three ways the Go operator tells apart (parity 3.9), and those it does not look for. */
export type FormProblem =
  | { readonly kind: 'hub'; readonly hub: string; readonly namespace: string }
  | { readonly kind: 'duplicates'; readonly ids: readonly string[] }
  | { readonly kind: 'graph'; readonly messages: readonly string[] }
  /** Schema, templates, or what this version does not support. */
  | { readonly kind: 'other'; readonly message: string };

/** One entry of "Validation errors: [...]". */
export function describeFormProblem(problem: FormProblem): string {
  switch (problem.kind) {
    case 'hub':
      return `Hub validation failed: hub '${problem.hub}' not found: there is no LynqHub of this name in namespace ${problem.namespace}`;
    case 'duplicates':
      return `Duplicate resource IDs: ${goList(problem.ids)}`;
    case 'graph':
      return `Dependency validation failed: ${problem.messages.join('; ')}`;
    case 'other':
      return problem.message;
  }
}

function problemEvent(problem: FormProblem): readonly EventDraft[] {
  switch (problem.kind) {
    case 'hub': {
      const message = `Referenced LynqHub '${problem.hub}' not found in namespace '${problem.namespace}'`;
      return [{ type: 'Warning', reason: 'HubNotFound', message }];
    }
    case 'duplicates':
      return [
        {
          type: 'Warning',
          reason: 'DuplicateResourceIDs',
          message: `Found duplicate resource IDs: ${goList(problem.ids)}`,
        },
      ];
    case 'graph': {
      const message = `Dependency graph validation failed: ${problem.messages.join('; ')}`;
      return [{ type: 'Warning', reason: 'DependencyValidationFailed', message }];
    }
    case 'other':
      return [];
  }
}

function validOf(
  status: LynqFormStatus | undefined,
): { readonly status: string; readonly message: string } | undefined {
  return status?.conditions?.find(({ type }) => type === 'Valid');
}

/** The Events on a form that a change of its condition Valid gives; the condition is durable, so each change is told once. */
export function formEvents(
  before: LynqFormStatus | undefined,
  after: LynqFormStatus,
  problems: readonly FormProblem[],
): readonly EventDraft[] {
  const [was, is] = [validOf(before), validOf(after)];
  if (was?.status === is?.status && was?.message === is?.message) return [];
  if (problems.length === 0) {
    if (was?.status === 'True') return [];
    return [{ type: 'Normal', reason: 'ValidationPassed', message: 'Template validation passed successfully' }];
  }
  const texts = problems.map(describeFormProblem);
  const fresh = problems.filter((problem) => !(was?.message ?? '').includes(describeFormProblem(problem)));
  return [
    ...fresh.flatMap(problemEvent),
    { type: 'Warning', reason: 'ValidationFailed', message: `Template validation failed: ${goList(texts)}` },
  ];
}
