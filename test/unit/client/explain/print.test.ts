import { describe, expect, it } from 'vitest';
import { explanationText } from '../../../../client/explain/print.ts';
import { aNode, now } from '../run.ts';

describe('client/explain/print', () => {
  // Temporal counts the attempt that is due or under way: the first failure is followed by attempt 2.
  it.each([
    [2, 'once'],
    [3, '2 times'],
    [11, '10 times'],
  ])('says of a retry at attempt %d that it failed %s', (attempt, often) => {
    const retries = [{ activity: 'advanceNode', attempt, failure: 'no answer' }];
    const run = { runId: 'run', status: 'RUNNING', busy: true, retries };

    const text = explanationText({
      node: aNode('acme-corp-data-tier'),
      stops: [],
      entries: [],
      waiting: [],
      leftovers: [],
      run: { kind: 'run', run, page: undefined },
      now,
    });

    expect(text).toContain(`advanceNode failed ${often}: no answer`);
  });
});
