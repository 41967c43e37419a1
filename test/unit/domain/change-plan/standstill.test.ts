import { describe, expect, it } from 'vitest';
import { LynqHub } from '../../../../domain/api/hub.ts';
import { isJsonObject, type JsonObject } from '../../../../domain/api/json.ts';
import { hubStandstill } from '../../../../domain/change-plan/standstill.ts';
import { planHub } from '../../../support/plan-world.ts';

const released = { annotations: { 'lynq.sh/released': '2026-11-22T11:00:00Z' } };
const deleted = { deletionTimestamp: '2026-11-22T11:00:00Z' };
const condition = (status: string) => ({
  conditions: [
    {
      type: 'OtherOperator',
      status,
      reason: 'OperatorAlive',
      message: 'the Go operator is alive',
      lastTransitionTime: '2026-11-22T11:00:00Z',
    },
  ],
});

function hub(metadata: JsonObject, paused: boolean, status: JsonObject = {}): LynqHub {
  const [own, spec] = [planHub['metadata'], planHub['spec']];
  const given = { uid: 'hub-uid', resourceVersion: '7', ...(isJsonObject(own) ? own : {}), ...metadata };
  return LynqHub.parse({ ...planHub, metadata: given, spec: { ...(isJsonObject(spec) ? spec : {}), paused }, status });
}

describe('domain/change-plan/standstill', () => {
  it.each<[string, LynqHub, unknown]>([
    ['acted on', hub({}, false), undefined],
    ['acted on again', hub({}, false, condition('False')), undefined],
    ['paused', hub({}, true), { kind: 'paused' }],
    ['deleted while paused', hub(deleted, true), { kind: 'deleting' }],
    ['released', hub({ ...released, ...deleted }, false), { kind: 'released' }],
    ['held', hub(released, true, condition('True')), { kind: 'held', by: 'the Go operator is alive' }],
  ])('says of a hub that is %s what a sync would find first', (_what, read, standstill) => {
    expect(hubStandstill(read)).toEqual(standstill);
  });
});
