import { describe, expect, it } from 'vitest';
import { printForm } from '../../../../client/plan/print-form.ts';
import type { FormOutlook } from '../../../../domain/change-plan/types.ts';

const outlook: FormOutlook = {
  namespace: 'lynq-system',
  form: 'web',
  hub: 'hub',
  revision: 'web-1a2b3c4d5e',
  rollout: {
    maxSkew: 5,
    paused: false,
    frozenUntil: '2026-11-30T08:00:00Z',
    waves: [
      { name: 'canary', nodes: ['a-web'], soakSeconds: 600, maxFailures: 0 },
      { name: 'rest', nodes: ['b-web', 'c-web'], soakSeconds: 0 },
    ],
  },
  nodes: ['a', 'b', 'c'].map((uid) => ({
    name: `${uid}-web`,
    form: 'web',
    uid,
    action: 'update',
    objects: [],
    digest: 'x',
  })),
  unchanged: 0,
  leftAlone: [],
};

describe('client/plan/print-form', () => {
  it('says in which order nodes will change, and what holds them up', () => {
    expect(printForm(outlook).split('\n').slice(0, 4)).toEqual([
      'LynqForm lynq-system/web: LynqNodes: 3 to change; its rollout decides when',
      '  rollout: 5 nodes at once; frozen until 2026-11-30T08:00:00Z',
      '    wave canary: 1 node (a-web), then 600 s of soak, halts when more than 0 fail',
      '    wave rest: 2 nodes (b-web, c-web)',
    ]);
  });

  it('says nothing of a rollout where a form has no limits', () => {
    const { rollout: _, ...open } = outlook;

    expect(printForm(open)).not.toMatch(/rollout|wave/);
  });
});
