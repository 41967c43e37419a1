import { describe, expect, it } from 'vitest';
import { explanationText } from '../../../../client/explain/print.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
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

  it('says with the namespace how a run that is not there is started', () => {
    const node = aNode('acme-corp-data-tier');

    const text = explanationText({
      node: { ...node, metadata: { ...(node['metadata'] as JsonObject), namespace: 'team-a' } },
      stops: [],
      entries: [],
      waiting: [],
      leftovers: [],
      run: { kind: 'run', run: undefined, page: undefined },
      now,
    });

    expect(text).toContain('the next sync of the hub starts one: lynq notify multi-tier-nodes -n team-a\n');
  });
});
