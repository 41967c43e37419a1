import { describe, expect, it } from 'vitest';
import { LynqForm } from '../../../../domain/api/form.ts';
import { rolloutEffect } from '../../../../domain/rollout/commands.ts';

describe('domain/rollout/commands', () => {
  it.each`
    generation | observed | effect
    ${2}       | ${2}     | ${{ kind: 'none', message: 'already aborted' }}
    ${3}       | ${2}     | ${{ kind: 'patch', status: { rollout: { aborted: true } } }}
  `(
    'abort of an aborted rollout, whose status is of generation $observed of $generation',
    ({ generation, observed, effect }: { generation: number; observed: number; effect: unknown }) => {
      const form = LynqForm.parse({
        apiVersion: 'operator.lynq.sh/v1',
        kind: 'LynqForm',
        metadata: { name: 'web', namespace: 'lynq', uid: 'u1', resourceVersion: '1', generation },
        spec: { hubId: 'shop', rollout: { maxSkew: 1 } },
        status: { observedGeneration: observed, rollout: { phase: 'Failed', aborted: true } },
      });

      expect(rolloutEffect({ form, revisions: [] }, { verb: 'abort' })).toEqual(effect);
    },
  );
});
