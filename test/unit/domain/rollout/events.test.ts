import { describe, expect, it } from 'vitest';
import type { RolloutStatus } from '../../../../domain/api/form.ts';
import { hubEvents } from '../../../../domain/events.ts';
import { rolloutEvents } from '../../../../domain/rollout/events.ts';

const status = (given: Partial<RolloutStatus> = {}): RolloutStatus => ({
  phase: 'InProgress',
  targetGeneration: 3,
  revision: 'web-2',
  totalNodes: 12,
  updatedNodes: 3,
  readyAtStart: 2,
  inFlight: [],
  ...given,
});
const reasons = (before: RolloutStatus | undefined, after: RolloutStatus) =>
  rolloutEvents(before, after).map(({ type, reason }) => `${type} ${reason}`);

describe('domain/rollout/events', () => {
  it('tells once that a rollout began, failed and was completed', () => {
    const before = status({ phase: 'Complete', revision: 'web-1' });
    expect(rolloutEvents(before, status())).toEqual([
      {
        type: 'Normal',
        reason: 'RolloutStarted',
        message: 'Rollout of generation 3 (revision web-2) started: 10 of 12 nodes to update',
      },
    ]);
    expect(rolloutEvents(status(), status({ updatedNodes: 4 }))).toEqual([]);
    const failed = status({ phase: 'Failed', message: 'No progress for 60 s: a-web (ReadinessTimeout)' });
    expect(rolloutEvents(status(), failed)).toEqual([
      { type: 'Warning', reason: 'RolloutFailed', message: 'No progress for 60 s: a-web (ReadinessTimeout)' },
    ]);
    expect(reasons(failed, failed)).toEqual([]);
    expect(reasons(status(), status({ phase: 'Complete', updatedNodes: 12 }))).toEqual(['Normal RolloutComplete']);
  });

  it('tells that a rollout is complete although a node that was broken before still is', () => {
    const after = status({ updatedNodes: 12, readyUpdatedNodes: 11, proven: true });
    expect(rolloutEvents(status({ updatedNodes: 11 }), after)).toEqual([
      {
        type: 'Normal',
        reason: 'RolloutComplete',
        message: 'Rollout of generation 3 (revision web-2) complete: 12 nodes updated, 11 ready',
      },
    ]);
    expect(reasons(after, { ...after, phase: 'Complete', readyUpdatedNodes: 12 })).toEqual([]);
    expect(reasons(status({ updatedNodes: 11 }), { ...after, inFlight: [{ node: 'a', since: '' }] })).toEqual([]);
  });

  it('says nothing of first nodes, nor of a node that is not ready for a while', () => {
    expect(reasons(undefined, status())).toEqual([]);
    const atRest = status({ updatedNodes: 12 });
    expect(reasons(atRest, status({ phase: 'Complete', updatedNodes: 12 }))).toEqual([]);
  });

  it("has the Go operator's text for nodes that wait for a place", () => {
    expect(hubEvents.rolloutThrottled('web', { throttled: 7, maxSkew: 3, updating: 3 })).toEqual({
      type: 'Normal',
      reason: 'RolloutThrottled',
      message: "LynqForm 'web': 7 node updates throttled (maxSkew=3, currently updating=3)",
    });
  });
});
