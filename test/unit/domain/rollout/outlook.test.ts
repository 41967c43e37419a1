import { describe, expect, it } from 'vitest';
import { rolloutOutlook } from '../../../../domain/rollout/outlook.ts';
import { rolloutGate } from '../../../../domain/rollout/settings.ts';

const now = new Date('2026-11-27T12:00:00Z');
const nodes = ['d', 'a', 'c', 'b', 'e'].map((uid) => ({ name: `${uid}-web`, uid, labels: {} }));
const all = new Set(nodes.map(({ name }) => name));
const limits = { maxSkew: 2, progressDeadlineSeconds: 600 };

describe('domain/rollout/outlook', () => {
  it('names the waves with the nodes that change in each, in order of uids', () => {
    const waves = [
      { name: 'canary', uids: ['c'], soakSeconds: 60, maxFailures: 0 },
      { name: 'half', percentage: 50 },
    ];

    expect(rolloutOutlook(rolloutGate({ ...limits, waves }), nodes, all, now)).toEqual({
      maxSkew: 2,
      paused: false,
      waves: [
        { name: 'canary', nodes: ['c-web'], soakSeconds: 60, maxFailures: 0 },
        { name: 'half', nodes: ['a-web', 'b-web'], soakSeconds: 0 },
        { name: 'rest', nodes: ['d-web', 'e-web'], soakSeconds: 0 },
      ],
    });
  });

  it('leaves out nodes that do not change, and waves without any, but counts shares over all of them', () => {
    const waves = [{ name: 'half', percentage: 40 }];

    const outlook = rolloutOutlook(rolloutGate({ ...limits, waves }), nodes, new Set(['c-web', 'e-web']), now);

    expect(outlook?.waves).toEqual([{ name: 'rest', nodes: ['c-web', 'e-web'], soakSeconds: 0 }]);
  });

  it('says what holds it up from the start', () => {
    const freezeWindows = [{ start: '11:00', end: '13:30' }];

    const outlook = rolloutOutlook(rolloutGate({ ...limits, paused: true, freezeWindows }), nodes, all, now);

    expect(outlook).toMatchObject({ paused: true, frozenUntil: '2026-11-27T13:30:00Z' });
  });

  it('has nothing to say of a form without limits', () => {
    expect(rolloutOutlook(rolloutGate(undefined), nodes, all, now)).toBeUndefined();
  });
});
