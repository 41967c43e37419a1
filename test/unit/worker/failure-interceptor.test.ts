import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { failures, type FailureType, LynqFailure, nextSteps } from '../../../domain/failures.ts';
import { failureInterceptor } from '../../../worker/failure-interceptor.ts';

/** What Temporal is given when an activity throws. */
async function thrown(
  error: unknown,
  { report = () => undefined, args = [] }: { report?: (error: unknown) => void; args?: unknown[] } = {},
): Promise<ApplicationFailure> {
  const context = { cancellationSignal: { aborted: false }, info: { activityType: 'advanceNode' } };
  const { inbound } = failureInterceptor(report)(context as Parameters<ReturnType<typeof failureInterceptor>>[0]);
  const failing = inbound?.execute?.({ args, headers: {} }, async () => {
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

  it.each([
    [{ namespace: 'team', node: 'acme-web', hub: 'customers', form: 'web', uid: 'acme' }, 'LynqNode team/acme-web: '],
    [{ namespace: 'team', hub: 'customers', form: 'web' }, 'LynqForm team/web: '],
    [{ namespace: 'team', hub: 'customers', after: undefined }, 'LynqHub team/customers: '],
    [[{ namespace: 'team', node: 'acme-web' }], ''],
    [undefined, ''],
  ])('names the object of %j where the failure does not', async (request, start) => {
    const failure = await thrown(
      new LynqFailure('ClusterUnreachable', 'The API server does not answer (ECONNREFUSED).'),
      {
        args: [request],
      },
    );
    expect(failure.message).toBe(
      `${start}The API server does not answer (ECONNREFUSED). ${nextSteps.ClusterUnreachable}`,
    );
  });

  it('names no object twice', async () => {
    const failure = await thrown(new LynqFailure('HubInvalid', 'LynqHub team/customers has no Secret'), {
      args: [{ namespace: 'team', hub: 'customers' }],
    });
    expect(failure.message).toBe(`LynqHub team/customers has no Secret. ${nextSteps.HubInvalid}`);
  });

  it('keeps the text of what was not foreseen to the log', async () => {
    const reported: unknown[] = [];
    const bug = new TypeError('a value of a row');
    const args = [{ namespace: 'team', node: 'acme-web', force: false }];
    const failure = await thrown(bug, { report: (error) => reported.push(error), args });

    expect(failure.message).toBe("LynqNode team/acme-web: unexpected TypeError in advanceNode; see the worker's log");
    expect(reported).toEqual([bug]);
  });
});
