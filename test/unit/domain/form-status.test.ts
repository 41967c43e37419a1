import { describe, expect, it } from 'vitest';
import { LynqFormStatus } from '../../../domain/api/form.ts';
import { type FormFacts, formStatus } from '../../../domain/form-status.ts';
import { afterNoon, noon } from '../../support/builders/node-pass.ts';

const at = { generation: 5, now: noon };
const status = (facts: Partial<FormFacts> = {}, previous?: LynqFormStatus, when = at): LynqFormStatus =>
  formStatus(previous, { problems: [], total: 3, ready: 3, ...facts }, when);

describe('domain/form-status', () => {
  it('counts the nodes and says for which generation', () => {
    expect(status({ total: 4, ready: 1 })).toMatchObject({ observedGeneration: 5, totalNodes: 4, readyNodes: 1 });
  });

  it.each([
    [{ problems: [] }, 'True', 'ValidationPassed', 'Template validation passed'],
    [{ problems: ['e1', 'e2'] }, 'False', 'ValidationFailed', 'Validation errors: [e1 e2]'],
  ])('Valid with %j is %s', (facts, value, reason, message) => {
    expect(status(facts).conditions?.[0]).toMatchObject({ type: 'Valid', status: value, reason, message });
  });

  it.each([
    [{ total: 3, ready: 3 }, 'True', 'AllNodesReady', 'All 3 nodes ready'],
    [{ total: 3, ready: 1 }, 'False', 'NotAllNodesReady', '1/3 nodes ready'],
    [{ total: 0, ready: 0 }, 'False', 'NoNodes', 'No nodes using this template'],
  ])('Applied with %j is %s', (facts, value, reason, message) => {
    expect(status(facts).conditions?.[1]).toMatchObject({ type: 'Applied', status: value, reason, message });
  });

  it('keeps transition times while nothing changes, so that it need not be written', () => {
    expect(status({}, status(), { generation: 5, now: afterNoon(60) })).toEqual(status());
  });

  it('is what the CRD allows', () => {
    for (const facts of [{}, { problems: ['x'] }, { total: 0, ready: 0 }])
      expect(LynqFormStatus.parse(status(facts))).toEqual(status(facts));
  });
});
