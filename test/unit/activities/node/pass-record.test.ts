import { describe, expect, it } from 'vitest';
import { plainBaseline, recordFor, recordText } from '../../../../activities/node/pass-record.ts';
import { keyedHash } from '../../../../domain/hashes.ts';
import { aDigest } from '../../../support/builders/node-pass.ts';
import { aChild, aRecord, hubKey } from '../../../support/builders/resources.ts';

describe('activities/node/pass-record', () => {
  const ownedHash = 'ab'.repeat(16);
  const seen = { kind: 'ours', digest: aDigest({ ownedHash }) } as const;

  it.each([
    ['keyed', keyedHash(hubKey, ownedHash)],
    ['of an earlier version', ownedHash.slice(0, 16)],
  ])('takes a baseline that is %s for the plain hash of an object that has not changed', (_, baseline) => {
    expect(plainBaseline(aRecord('a', { baseline }), seen, hubKey)).toBe(ownedHash);
  });

  it.each([
    ['an edited object', keyedHash(hubKey, 'cd'.repeat(16)), seen],
    ['an object that was not seen', keyedHash(hubKey, ownedHash), { kind: 'absent' } as const],
  ])('leaves the baseline of %s as it is, which no plain hash equals', (_, baseline, observation) => {
    const answer = plainBaseline(aRecord('a', { baseline }), observation, hubKey);
    expect(answer).toBe(baseline);
    expect(answer).not.toBe(ownedHash);
  });

  it('has nothing to compare with where nothing is on record', () => {
    expect(plainBaseline(aRecord('a'), seen, hubKey)).toBe('');
  });

  it('compares records whatever the order of their entries and members', () => {
    const reversed = { policy: 'Delete', uid: 'a-uid', name: 'a-object', namespace: 'tenants' } as const;
    const same = { ...reversed, kind: 'ConfigMap', apiVersion: 'v1', id: 'a' };
    expect(recordText([aRecord('b'), same])).toBe(recordText([aRecord('a'), aRecord('b')]));
    expect(recordText([aRecord('a')])).not.toBe(recordText([aRecord('a', { uid: 'other' })]));
    expect(recordText(undefined)).toBe(recordText([]));
  });

  it('follows the form in everything but what is known of the object', () => {
    const known = aRecord('cfg', { uid: 'live', baseline: 'b', applied: 'a', policy: 'Retain' });

    expect(recordFor(aChild('cfg'), known)).toMatchObject({
      uid: 'live',
      baseline: 'b',
      applied: 'a',
      policy: 'Delete',
    });
    expect(recordFor(aChild('cfg'), undefined)).not.toHaveProperty('uid');
  });

  it('keeps that an object was taken over, although the plan of this pass does not know it yet', () => {
    const known = aRecord('cfg', { adopted: true, policy: 'Retain' });

    expect(recordFor(aChild('cfg'), known)).toMatchObject({ adopted: true, policy: 'Retain' });
    expect(recordFor(aChild('cfg'), aRecord('cfg'))).not.toHaveProperty('adopted');
  });
});
