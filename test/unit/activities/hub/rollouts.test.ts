import { describe, expect, it } from 'vitest';
import type { JudgedForm } from '../../../../activities/hub/read-forms.ts';
import { plannedForms } from '../../../../activities/hub/rollouts.ts';
import type { RolloutStatus } from '../../../../domain/api/form.ts';
import { rolloutGate } from '../../../../domain/rollout/settings.ts';

const birthsOf = (rollout: RolloutStatus): string | undefined => {
  const gate = rolloutGate({ maxSkew: 1, progressDeadlineSeconds: 600 });
  const form = { name: 'web', gate, status: { rollout }, revision: { name: 'web-b' } } as unknown as JudgedForm;
  return plannedForms([form])[0]?.births;
};

describe('activities/hub/rollouts', () => {
  const halted: RolloutStatus = { phase: 'Failed', revision: 'web-b', previousRevision: 'web-a' };

  it('gives new rows the last good revision while a rollout is halted', () => {
    expect(birthsOf(halted)).toBe('web-a');
    expect(birthsOf({ ...halted, phase: 'InProgress' })).toBeUndefined();
    expect(birthsOf({ ...halted, revision: 'web-c' })).toBeUndefined();
  });

  it('gives new rows the present one when that was at every node before new values of rows failed', () => {
    expect(birthsOf({ ...halted, proven: true })).toBeUndefined();
  });
});
