import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Condition } from '../../../domain/api/meta.ts';
import { LynqNodeStatus, type ResourceStatus } from '../../../domain/api/node.ts';
import {
  appliedKey,
  countStates,
  isoSeconds,
  nodeStatus,
  type NodeStatusFacts,
  settleConditions,
  unusableStatus,
} from '../../../domain/status.ts';
import { afterNoon, noon } from '../../support/builders/node-pass.ts';
import { aRecord } from '../../support/builders/resources.ts';

type State = ResourceStatus['state'];

/** So many entries of each state. */
function resources(counts: Partial<Record<State, number>>): readonly ResourceStatus[] {
  return Object.entries(counts).flatMap(([state, count]) =>
    Array.from({ length: count }, (_, index) => ({
      id: `${state}-${index}`,
      kind: 'ConfigMap',
      name: 'x',
      state: state as State,
      since: noon.toISOString(),
    })),
  );
}

function facts(counts: Partial<Record<State, number>> = {}, change: Partial<NodeStatusFacts> = {}): NodeStatusFacts {
  return {
    previous: undefined,
    generation: 3,
    resources: resources(counts),
    inventory: [],
    observedInput: 'input-1',
    comparedAt: undefined,
    extra: [],
    now: noon,
    ...change,
  };
}

function condition(
  status: LynqNodeStatus | undefined,
  type: string,
): Omit<Condition, 'observedGeneration' | 'lastTransitionTime'> | undefined {
  const found = status?.conditions?.find((item) => item.type === type);
  return found && { type, status: found.status, reason: found.reason, message: found.message };
}

const anyCounts = fc.record({
  Pending: fc.nat(2),
  Waiting: fc.nat(2),
  Progressing: fc.nat(2),
  Ready: fc.nat(2),
  Failed: fc.nat(2),
  Conflicted: fc.nat(2),
  Skipped: fc.nat(2),
});

describe('domain/status', () => {
  describe('counts', () => {
    it('count a conflict as a failure too, and a skipped entry as none', () => {
      expect(
        countStates(resources({ Ready: 4, Failed: 2, Conflicted: 3, Skipped: 1, Waiting: 5, Progressing: 1 })),
      ).toEqual({
        desired: 16,
        ready: 4,
        failed: 5,
        conflicted: 3,
        skipped: 1,
      });
    });

    it('are in the status under the names of the CRD', () => {
      expect(nodeStatus(facts({ Ready: 1, Failed: 2, Skipped: 1, Pending: 1 }))).toMatchObject({
        observedGeneration: 3,
        desiredResources: 5,
        readyResources: 1,
        failedResources: 2,
        skippedResources: 1,
      });
    });

    it('add up: nothing is ready, failed and skipped at once', () => {
      fc.assert(
        fc.property(anyCounts, (counts) => {
          const { desired, ready, failed, conflicted, skipped } = countStates(resources(counts));

          expect(ready + failed + skipped).toBeLessThanOrEqual(desired);
          expect(conflicted).toBeLessThanOrEqual(failed);
        }),
      );
    });
  });

  describe('conditions', () => {
    it.each<[Partial<Record<State, number>>, string, string, string]>([
      [{ Ready: 3 }, 'True', 'Reconciled', 'Successfully reconciled all resources'],
      [{}, 'True', 'Reconciled', 'Successfully reconciled all resources'],
      [{ Ready: 2, Failed: 1 }, 'False', 'ResourcesFailed', '1 resources failed'],
      [{ Ready: 2, Failed: 1, Skipped: 4 }, 'False', 'ResourcesFailed', '1 resources failed'],
      [
        { Ready: 2, Failed: 1, Conflicted: 2 },
        'False',
        'ResourcesFailedAndConflicted',
        '3 resources failed and 2 resources in conflict',
      ],
      [{ Ready: 2, Progressing: 1 }, 'False', 'NotAllResourcesReady', 'Not all resources are ready: 2/3 ready'],
      [{ Pending: 2 }, 'False', 'NotAllResourcesReady', 'Not all resources are ready: 0/2 ready'],
    ])('Ready with %j is %s, %s, %j', (counts, status, reason, message) => {
      expect(condition(nodeStatus(facts(counts)), 'Ready')).toEqual({ type: 'Ready', status, reason, message });
    });

    it.each<[Partial<Record<State, number>>, string, string, string]>([
      [{ Ready: 3 }, 'False', 'Healthy', 'All resources are healthy'],
      [{ Failed: 2 }, 'True', 'ResourceFailures', 'LynqNode has 2 failed resources'],
      [
        { Failed: 1, Conflicted: 2 },
        'True',
        'ResourceFailuresAndConflicts',
        'LynqNode has 3 failed and 2 conflicted resources',
      ],
      [{ Ready: 1, Waiting: 1 }, 'True', 'ResourcesNotReady', 'Not all resources are ready: 1/2 ready'],
    ])('Degraded with %j is %s, %s, %j', (counts, status, reason, message) => {
      expect(condition(nodeStatus(facts(counts)), 'Degraded')).toEqual({ type: 'Degraded', status, reason, message });
    });

    it('name a lone conflict as the Go operator does, where a conflict implies a failure', () => {
      const status = nodeStatus(facts({ Ready: 1, Conflicted: 1 }));

      expect(condition(status, 'Ready')).toMatchObject({
        reason: 'ResourcesFailedAndConflicted',
        message: '1 resources failed and 1 resources in conflict',
      });
      expect(condition(status, 'Degraded')).toMatchObject({
        reason: 'ResourceFailuresAndConflicts',
        message: 'LynqNode has 1 failed and 1 conflicted resources',
      });
    });

    it('say whether there is a conflict', () => {
      expect(condition(nodeStatus(facts({ Ready: 1, Failed: 1 })), 'Conflicted')).toEqual({
        type: 'Conflicted',
        status: 'False',
        reason: 'NoConflict',
        message: 'No resource conflicts detected',
      });
      expect(condition(nodeStatus(facts({ Conflicted: 1 })), 'Conflicted')).toEqual({
        type: 'Conflicted',
        status: 'True',
        reason: 'ResourceConflict',
        message: 'One or more resources are in conflict. Check events for details.',
      });
    });

    it.each<[State, string, string, string]>([
      ['Pending', 'True', 'Reconciling', 'Reconciling changed resources'],
      ['Progressing', 'True', 'Reconciling', 'Reconciling changed resources'],
      ['Ready', 'False', 'ReconcileComplete', 'Reconciliation completed'],
      ['Failed', 'False', 'ReconcileComplete', 'Reconciliation completed'],
      ['Conflicted', 'False', 'ReconcileComplete', 'Reconciliation completed'],
      ['Skipped', 'False', 'ReconcileComplete', 'Reconciliation completed'],
    ])('Progressing with an entry that is %s is %s, %s', (state, status, reason, message) => {
      expect(condition(nodeStatus(facts({ [state]: 1 })), 'Progressing')).toEqual({
        type: 'Progressing',
        status,
        reason,
        message,
      });
    });

    it('contain what the caller adds', () => {
      const extra = { type: 'Overridden', status: 'True', reason: 'ScaleOverride', message: 'apiReplicas' } as const;

      expect(condition(nodeStatus(facts({}, { extra: [extra] })), 'Overridden')).toEqual(extra);
      expect(
        nodeStatus(facts({}, { previous: nodeStatus(facts({}, { extra: [extra] })) })).conditions?.map(
          ({ type }) => type,
        ),
      ).not.toContain('Overridden');
    });

    it('are Ready exactly when every entry is, and Degraded exactly when not', () => {
      fc.assert(
        fc.property(anyCounts, (counts) => {
          const status = nodeStatus(facts(counts));
          const allReady = status.readyResources === status.desiredResources;

          expect(condition(status, 'Ready')?.status).toBe(allReady ? 'True' : 'False');
          expect(condition(status, 'Degraded')?.status).toBe(allReady ? 'False' : 'True');
        }),
      );
    });
  });

  describe('transition times', () => {
    const first = nodeStatus(facts({ Ready: 1, Progressing: 1 }));
    const timeOf = (status: LynqNodeStatus, type: string) =>
      status.conditions?.find((item) => item.type === type)?.lastTransitionTime;

    it('are whole seconds in RFC 3339', () => {
      expect(isoSeconds(new Date('2026-03-01T12:00:00.987Z'))).toBe('2026-03-01T12:00:00Z');
      expect(timeOf(first, 'Ready')).toBe('2026-03-01T12:00:00Z');
    });

    it('stay while the status of the condition does, whatever reason and message say', () => {
      const later = nodeStatus(facts({ Ready: 1, Failed: 1 }, { previous: first, now: afterNoon(60), generation: 4 }));

      expect(timeOf(later, 'Ready')).toBe('2026-03-01T12:00:00Z');
      expect(later.conditions?.every(({ observedGeneration }) => observedGeneration === 4)).toBe(true);
    });

    it('move with the status of the condition', () => {
      const later = nodeStatus(facts({ Ready: 2 }, { previous: first, now: afterNoon(60) }));

      expect(timeOf(later, 'Ready')).toBe('2026-03-01T12:01:00Z');
      expect(timeOf(later, 'Conflicted')).toBe('2026-03-01T12:00:00Z');
    });

    it('are those of the same type of condition', () => {
      const previous: Condition = {
        type: 'Other',
        status: 'True',
        reason: 'R',
        message: '',
        lastTransitionTime: '2020-01-01T00:00:00Z',
      };

      const [settled] = settleConditions([previous], [{ type: 'Ready', status: 'True', reason: 'R', message: '' }], {
        now: noon,
        generation: 1,
      });

      expect(settled?.lastTransitionTime).toBe('2026-03-01T12:00:00Z');
    });
  });

  describe('lists', () => {
    it('name skipped entries and no longer once they are not', () => {
      const skipped = nodeStatus(facts({ Skipped: 2 }));

      expect(skipped.skippedResourceIds).toEqual(['Skipped-0', 'Skipped-1']);
      expect(nodeStatus(facts({ Ready: 2 }, { previous: skipped })).skippedResourceIds).toEqual([]);
    });

    it('name applied objects as Kind/namespace/name@id, cluster-scoped ones without a namespace', () => {
      const { namespace: _, ...space } = aRecord('space', { kind: 'Namespace', name: 'acme' });

      expect(appliedKey(aRecord('settings', { name: 'acme-settings' }))).toBe(
        'ConfigMap/tenants/acme-settings@settings',
      );
      expect(appliedKey(space)).toBe('Namespace//acme@space');
    });

    it('name only objects that exist, in a stable order', () => {
      const { uid: _, ...intended } = aRecord('a');
      const inventory = [aRecord('c'), intended, aRecord('b')];

      const status = nodeStatus(facts({}, { inventory }));

      expect(status.appliedResources).toEqual(['ConfigMap/tenants/b-object@b', 'ConfigMap/tenants/c-object@c']);
      expect(status.inventory).toEqual([intended, aRecord('b'), aRecord('c')]);
      expect(nodeStatus(facts({}, { inventory: inventory.toReversed() })).inventory).toEqual(status.inventory);
    });
  });

  it('carries the time since when all objects have been compared, which never goes back', () => {
    const previous = { lastFullReconcileAt: '2026-03-01T11:00:00Z' };
    const at = (comparedAt: string | undefined): unknown =>
      nodeStatus(facts({}, { previous, comparedAt: comparedAt === undefined ? undefined : new Date(comparedAt) }))
        .lastFullReconcileAt;

    expect([at(undefined), at('2026-03-01T10:59:00Z'), at('2026-03-01T11:30:00Z')]).toEqual([
      '2026-03-01T11:00:00Z',
      '2026-03-01T11:00:00Z',
      '2026-03-01T11:30:00Z',
    ]);
  });

  it('takes the end of the first pass, which read or wrote every object itself, for the first comparison', () => {
    const comparedAt = new Date('2026-03-01T11:30:00Z');

    expect(nodeStatus(facts({ Progressing: 1 }, { comparedAt }))).not.toHaveProperty('lastFullReconcileAt');
    expect(nodeStatus(facts({ Ready: 1 }, { comparedAt })).lastFullReconcileAt).toBe(isoSeconds(noon));
  });

  it('is equal for equal facts, also later: an unchanged status need not be written', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const first = nodeStatus(facts(counts));

        expect(nodeStatus(facts(counts, { previous: first, now: afterNoon(3600) }))).toEqual(first);
      }),
    );
  });

  it('is what the CRD allows', () => {
    fc.assert(
      fc.property(anyCounts, (counts) => {
        const status = nodeStatus(facts(counts, { inventory: [aRecord('a')] }));

        expect(LynqNodeStatus.parse(status)).toEqual(status);
      }),
    );
  });

  describe('unusableStatus', () => {
    const why = { reason: 'DependencyError', message: 'circular dependency detected: a -> b -> a' };
    const at = { now: noon, generation: 3 };
    const before = nodeStatus(facts({ Ready: 2 }, { inventory: [aRecord('a')], now: afterNoon(-60) }));

    it('says why in condition Ready', () => {
      expect(condition(unusableStatus(before, why, at), 'Ready')).toEqual({ type: 'Ready', status: 'False', ...why });
      expect(condition(unusableStatus(undefined, why, at), 'Ready')).toEqual({
        type: 'Ready',
        status: 'False',
        ...why,
      });
    });

    it('keeps counts, record, states and the other conditions', () => {
      const { conditions, ...rest } = unusableStatus(before, why, at) ?? {};
      const { conditions: former, ...restBefore } = before;

      expect(rest).toEqual(restBefore);
      const others = (all: typeof conditions) => all?.filter(({ type }) => type !== 'Ready' && type !== 'Degraded');
      expect(others(conditions)).toEqual(others(former));
    });

    it('is Degraded with the reason of the Go operator for a form without an order, and with its own otherwise', () => {
      const degraded = { type: 'Degraded', status: 'True' };
      const missing = { reason: 'RevisionMissing', message: 'the revision web-1 of form web does not exist' };

      expect(condition(unusableStatus(before, why, at), 'Degraded')).toEqual({
        ...degraded,
        reason: 'DependencyCycle',
        message: 'Dependency cycle detected in resource graph',
      });
      expect(condition(unusableStatus(before, missing, at), 'Degraded')).toEqual({ ...degraded, ...missing });
    });

    it('says it once', () => {
      const said = unusableStatus(before, why, at);

      expect(unusableStatus(said, why, { now: afterNoon(600), generation: 3 })).toBeUndefined();
      expect(unusableStatus(said, { ...why, message: 'another' }, at)).toBeDefined();
    });

    it('moves the transition time only when the node was ready before', () => {
      const said = unusableStatus(before, why, at);
      const again = unusableStatus(said, { ...why, message: 'another' }, { now: afterNoon(600), generation: 3 });

      expect(said?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime).toBe('2026-03-01T12:00:00Z');
      expect(again?.conditions?.find(({ type }) => type === 'Ready')?.lastTransitionTime).toBe('2026-03-01T12:00:00Z');
    });
  });
});
