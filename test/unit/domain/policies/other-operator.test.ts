import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { judgeLease } from '../../../../domain/policies/other-operator.ts';
import { afterNoon, noon } from '../../../support/builders/node-pass.ts';

const aLease = (renewedSeconds: number, holder = 'peer-1'): JsonObject => ({
  spec: {
    holderIdentity: holder,
    leaseDurationSeconds: 15,
    renewTime: afterNoon(renewedSeconds).toISOString(),
  },
});

describe('domain/policies/other-operator', () => {
  it('takes a Lease as live until it has been seen unchanged for as long as it lasts', () => {
    const first = judgeLease(aLease(-2), undefined, noon);
    expect(first.live).toBe(true);
    expect(judgeLease(aLease(-2), first.sight, afterNoon(15)).live).toBe(true);
    expect(judgeLease(aLease(-2), first.sight, afterNoon(16)).live).toBe(false);
  });

  it('takes a Lease that is renewed as live, however wrong the clocks are', () => {
    const hourAgo = judgeLease(aLease(-3600), undefined, noon);
    expect(hourAgo.live).toBe(true);
    const renewed = judgeLease(aLease(-3590), hourAgo.sight, afterNoon(20));
    expect(renewed.live).toBe(true);
    expect(judgeLease(aLease(3600), undefined, noon).live).toBe(true);
  });

  it('takes a Lease without holder, or of more than a day ago, as free at once', () => {
    expect(judgeLease(aLease(-2, ''), undefined, noon).live).toBe(false);
    expect(judgeLease(aLease(-90_000), undefined, noon).live).toBe(false);
    expect(judgeLease({ spec: { holderIdentity: 'x' } }, undefined, noon).live).toBe(false);
  });
});
