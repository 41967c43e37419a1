import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { failures, type FailureType, LynqFailure, nextSteps } from '../../../domain/failures.ts';
import { failureInterceptor } from '../../../worker/failure-interceptor.ts';

/** What Temporal is given when an activity throws. */
async function thrown(error: unknown, report: (error: unknown) => void = () => undefined): Promise<ApplicationFailure> {
  const context = { cancellationSignal: { aborted: false }, info: { activityType: 'advanceNode' } };
  const { inbound } = failureInterceptor(report)(context as Parameters<ReturnType<typeof failureInterceptor>>[0]);
  const failing = inbound?.execute?.({ args: [], headers: {} }, async () => {
    throw error;
  });
  const failure: unknown = await failing?.catch((caught: unknown) => caught);
  if (failure instanceof ApplicationFailure) return failure;
  throw new Error(`no failure of Temporal: ${String(failure)}`);
}

describe('worker/failure-interceptor', () => {
  it.each(Object.keys(failures) as FailureType[])(
    'says of %s what failed, why, and what happens next',
    async (type) => {
      const failure = await thrown(new LynqFailure(type, 'the table of hub a/b is not there', { hub: 'b' }));

      expect(failure.message).toBe(`the table of hub a/b is not there. ${nextSteps[type]}`);
      expect(failure).toMatchObject({ type, nonRetryable: failures[type] === 'never', details: [{ hub: 'b' }] });
    },
  );

  it('keeps the text of what was not foreseen to the log', async () => {
    const reported: unknown[] = [];
    const bug = new TypeError('a value of a row');
    const failure = await thrown(bug, (error) => reported.push(error));

    expect(failure.message).toBe("unexpected TypeError in advanceNode; see the worker's log");
    expect(reported).toEqual([bug]);
  });
});
