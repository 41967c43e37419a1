import { describe, expect, it } from 'vitest';
import { listAt, textAt } from '../../../../domain/api/json.ts';
import { formOf, hubOf, namespace, openHubWorld } from '../../../support/hub-world.ts';

describe('activities/hub/holding', () => {
  it('takes back that another operator is at work, also on a hub that is paused', async () => {
    const world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
    const ref = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub', namespace, name: 'one' };
    const conditions = [
      {
        type: 'OtherOperator',
        status: 'True',
        reason: 'OperatorAlive',
        message: 'gone since',
        lastTransitionTime: '2026-03-01T12:00:00Z',
      },
    ];
    await world.cluster.patch(ref, 'merge', { spec: { paused: true } }, { manager: 'test' });
    await world.cluster.patch(ref, 'merge', { status: { conditions } }, { manager: 'test', subresource: 'status' });

    expect(await world.sync()).toEqual({ kind: 'paused' });

    const hub = await world.cluster.get(ref);
    expect(listAt(hub, 'status', 'conditions').map((one) => textAt(one, 'type'))).not.toContain('OtherOperator');
  });
});
