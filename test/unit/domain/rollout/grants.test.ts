import { describe, expect, it } from 'vitest';
import { LynqForm } from '../../../../domain/api/form.ts';
import { grantedBy } from '../../../../domain/rollout/grants.ts';

const form = (over: { spec?: object; status?: object; metadata?: object } = {}): LynqForm =>
  LynqForm.parse({
    metadata: {
      name: 'web',
      namespace: 'lynq-system',
      uid: 'u',
      resourceVersion: '1',
      generation: 4,
      ...over.metadata,
    },
    spec: { hubId: 'hub', rollout: { maxSkew: 2 }, ...over.spec },
    status: {
      rollout: {
        phase: 'InProgress',
        revision: 'web-2',
        targetGeneration: 4,
        inFlight: [{ node: 'a-web', since: '2026-11-20T12:00:00Z' }],
        ...over.status,
      },
    },
  });

describe('domain/rollout/grants', () => {
  it('lets go what is on record', () => {
    expect([...(grantedBy(form(), 'web-2')?.keys() ?? [])]).toEqual(['a-web']);
  });

  it.each<[string, LynqForm]>([
    ['leads elsewhere', form({ status: { revision: 'web-3' } })],
    ['was edited since', form({ metadata: { generation: 5 } })],
    ['is paused', form({ spec: { rollout: { maxSkew: 2, paused: true } } })],
    ['was aborted', form({ status: { aborted: true } })],
    ['has failed', form({ status: { phase: 'Failed' } })],
    ['is not limited any more', form({ spec: { rollout: undefined } })],
    ['is being deleted', form({ metadata: { deletionTimestamp: '2026-11-20T12:00:00Z' } })],
  ])('lets nothing go once the form %s', (_, changed) => {
    expect(grantedBy(changed, 'web-2')).toBeUndefined();
  });
});
