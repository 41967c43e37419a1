import { describe, expect, it } from 'vitest';
import { hubCounts, isToldBy, newConflicts, nodeCounts, rolloutCounts } from '../../../domain/gauges.ts';

const entry = (id: string, state: 'Ready' | 'Conflicted') => ({
  id,
  kind: 'ConfigMap',
  name: id,
  state,
  since: '2026-01-01T00:00:00Z',
});

describe('domain/gauges', () => {
  it.each`
    holder       | gone        | isTold
    ${'me'}      | ${[]}       | ${true}
    ${'other'}   | ${[]}       | ${false}
    ${'other'}   | ${['left']} | ${false}
    ${'left'}    | ${['left']} | ${true}
    ${undefined} | ${[]}       | ${true}
  `('an installation tells of a hub that $holder holds while $gone are gone: $isTold', ({ holder, gone, isTold }) => {
    expect(isToldBy('me', holder as string | undefined, new Set(gone as string[]))).toBe(isTold);
  });

  it('counts a node by its status, and conditions as False 0, True 1, Unknown 2', () => {
    const node = {
      status: {
        readyResources: 3,
        desiredResources: 5,
        failedResources: 2,
        resources: [{ state: 'Ready' }, { state: 'Conflicted' }, { state: 'Failed' }],
        conditions: [
          { type: 'Ready', status: 'False', reason: 'ResourcesFailed' },
          { type: 'Degraded', status: 'True', reason: 'ResourceFailures' },
          { type: 'Progressing', status: 'Unknown', reason: 'X' },
        ],
      },
    };

    expect(nodeCounts(node)).toEqual({
      ready: 3,
      desired: 5,
      failed: 2,
      conflicted: 1,
      conditions: { Ready: 0, Degraded: 1, Progressing: 2 },
      degraded: 'ResourceFailures',
    });
  });

  it('gives no reason for a node that is not degraded, and zeros for one without status', () => {
    expect(nodeCounts({ status: { conditions: [{ type: 'Degraded', status: 'False', reason: 'Healthy' }] } })).toEqual({
      ready: 0,
      desired: 0,
      failed: 0,
      conflicted: 0,
      conditions: { Degraded: 0 },
      degraded: undefined,
    });
    expect(nodeCounts({}).conditions).toEqual({});
  });

  it('has neither rows nor a time of a hub that has never been read', () => {
    expect(hubCounts({ spec: { source: { syncInterval: '1m' } }, status: { desired: 4 } })).toEqual({
      desired: 4,
      ready: 0,
      failed: 0,
      rows: {},
      lastSync: undefined,
      interval: 60,
      resting: false,
      conditions: {},
    });
  });

  it('shows the rows of the last complete sync by what became of them', () => {
    const { rows, lastSync } = hubCounts({
      status: { lastSyncTime: '1970-01-01T00:01:00Z', rows: { seen: 3, active: 2, frozen: 1 } },
    });

    expect(lastSync).toBe(60);
    expect(rows).toMatchObject({ seen: 3, active: 2, frozen: 1, held: 0, failed: 0 });
  });

  it('numbers the phases of a rollout as the Go operator does, and has none where nothing is limited', () => {
    const rollout = { phase: 'Failed', totalNodes: 8, readyUpdatedNodes: 2, updatingNodes: 1 };

    expect(rolloutCounts({ status: { rollout } })).toEqual({ updating: 1, phase: 2, progress: 25 });
    expect(rolloutCounts({ status: { rollout: { phase: 'Idle', totalNodes: 0 } } })).toEqual({
      updating: 0,
      phase: 0,
      progress: 0,
    });
    expect(rolloutCounts({ status: {} })).toBeUndefined();
  });

  it('counts a conflict when a status says it first, not while it lasts', () => {
    const before = { resources: [entry('a', 'Conflicted'), entry('b', 'Ready')] };
    const after = { resources: [entry('a', 'Conflicted'), entry('b', 'Conflicted')] };

    expect(newConflicts(before, after).map(({ id }) => id)).toEqual(['b']);
    expect(newConflicts(undefined, after).map(({ id }) => id)).toEqual(['a', 'b']);
  });
});
