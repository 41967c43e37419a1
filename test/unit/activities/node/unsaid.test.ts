import { describe, expect, it } from 'vitest';
import { UnsaidStatuses } from '../../../../activities/node/unsaid.ts';
import type { LynqNodeStatus } from '../../../../domain/api/node.ts';
import { noon } from '../../../support/builders/node-pass.ts';
import { aRecord } from '../../../support/builders/resources.ts';

describe('activities/node/unsaid', () => {
  const { uid: _uid, ...intended } = aRecord('a');
  const said: LynqNodeStatus = { inventory: [intended] };
  const status: LynqNodeStatus = { inventory: [aRecord('a')] };
  const kept = { said, status, since: noon };

  function keeping(): UnsaidStatuses {
    const unsaid = new UnsaidStatuses();
    unsaid.keep('node-uid', kept);
    return unsaid;
  }

  it('hands on what a wave has not written, once', () => {
    const unsaid = keeping();
    expect(unsaid.take('node-uid', structuredClone(said))).toBe(kept);
    expect(unsaid.take('node-uid', said)).toBeUndefined();
  });

  it('hands nothing on to another node of that name', () => {
    expect(keeping().take('another-uid', said)).toBeUndefined();
  });

  it.each([
    ['another record', { inventory: [aRecord('a', { uid: 'made-since' })] }],
    ['no status', undefined],
    ['another input', { ...said, observedInput: 'other' }],
  ])('forgets what it kept when the LynqNode says %s by now', (_, read) => {
    const unsaid = keeping();
    expect(unsaid.take('node-uid', read)).toBeUndefined();
    expect(unsaid.take('node-uid', said)).toBeUndefined();
  });
});
