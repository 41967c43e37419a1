import { describe, expect, it } from 'vitest';
import { passesOf } from '../../../../client/history/passes.ts';
import { goldenEngine } from '../../../support/cli/golden-engine.ts';

describe('client/history/passes', () => {
  it('makes a pass from a cause to where the node comes to rest, across runs', async () => {
    const passes = passesOf(await goldenEngine().nodeRuns('lynq-system', 'globex-api-tier', 3));

    expect(passes.map(({ causes, steps, result, changes }) => ({ causes, steps, result, changes }))).toEqual([
      { causes: ['start'], steps: 2, result: 'settled 2/2', changes: ['config Ready', 'api Pending → Ready'] },
      { causes: ['resync'], steps: 1, result: 'settled 2/2', changes: [] },
      {
        causes: ['nodeChanged'],
        steps: 2,
        result: 'running: wait: Deployment globex-api',
        changes: ['api Ready → Progressing', 'api-service Waiting'],
      },
    ]);
  });

  it('tells of a removal together with others, which took no step of the run', () => {
    const at = new Date('2026-11-29T08:00:00Z');
    const step = { kind: 'step', at, ended: at, summary: 'look', outcome: 'settled' } as const;
    const [first, last] = passesOf([
      {
        runId: 'r1',
        status: 'COMPLETED',
        started: at,
        closed: at,
        facts: [{ kind: 'began', at, continued: false }, step, { kind: 'message', at, cause: 'removed' }],
      },
    ]);

    expect(first).toMatchObject({ causes: ['start'], result: 'settled' });
    expect(last).toMatchObject({ causes: ['removed'], steps: 0, result: 'removed with others', changes: [] });
  });

  it('tells how many objects a removal took away and how many it left', () => {
    const at = new Date('2026-11-29T08:00:00Z');
    const end = { kind: 'step', at, ended: at, summary: 'look' } as const;
    const objects = { removed: 4, retained: 2 };
    const [pass] = passesOf([
      {
        runId: 'r1',
        status: 'COMPLETED',
        started: at,
        closed: at,
        facts: [
          { kind: 'message', at, cause: 'nodeChanged' },
          { ...end, outcome: 'removing' },
          { ...end, outcome: 'removed', objects },
        ],
      },
    ]);

    expect(pass).toMatchObject({ steps: 2, result: 'removed', changes: ['4 removed, 2 retained'] });
  });
});
