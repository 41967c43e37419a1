import { describe, expect, it } from 'vitest';
import type { LynqFormStatus } from '../../../domain/api/form.ts';
import { describeFormProblem, formEvents, type FormProblem } from '../../../domain/form-events.ts';
import { formStatus } from '../../../domain/form-status.ts';

const when = { generation: 1, now: new Date('2026-03-01T12:00:00Z') };
const problems = {
  hub: { kind: 'hub', hub: 'gone', namespace: 'lynq' },
  duplicates: { kind: 'duplicates', ids: ['a', 'b'] },
  graph: { kind: 'graph', messages: ["resource 'a' depends on non-existent resource 'x'"] },
  other: { kind: 'other', message: 'template is broken' },
} as const satisfies Record<string, FormProblem>;

function statusWith(found: readonly FormProblem[]): LynqFormStatus {
  return formStatus(undefined, { problems: found.map(describeFormProblem), total: 0, ready: 0 }, when);
}

function told(before: readonly FormProblem[] | undefined, after: readonly FormProblem[]): readonly string[] {
  const was = before === undefined ? undefined : statusWith(before);
  return formEvents(was, statusWith(after), after).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
}

describe('domain/form-events', () => {
  it.each([
    [problems.hub, "Warning HubNotFound: Referenced LynqHub 'gone' not found in namespace 'lynq'"],
    [problems.duplicates, 'Warning DuplicateResourceIDs: Found duplicate resource IDs: [a b]'],
    [
      problems.graph,
      "Warning DependencyValidationFailed: Dependency graph validation failed: resource 'a' depends on non-existent resource 'x'",
    ],
  ])('tells each kind of problem and that validation failed: $kind', (problem, text) => {
    const failed = `Warning ValidationFailed: Template validation failed: [${describeFormProblem(problem)}]`;
    expect(told([], [problem])).toEqual([text, failed]);
    expect(told(undefined, [problem])).toEqual([text, failed]);
  });

  it('tells nothing while nothing changes', () => {
    expect(told([problems.graph], [problems.graph])).toEqual([]);
    expect(told([], [])).toEqual([]);
  });

  it('tells only the problem that is new', () => {
    expect(
      told([problems.duplicates], [problems.duplicates, problems.graph]).map((text) => text.split(':')[0]),
    ).toEqual(['Warning DependencyValidationFailed', 'Warning ValidationFailed']);
  });

  it('tells when a form can be used', () => {
    const passed = ['Normal ValidationPassed: Template validation passed successfully'];
    expect(told(undefined, [])).toEqual(passed);
    expect(told([problems.other], [])).toEqual(passed);
  });
});
