import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RolloutStatus } from '../../../../domain/api/form.ts';
import type { RolloutFacts, RolloutNode } from '../../../../domain/rollout/model.ts';
import { planRollout } from '../../../../domain/rollout/plan.ts';
import type { RolloutSettings } from '../../../../domain/rollout/settings.ts';

const start = new Date('2026-11-20T12:00:00Z');
const later = (seconds: number) => new Date(start.getTime() + seconds * 1000);

const settings = (given: Partial<RolloutSettings> = {}): RolloutSettings => ({
  maxSkew: 2,
  deadlineSeconds: 600,
  paused: false,
  waves: [],
  freezeWindows: [],
  ...given,
});

/** One that is on the target was brought there by the rollout, unless it is said to be another case. */
function node(uid: string, given: Partial<RolloutNode> = {}): RolloutNode {
  const letGo = given.onTarget === true ? ('working' as const) : undefined;
  return { name: `${uid}-web`, uid, labels: {}, onTarget: false, valuesOnly: false, state: 'ready', letGo, ...given };
}

function facts(nodes: readonly RolloutNode[], given: Partial<RolloutFacts> = {}): RolloutFacts {
  return { settings: settings(), target: 'web-2', generation: 2, nodes, previous: undefined, now: start, ...given };
}

const fleet = (size: number) =>
  Array.from({ length: size }, (_, index) => node(`row-${String(index).padStart(3, '0')}`));
const granted = (plan: ReturnType<typeof planRollout>) => plan.grant.map(({ uid }) => uid);
const flying = (status: RolloutStatus) => (status.inFlight ?? []).map((grant) => grant.node);

describe('domain/rollout/plan', () => {
  it('lets as many nodes go as there are places, in the order of uids, and records them first', () => {
    const plan = planRollout(facts(fleet(5)));
    expect(granted(plan)).toEqual(['row-000', 'row-001']);
    expect(flying(plan.status)).toEqual(['row-000-web', 'row-001-web']);
    expect(plan.status).toMatchObject({ phase: 'InProgress', revision: 'web-2', totalNodes: 5, updatedNodes: 0 });
    expect(plan.status.message).toBe('Waiting for nodes to be updated');
  });

  it('frees a place only for a node that is ready with the target', () => {
    const first = planRollout(facts(fleet(5)));
    const stale = fleet(5);
    const waiting = planRollout(facts(stale, { previous: first.status }));
    expect(flying(waiting.status)).toEqual(['row-000-web', 'row-001-web']);
    expect(granted(waiting)).toEqual(['row-000', 'row-001']);
    const arrived = stale.map((item) =>
      item.uid === 'row-000'
        ? { ...item, onTarget: true }
        : item.uid === 'row-001'
          ? { ...item, onTarget: true, state: 'busy' as const }
          : item,
    );
    const next = planRollout(facts(arrived, { previous: first.status }));
    expect(granted(next)).toEqual(['row-002']);
    expect(flying(next.status)).toEqual(['row-001-web', 'row-002-web']);
  });

  it('does not count tenants that were broken before, nor new ones', () => {
    const before = [
      node('a', { state: 'failed' }),
      node('b', { state: 'failed' }),
      node('c', { onTarget: true, state: 'busy', letGo: undefined }),
      node('d'),
      node('e'),
    ];
    const first = planRollout(facts(before));
    expect(granted(first)).toEqual(['a', 'b']);
    const busy = before.map((item) => (item.uid < 'c' ? node(item.uid, { onTarget: true, state: 'busy' }) : item));
    const second = planRollout(facts(busy, { previous: first.status, now: later(10) }));
    expect(granted(second)).toEqual([]);

    const failing = before.map((item) => (item.uid < 'c' ? node(item.uid, { onTarget: true, state: 'failed' }) : item));
    const third = planRollout(facts(failing, { previous: second.status, now: later(20) }));

    expect(granted(third)).toEqual(['d', 'e']);
    expect(flying(third.status)).toEqual(['d-web', 'e-web']);
    const after = failing.map((item) => (item.uid > 'c' ? node(item.uid, { onTarget: true }) : item));
    const last = planRollout(facts(after, { previous: third.status, now: later(30) }));
    expect(last).toMatchObject({ kind: 'ended', status: { phase: 'InProgress', proven: true, failedUpdatedNodes: 2 } });
  });

  it('keeps the place of a node that the form broke, also for the next edit', () => {
    const first = planRollout(facts(fleet(5)));
    const failing = fleet(5).map((item) =>
      item.uid < 'row-002' ? node(item.uid, { onTarget: true, state: 'failed' }) : item,
    );
    const second = planRollout(facts(failing, { previous: first.status, now: later(10) }));
    expect(granted(second)).toEqual([]);
    const elsewhere = failing.map((item) => ({ ...item, onTarget: false }));
    const third = planRollout(facts(elsewhere, { previous: second.status, target: 'web-3', now: later(20) }));
    expect(granted(third)).toEqual(['row-000', 'row-001']);
    const fourth = planRollout(facts(failing, { previous: third.status, target: 'web-3', now: later(30) }));
    expect(granted(fourth)).toEqual([]);
  });

  it('does not hold a node against the next form that new values of its row have broken', () => {
    const pending = fleet(5).map((item) => ({
      ...item,
      onTarget: item.uid > 'row-000',
      valuesOnly: item.uid === 'row-000',
    }));
    const values = planRollout(facts(pending, { settings: settings({ maxSkew: 1 }) }));
    expect(values.status.inFlight).toEqual([{ node: 'row-000-web', since: '2026-11-20T12:00:00Z', values: true }]);
    const broken = fleet(5).map((item) => (item.uid === 'row-000' ? { ...item, state: 'failed' as const } : item));
    const at = { settings: settings({ maxSkew: 1 }), target: 'web-3' };
    const edited = planRollout(facts(broken, { ...at, previous: values.status, now: later(10) }));
    expect(granted(edited)).toEqual(['row-000']);
    const failing = fleet(5).map((item) =>
      item.uid === 'row-000' ? node(item.uid, { onTarget: true, state: 'failed' }) : item,
    );
    const next = planRollout(facts(failing, { ...at, previous: edited.status, now: later(20) }));
    expect(granted(next)).toEqual(['row-001']);
  });

  describe('a node that a person pauses on its way', () => {
    const pausedAt = (uid: string, nodes: readonly RolloutNode[]) =>
      nodes.map((item) =>
        item.uid === uid ? { ...item, onTarget: true, state: 'busy' as const, paused: true } : item,
      );

    it('keeps its place, because its pods go on rolling', () => {
      const first = planRollout(facts(fleet(5)));
      const arrived = pausedAt('row-000', fleet(5)).map((item) =>
        item.uid === 'row-001' ? node(item.uid, { onTarget: true }) : item,
      );
      const second = planRollout(facts(arrived, { previous: first.status, now: later(10) }));
      expect(granted(second)).toEqual(['row-002']);
      expect(flying(second.status)).toEqual(['row-000-web', 'row-002-web']);
    });

    it('is not changed meanwhile, and waited for without a deadline when the others are there', () => {
      const first = planRollout(facts(fleet(1)));
      const elsewhere = pausedAt('row-000', fleet(1)).map((item) => ({ ...item, onTarget: false }));
      const plan = planRollout(facts(elsewhere, { previous: first.status, target: 'web-3', now: later(5000) }));
      expect(plan).toMatchObject({ kind: 'resting', grant: [], status: { phase: 'InProgress' } });
      expect(plan.status.message).toMatch(/^Waiting for paused nodes: row-000-web; /);
      const resumed = planRollout(facts(fleet(1), { previous: plan.status, target: 'web-3', now: later(5001) }));
      expect(granted(resumed)).toEqual(['row-000']);
    });

    it('is named when it keeps the others from moving for too long', () => {
      const at = { settings: settings({ maxSkew: 1 }) };
      const first = planRollout(facts(fleet(2), at));
      const plan = planRollout(
        facts(pausedAt('row-000', fleet(2)), { ...at, previous: first.status, now: later(601) }),
      );
      expect(plan.status.message).toBe('No progress for 600 s: row-000-web (Paused)');
    });
  });

  it('keeps what is in flight across a newer edit, and brings it to the newer target at once', () => {
    const first = planRollout(facts(fleet(5)));
    const moved = fleet(5).map((item) => ({ ...item, state: item.uid < 'row-002' ? ('busy' as const) : item.state }));
    const second = planRollout(facts(moved, { previous: first.status, target: 'web-3', now: later(5) }));
    expect(granted(second)).toEqual(['row-000', 'row-001']);
    expect(second.status).toMatchObject({ revision: 'web-3', startTime: '2026-11-20T12:00:05Z' });
  });

  it('remembers the last complete revision, not one that never completed', () => {
    const done = planRollout(
      facts(
        fleet(1).map((item) => ({ ...item, onTarget: true })),
        { target: 'web-1' },
      ),
    ).status;
    expect(done).toMatchObject({ phase: 'Complete', completionTime: '2026-11-20T12:00:00Z' });
    const second = planRollout(facts(fleet(1), { previous: done })).status;
    const third = planRollout(facts(fleet(1), { previous: second, target: 'web-3' })).status;
    expect(third.previousRevision).toBe('web-1');
  });

  describe('the revision to go back to', () => {
    const there = (nodes: readonly RolloutNode[]) => nodes.map((item) => ({ ...item, onTarget: true }));
    const complete = (revision: string, previous?: RolloutStatus) =>
      planRollout(facts(there(fleet(3)), { target: revision, previous })).status;

    it('is the one that was complete, although a tenant has lost its readiness since', () => {
      const second = complete('web-b', complete('web-a'));
      const lost = there(fleet(3)).map((item) => (item.uid === 'row-001' ? { ...item, state: 'busy' as const } : item));
      const after = planRollout(facts(lost, { target: 'web-b', previous: second })).status;
      expect(after.phase).toBe('InProgress');

      const third = planRollout(facts(fleet(3), { target: 'web-c', previous: after })).status;

      expect(third.previousRevision).toBe('web-b');
    });

    it('is the one that every node was brought to, although one of them never gets ready', () => {
      const first = complete('web-a');
      const mixed = there(fleet(3)).map((item) =>
        item.uid === 'row-001' ? { ...item, state: 'failed' as const } : item,
      );
      const second = planRollout(facts(mixed, { target: 'web-b', previous: first })).status;
      expect(second.phase).toBe('InProgress');

      expect(planRollout(facts(fleet(3), { target: 'web-c', previous: second })).status.previousRevision).toBe('web-b');
    });

    it('is not one that nobody is ready with, nor one that was halted or given up', () => {
      const first = complete('web-a');
      const bad = there(fleet(3)).map((item) => ({ ...item, state: 'failed' as const }));
      const begun = planRollout(facts(fleet(3), { target: 'web-b', previous: first })).status;
      const ways = [
        planRollout(
          facts(bad, {
            target: 'web-b',
            previous: {
              ...first,
              revision: 'web-b',
              phase: 'InProgress',
              previousRevision: 'web-a',
              proven: undefined,
            },
          }),
        ),
        planRollout(facts(bad, { target: 'web-b', previous: begun, now: later(601) })),
        planRollout(facts(fleet(3), { target: 'web-b', previous: { ...begun, aborted: true } })),
      ];
      for (const { status } of ways)
        expect(planRollout(facts(fleet(3), { target: 'web-c', previous: status })).status.previousRevision).toBe(
          'web-a',
        );
    });

    it('is still the good one while an undo to it is under way', () => {
      const begun = planRollout(facts(fleet(3), { target: 'web-b', previous: complete('web-a') })).status;
      const undone = planRollout(facts(fleet(3), { target: 'web-a', previous: begun })).status;
      expect(undone.previousRevision).toBeUndefined();
      expect(planRollout(facts(fleet(3), { target: 'web-c', previous: undone })).status.previousRevision).toBe('web-a');
    });

    it('of a status that an older version wrote is the one that was complete', () => {
      const { proven: _, ...old } = complete('web-b', complete('web-a'));
      expect(planRollout(facts(fleet(3), { target: 'web-c', previous: old })).status.previousRevision).toBe('web-b');
    });
  });

  it('fails when nothing arrives within the deadline, names the nodes, and halts until a person acts', () => {
    const first = planRollout(facts(fleet(5)));
    const stuck = fleet(5).map((item) =>
      item.uid < 'row-002' ? { ...item, onTarget: true, state: 'failed' as const, reason: 'ReadinessTimeout' } : item,
    );
    const failed = planRollout(facts(stuck, { previous: first.status, now: later(601) }));
    expect(failed).toMatchObject({ kind: 'halted', grant: [], status: { phase: 'Failed' } });
    expect(failed.status.message).toContain('row-000-web (ReadinessTimeout)');
    const healed = stuck.map((item) => (item.uid === 'row-000' ? { ...item, state: 'ready' as const } : item));
    expect(planRollout(facts(healed, { previous: failed.status, now: later(700) }))).toMatchObject({
      kind: 'halted',
      grant: [],
    });
  });

  it('measures the deadline from the last progress', () => {
    const first = planRollout(facts(fleet(5)));
    const one = fleet(5).map((item) => ({ ...item, onTarget: item.uid === 'row-000' }));
    const second = planRollout(facts(one, { previous: first.status, now: later(500) }));
    expect(planRollout(facts(one, { previous: second.status, now: later(1000) })).kind).toBe('moving');
    expect(planRollout(facts(one, { previous: second.status, now: later(1101) })).status.phase).toBe('Failed');
  });

  it('does nothing while paused, and does not hold the pause against the deadline', () => {
    const first = planRollout(facts(fleet(5)));
    const paused = planRollout(
      facts(fleet(5), { previous: first.status, settings: settings({ paused: true }), now: later(10) }),
    );
    expect(paused).toMatchObject({ kind: 'halted', grant: [], status: { phase: 'InProgress' } });
    expect(paused.status.message).toMatch(/^Paused; 0\/5/);
    const resumed = planRollout(facts(fleet(5), { previous: paused.status, now: later(5000) }));
    expect(resumed).toMatchObject({ kind: 'moving', status: { phase: 'InProgress' } });
    expect(granted(resumed)).toEqual(['row-000', 'row-001']);
  });

  it('says how many nodes wait for a place, and only for that', () => {
    expect(planRollout(facts(fleet(5))).throttled).toBe(3);
    expect(planRollout(facts(fleet(2))).throttled).toBe(0);
    expect(planRollout(facts(fleet(5), { settings: settings({ paused: true }) })).throttled).toBe(0);
  });

  it('knows how many nodes had nowhere to go when it began', () => {
    const there = fleet(5).map((item) => ({ ...item, onTarget: item.uid < 'row-003' }));
    const first = planRollout(facts(there));
    expect(first.status.readyAtStart).toBe(3);
    const all = there.map((item) => ({ ...item, onTarget: true }));
    expect(planRollout(facts(all, { previous: first.status, now: later(9) })).status.readyAtStart).toBe(3);
    expect(planRollout(facts(all, { previous: first.status, target: 'web-3' })).status.readyAtStart).toBe(5);
  });

  it('starts nothing in a freeze window and says when it ends', () => {
    const plan = planRollout(
      facts(fleet(5), { settings: settings({ freezeWindows: [{ start: '11:00', end: '13:00' }] }) }),
    );
    expect(plan).toMatchObject({ kind: 'moving', grant: [], until: new Date('2026-11-20T13:00:00Z') });
    expect(plan.status.message).toMatch(/^Frozen until 2026-11-20T13:00:00Z; /);
  });

  it('ends an aborted rollout where it stands', () => {
    const first = planRollout(facts(fleet(5)));
    const plan = planRollout(facts(fleet(5), { previous: { ...first.status, aborted: true } }));
    expect(plan).toMatchObject({ kind: 'halted', grant: [], status: { phase: 'Failed' } });
  });

  describe('waves', () => {
    const waves = [{ name: 'canary', uids: ['row-003'], soakSeconds: 60, maxFailures: 0 }];
    const canary = settings({ maxSkew: 10, waves });
    const withCanary = (given: Partial<RolloutNode>) =>
      fleet(5).map((item) => (item.uid === 'row-003' ? node(item.uid, given) : item));

    it('change one after the other', () => {
      const plan = planRollout(facts(fleet(5), { settings: canary }));
      expect(granted(plan)).toEqual(['row-003']);
      expect(plan.status.wave).toBe('canary');
    });

    it('soak before the next one', () => {
      const first = planRollout(facts(fleet(5), { settings: canary }));
      const arrived = withCanary({ onTarget: true });
      const soaking = planRollout(facts(arrived, { settings: canary, previous: first.status, now: later(10) }));
      expect(soaking).toMatchObject({ kind: 'moving', grant: [], until: later(70) });
      const busy = planRollout(
        facts(withCanary({ onTarget: true, state: 'busy' }), {
          settings: canary,
          previous: soaking.status,
          now: later(20),
        }),
      );
      expect(busy.until).toEqual(later(80));
      const over = planRollout(facts(arrived, { settings: canary, previous: soaking.status, now: later(71) }));
      expect(granted(over)).toEqual(['row-000', 'row-001', 'row-002', 'row-004']);
      expect(over.status.wave).toBe('rest');
    });

    it('halt the rollout when more nodes fail than the budget allows, before and while they soak', () => {
      const first = planRollout(facts(fleet(5), { settings: canary }));
      const failed = withCanary({ onTarget: true, state: 'failed', reason: 'ReadinessTimeout' });
      const plan = planRollout(facts(failed, { settings: canary, previous: first.status, now: later(10) }));
      expect(plan).toMatchObject({ kind: 'halted', grant: [], status: { phase: 'Failed', wave: 'canary' } });
      expect(plan.status.message).toContain(
        "Wave 'canary' halted: 1 of at most 0 nodes failed: row-003-web (ReadinessTimeout)",
      );
      const arrived = planRollout(
        facts(withCanary({ onTarget: true }), { settings: canary, previous: first.status, now: later(10) }),
      );
      expect(
        planRollout(facts(failed, { settings: canary, previous: arrived.status, now: later(20) })).status.phase,
      ).toBe('Failed');
    });

    it('go on past failures within the budget', () => {
      const tolerant = settings({ maxSkew: 10, waves: [{ name: 'canary', uids: ['row-003'], maxFailures: 1 }] });
      const first = planRollout(facts(fleet(5), { settings: tolerant }));
      const failed = withCanary({ onTarget: true, state: 'failed' });
      const plan = planRollout(facts(failed, { settings: tolerant, previous: first.status, now: later(10) }));
      expect(granted(plan)).toEqual(['row-000', 'row-001', 'row-002', 'row-004']);
    });

    it('go on past failures within the budget with a single place, too', () => {
      const tolerant = settings({ maxSkew: 1, waves: [{ name: 'canary', uids: ['row-003'], maxFailures: 1 }] });
      const first = planRollout(facts(fleet(5), { settings: tolerant }));
      const failed = withCanary({ onTarget: true, state: 'failed' });
      const plan = planRollout(facts(failed, { settings: tolerant, previous: first.status, now: later(10) }));
      expect([granted(plan), flying(plan.status)]).toEqual([['row-000'], ['row-000-web']]);
    });

    it('count what an older version let go, too', () => {
      const first = planRollout(facts(fleet(5), { settings: canary }));
      const failed = withCanary({ onTarget: true, state: 'failed', letGo: undefined });
      const plan = planRollout(facts(failed, { settings: canary, previous: first.status, now: later(10) }));
      expect(plan).toMatchObject({ kind: 'halted', status: { phase: 'Failed' } });
    });

    it('do not let new values of rows break one node after the other', () => {
      const tolerant = settings({ maxSkew: 1, waves: [{ name: 'canary', percentage: 100, maxFailures: 5 }] });
      const pending = fleet(5).map((item) => ({
        ...item,
        onTarget: item.uid > 'row-001',
        valuesOnly: item.uid < 'row-002',
      }));
      const first = planRollout(facts(pending, { settings: tolerant }));
      expect(granted(first)).toEqual(['row-000']);
      const failed = pending.map((item) =>
        item.uid === 'row-000' ? node(item.uid, { onTarget: true, state: 'failed' }) : item,
      );
      const second = planRollout(facts(failed, { settings: tolerant, previous: first.status, now: later(10) }));
      expect(granted(second)).toEqual([]);
    });

    it('count nobody who was born on the target or had failed before', () => {
      for (const letGo of [undefined, 'broken'] as const) {
        const first = planRollout(facts(fleet(5), { settings: canary }));
        const nodes = [
          ...withCanary({ onTarget: true }),
          node('row-003', { name: 'row-003-new', onTarget: true, state: 'failed', letGo }),
        ];
        const plan = planRollout(facts(nodes, { settings: canary, previous: first.status, now: later(10) }));
        expect(plan).toMatchObject({ kind: 'moving', until: later(70) });
        const over = planRollout(facts(nodes, { settings: canary, previous: plan.status, now: later(71) }));
        expect(granted(over)).toEqual(['row-000', 'row-001', 'row-002', 'row-004']);
      }
    });

    it('soak on while a new row comes up among them', () => {
      const first = planRollout(facts(fleet(5), { settings: canary }));
      const soaking = planRollout(
        facts(withCanary({ onTarget: true }), { settings: canary, previous: first.status, now: later(10) }),
      );
      const born = node('row-003', { name: 'row-003-new', onTarget: true, state: 'busy', letGo: undefined });
      const nodes = [...withCanary({ onTarget: true }), born];
      expect(planRollout(facts(nodes, { settings: canary, previous: soaking.status, now: later(30) })).until).toEqual(
        later(70),
      );
    });

    it('of a share keep their nodes, whoever comes or goes meanwhile', () => {
      const shared = settings({ maxSkew: 10, waves: [{ name: 'canary', percentage: 20, soakSeconds: 60 }] });
      const first = planRollout(facts(fleet(10), { settings: shared }));
      expect(granted(first)).toEqual(['row-000', 'row-001']);
      const there = fleet(10).map((item) => (item.uid < 'row-002' ? node(item.uid, { onTarget: true }) : item));
      const born = { onTarget: true, letGo: undefined };
      const grown = [...there, node('aaa', born), node('zzz', born), node('zzzz', born)];
      const second = planRollout(facts(grown, { settings: shared, previous: first.status, now: later(10) }));
      expect(second).toMatchObject({ grant: [], until: later(70) });
      const fewer = grown.filter(({ uid }) => uid !== 'row-000');
      const third = planRollout(facts(fewer, { settings: shared, previous: second.status, now: later(20) }));
      expect(third).toMatchObject({ grant: [], until: later(70) });
      const wider = settings({ maxSkew: 10, waves: [{ name: 'canary', percentage: 50, soakSeconds: 60 }] });
      const fourth = planRollout(facts(fewer, { settings: wider, previous: third.status, now: later(20) }));
      expect(granted(fourth)).toEqual(['row-002', 'row-003', 'row-004', 'row-005']);
    });

    it('halt the rollout when nodes of a wave that was passed fail later', () => {
      const first = planRollout(facts(fleet(5), { settings: canary }));
      const arrived = withCanary({ onTarget: true });
      const soaking = planRollout(facts(arrived, { settings: canary, previous: first.status, now: later(10) }));
      const passed = planRollout(facts(arrived, { settings: canary, previous: soaking.status, now: later(71) }));
      expect(passed.status.wave).toBe('rest');
      const broken = withCanary({ onTarget: true, state: 'failed', reason: 'JobFailed' });
      const plan = planRollout(facts(broken, { settings: canary, previous: passed.status, now: later(75) }));
      expect(plan).toMatchObject({ kind: 'halted', grant: [], status: { phase: 'Failed' } });
      expect(plan.status.message).toContain(
        "Wave 'canary' halted: 1 of at most 0 nodes failed: row-003-web (JobFailed)",
      );
    });

    it('are counted one by one', () => {
      const nodes = withCanary({ onTarget: true, state: 'failed' }).map((item) =>
        item.uid === 'row-000' ? { ...item, onTarget: true } : item,
      );
      const tolerant = settings({ maxSkew: 1, waves: [{ name: 'canary', uids: ['row-003'], maxFailures: 1 }] });
      expect(planRollout(facts(nodes, { settings: tolerant })).status.waves).toEqual([
        { name: 'canary', nodes: 1, updated: 1, ready: 0, failed: 1 },
        { name: 'rest', nodes: 4, updated: 1, ready: 1, failed: 0 },
      ]);
      expect(planRollout(facts(nodes)).status.waves).toBeUndefined();
    });

    it('do not hold up a change of values alone, which only needs a place', () => {
      const nodes = fleet(5).map((item) => ({
        ...item,
        onTarget: item.uid !== 'row-004',
        valuesOnly: item.uid === 'row-004',
      }));
      expect(granted(planRollout(facts(nodes, { settings: canary })))).toEqual(['row-004']);
    });
  });

  it('is idle without nodes, and complete only when every node is ready with the target', () => {
    expect(planRollout(facts([])).status).toMatchObject({ phase: 'Idle', message: 'No nodes using this template' });
    const nodes = [node('a', { onTarget: true }), node('b', { onTarget: true, state: 'busy' })];
    const almost = planRollout(facts(nodes));
    expect(almost).toMatchObject({ kind: 'ended', status: { phase: 'InProgress' } });
    expect(almost.status.message).toBe('Updating: 2/2 nodes updated (1 updating, 1 ready)');
  });

  it('never has more nodes in flight than places, whatever happens to nodes and edits, and ends when nodes get ready', () => {
    const event = fc.record({
      pick: fc.nat(30),
      what: fc.constantFrom('ready', 'fail', 'break', 'edit', 'pass', 'lose'),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(event, { maxLength: 80 }), (maxSkew, events) => {
        const world = openWorld(12, maxSkew);
        for (const { pick, what } of events) world.happen(what, pick);
        world.settle();
        expect(world.worst()).toBeLessThanOrEqual(maxSkew);
        expect(world.phase()).toBe('Complete');
      }),
    );
  });
});

type World = { happen(what: string, pick: number): void; settle(): void; worst(): number; phase(): string | undefined };

/**
 * A fleet as the API server would hold it: grants write revisions, passes make nodes ready or failed. A node is on its way (`changed`) from its grant until it
 * is ready, or has failed although it was no better before.
 */
function openWorld(size: number, maxSkew: number): World {
  const nodes = fleet(size).map(({ name, uid }) => ({
    name,
    uid,
    revision: 'r0',
    state: 'ready' as RolloutNode['state'],
    changed: false,
    wasBroken: false,
  }));
  let target = 'r1';
  let status: RolloutStatus | undefined;
  let seconds = 0;
  let worst = 0;
  const step = (carryOut: boolean) => {
    seconds += 1;
    const seen = nodes.map(({ name, uid, revision, state }) =>
      node(uid, { name, onTarget: revision === target, state }),
    );
    const plan = planRollout(
      facts(seen, {
        settings: settings({ maxSkew, deadlineSeconds: 3600 }),
        target,
        previous: status,
        now: later(seconds),
      }),
    );
    status = plan.status;
    const going = new Set(carryOut ? plan.grant.map(({ name }) => name) : []);
    for (const item of nodes) {
      if (!going.has(item.name)) continue;
      const wasBroken = item.changed ? item.wasBroken : item.state === 'failed';
      Object.assign(item, { revision: target, state: 'busy', changed: true, wasBroken });
    }
    for (const item of nodes)
      if (item.state === 'ready' || (item.state === 'failed' && item.wasBroken)) item.changed = false;
    worst = Math.max(worst, nodes.filter(({ changed }) => changed).length);
  };
  const happenings: Record<string, (item: (typeof nodes)[number], pick: number) => void> = {
    ready: (item) => Object.assign(item, { state: 'ready' }),
    fail: (item) => (item.state === 'busy' ? Object.assign(item, { state: 'failed' }) : undefined),
    break: (item) => (item.state === 'ready' && !item.changed ? Object.assign(item, { state: 'failed' }) : undefined),
    edit: (_, pick) => (target = `r${pick}`),
    pass: () => step(true),
    lose: () => step(false),
  };
  return {
    happen: (what, pick) => {
      const item = nodes[pick % nodes.length];
      if (item !== undefined) happenings[what]?.(item, pick);
    },
    settle: () => {
      for (let round = 0; round < 2 * size + 4; round += 1) {
        step(true);
        for (const item of nodes) item.state = 'ready';
      }
      step(true);
    },
    worst: () => worst,
    phase: () => status?.phase,
  };
}
