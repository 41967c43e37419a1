import { hostname } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LynqFailure } from '../../../domain/failures.ts';
import type { Logger } from '../../../domain/ports.ts';
import { holderIdentity, isFree, Leader } from '../../../worker/leader.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const silent: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const hour = 3_600_000;
const lease = (holderIdentity: string) => ({ spec: { holderIdentity, leaseDurationSeconds: 15 } });

const own = holderIdentity();
const pid = `_${process.pid}_`;

/** Candidates for one Lease in one cluster; `leading` are those that lead. */
function openCandidates() {
  const cluster = createFakeCluster();
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lynq-system' } });
  cluster.addKind({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' });
  const leading = new Set<string>();
  const open = (identity: string) =>
    new Leader(
      { cluster, namespace: 'lynq-system', lease: 'lynqflow-leader', identity, logger: silent },
      { onChange: (leads) => (leads ? leading.add(identity) : leading.delete(identity)) },
    );
  /** What a leader has left that was killed. */
  const leave = (holderIdentity: string, renewTime: string) =>
    cluster.seed({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'lynqflow-leader', namespace: 'lynq-system' },
      spec: { holderIdentity, renewTime, acquireTime: renewTime, leaseDurationSeconds: 15 },
    });
  return { cluster, open, leave, leading: () => [...leading] };
}

describe('worker/leader', () => {
  afterEach(() => vi.useRealTimers());

  it.each([
    ['there is none', undefined, 0, true],
    ['it was let go', lease(''), 0, true],
    ['it is ours', lease('me'), 0, true],
    ['another host holds it and it was just seen', lease('elsewhere_1_ab'), 0, false],
    ['another host holds it and has not renewed it for less than it lasts', lease('elsewhere_1_ab'), 15_000, false],
    ['another host holds it and has not renewed it for longer', lease('elsewhere_1_ab'), 15_001, true],
    ['a dead process of this host holds it', lease(own.replace(pid, '_4194999_')), 0, true],
    ['a living process of this host holds it', lease(own.replace(pid, `_${process.ppid}_`)), 0, false],
    ['this very process of an earlier life holds it', lease(`${own.slice(0, -8)}00000000`), 0, true],
    ['another pod on the network of this host has the same process id', lease(`${hostname()}${pid}77_ab`), 0, false],
    ['another pod on the network of this host holds it', lease(`${hostname()}_4194999_77_ab`), 0, false],
    ['a worker of an earlier version holds it', lease(`${hostname()}${pid}ab`), 0, false],
  ])('knows whether the Lease may be taken when %s', (_story, held, unchanged, free) => {
    expect(isFree(held, 'me', unchanged)).toBe(free);
  });

  it.each([
    ['ahead', '2026-03-01T14:00:00.000000Z'],
    ['behind', '2026-03-01T10:00:00.000000Z'],
    ['right', '2026-03-01T12:00:00.000000Z'],
  ])(
    'takes the Lease of a killed leader whose clock was %s once it has seen it unchanged for as long as it lasts',
    async (_story, renewTime) => {
      vi.useFakeTimers({ now: new Date('2026-03-01T12:00:00Z') });
      const { open, leave, leading } = openCandidates();
      leave('gone_1_ab', renewTime);
      const second = open('host-b_1_x');

      await second.start();
      await vi.advanceTimersByTimeAsync(14_000);
      expect(leading()).toEqual([]);
      await vi.advanceTimersByTimeAsync(6_000);
      expect(leading()).toEqual(['host-b_1_x']);
      await second.stop();
    },
  );

  it('leaves the Lease of a living leader alone, however wrong the clocks are', async () => {
    vi.useFakeTimers({ now: new Date('2026-03-01T12:00:00Z') });
    const { open, leading } = openCandidates();
    const [first, second] = [open('host-a_1_x'), open('host-b_1_x')];
    await first.start();
    for (const ahead of [hour, -hour, 48 * hour]) {
      vi.setSystemTime(Date.now() + ahead);
      if (ahead === hour) await second.start();
      await vi.advanceTimersByTimeAsync(60_000);
      expect(leading()).toEqual(['host-a_1_x']);
    }
    await Promise.all([first.stop(), second.stop()]);
  });

  it('leads on one worker at a time, and lets another lead when it stops', async () => {
    const { open, leading } = openCandidates();
    const [first, second, third] = [open('host-a_1_x'), open('host-b_1_x'), open('host-c_1_x')];

    await first.start();
    await second.start();
    expect(leading()).toEqual(['host-a_1_x']);

    await first.stop();
    await third.start();
    expect(leading()).toEqual(['host-c_1_x']);

    await second.stop();
    await third.stop();
  });

  it('stops without the API server, and writes no Lease any more when it is back', async () => {
    vi.useFakeTimers({ now: new Date('2026-03-01T12:00:00Z') });
    const { cluster, open, leading } = openCandidates();
    const first = open('host-a_1_x');
    await first.start();
    const back = cluster.intercept(() => ({ failure: new LynqFailure('ClusterUnreachable', 'cut') }));

    await first.stop();
    back();
    expect(leading()).toEqual([]);
    const calls = cluster.calls.length;
    await first.start();
    await vi.advanceTimersByTimeAsync(20_000);
    expect([leading(), cluster.calls.length]).toEqual([[], calls]);
  });

  it('names the process', () => {
    expect(own).toContain(pid);
    expect(holderIdentity()).not.toBe(own);
  });
});
