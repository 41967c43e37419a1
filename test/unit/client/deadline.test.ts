import { describe, expect, it } from 'vitest';
import { withDeadline } from '../../../client/deadline.ts';
import { CommandError } from '../../../client/errors.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const node = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode' };

describe('client/deadline', () => {
  it('hands answers and failures through', async () => {
    const cluster = withDeadline(createFakeCluster(), 1_000, 'https://api.test');

    expect(await cluster.list(node, {})).toEqual([]);
    await expect(cluster.list({ apiVersion: 'example.com/v1', kind: 'Thing' }, {})).rejects.toThrow('not served');
  });

  it('ends a call that takes too long and says what to do', async () => {
    const never = { ...createFakeCluster(), list: () => new Promise<never>(() => undefined) };
    const cluster = withDeadline(never, 20, 'https://api.test');

    const failure = await cluster.list(node, {}).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(CommandError);
    expect(failure).toMatchObject({
      message: 'the API server https://api.test did not answer within 0.02 s',
      exitCode: 3,
    });
  });
});
