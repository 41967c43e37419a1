import { describe, expect, it } from 'vitest';
import { openWatchHealth } from '../../../../adapters/kubernetes/watch-health.ts';

const hubs = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub' };
const key = 'operator.lynq.sh/v1/LynqHub';

describe('adapters/kubernetes/watch-health', () => {
  it('tells of the worst of several watches of a kind, whichever told last', () => {
    const health = openWatchHealth();
    const [one, other] = [{}, {}];
    health.onFailures(hubs, 3, one);
    health.onFailures(hubs, 1, other);
    expect([...health.failing()]).toEqual([[key, 3]]);

    health.onFailures(hubs, 0, other);
    expect([...health.failing()]).toEqual([[key, 3]]);

    health.onFailures(hubs, 0, one);
    expect([...health.failing()]).toEqual([]);
  });
});
