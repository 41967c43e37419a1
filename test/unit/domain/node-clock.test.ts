import { describe, expect, it } from 'vitest';
import type { ResourceStatus } from '../../../domain/api/node.ts';
import { type ClockFacts, clocked } from '../../../domain/node-clock.ts';
import { afterNoon, noon } from '../../support/builders/node-pass.ts';

const progressing = { state: 'Progressing', reason: 'NotYet', message: 'is on its way' } as const;
const said = (
  state: ResourceStatus['state'],
  seconds: number,
  change: Partial<ResourceStatus> = {},
): ResourceStatus => {
  return { id: 'a', kind: 'Job', name: 'a', state, since: afterNoon(seconds).toISOString(), ...change };
};
const timedOut = (seconds: number, timedOutAfter?: number) =>
  said('Failed', seconds, {
    reason: 'ReadinessTimeout',
    message: 'too late',
    ...(timedOutAfter === undefined ? {} : { timedOutAfter }),
  });
const at = (change: Partial<ClockFacts> = {}) =>
  clocked(progressing, { previous: undefined, appliedAt: undefined, timeoutSeconds: 300, now: noon, ...change });

describe('domain/node-clock', () => {
  it('says after how many seconds an entry was given up', () => {
    expect(at({ previous: said('Progressing', -300) })).toMatchObject({
      verdict: { state: 'Failed', reason: 'ReadinessTimeout' },
      timedOutAfter: 300,
    });
  });

  it('revives a timed-out entry when it is given more time, counted from when it began', () => {
    expect(at({ previous: timedOut(-60, 300), timeoutSeconds: 1000 })).toMatchObject({
      verdict: { state: 'Progressing' },
      since: afterNoon(-360),
      deadline: afterNoon(640),
    });
  });

  it('gives it up again when that time is over too', () => {
    expect(at({ previous: timedOut(-900, 300), timeoutSeconds: 1000 })).toMatchObject({
      verdict: { state: 'Failed', reason: 'ReadinessTimeout' },
      timedOutAfter: 1000,
    });
  });

  it.each([300, 200])('leaves a timed-out entry failed that is given %s seconds instead of 300', (timeoutSeconds) => {
    expect(at({ previous: timedOut(-60, 300), timeoutSeconds })).toMatchObject({
      verdict: { state: 'Failed', message: 'too late' },
      since: afterNoon(-60),
      timedOutAfter: 300,
    });
  });

  it('leaves an entry failed of which nobody noted the time it was given', () => {
    expect(at({ previous: timedOut(-60), timeoutSeconds: 3600 }).verdict.state).toBe('Failed');
  });

  it('takes a beginning in the future for now', () => {
    expect(at({ previous: said('Progressing', 3600) })).toMatchObject({ since: noon, deadline: afterNoon(300) });
    expect(
      clocked({ state: 'Ready' }, { previous: said('Ready', 3600), appliedAt: undefined, timeoutSeconds: 1, now: noon })
        .since,
    ).toEqual(noon);
  });
});
