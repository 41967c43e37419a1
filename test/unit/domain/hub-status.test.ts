import { describe, expect, it } from 'vitest';
import { LynqHubStatus } from '../../../domain/api/hub.ts';
import type { GuardVerdict } from '../../../domain/deletion-guard.ts';
import {
  failedSyncStatus,
  type HubStatusBase,
  stuckSyncStatus,
  unscheduledStatus,
  type SyncFacts,
  syncedStatus,
} from '../../../domain/hub-status.ts';
import type { RowTotals } from '../../../domain/row-totals.ts';
import type { SourceVerdict } from '../../../domain/source-watch.ts';
import { afterNoon, noon } from '../../support/builders/node-pass.ts';

const window = [{ at: '2026-03-01T11:30:00Z', rows: 2 }];
const allow: GuardVerdict = { kind: 'allow', by: 'budget', state: { window, rowsAtStart: 50 } };
const hold: GuardVerdict = {
  kind: 'hold',
  state: { window, rowsAtStart: 50, hold: { maxRows: 10, maxPercent: 20, allowEmpty: false } },
  planHash: '0123456789abcdef',
  why: 'BudgetSpent',
  budget: 8,
};
const identity = 'a'.repeat(64);
const known: SourceVerdict = { kind: 'known', state: { identity, candidate: '', candidateRows: '', equalReads: 0 } };
const changed: SourceVerdict = {
  kind: 'changed',
  state: { identity, candidate: 'b'.repeat(64), candidateRows: 'c'.repeat(64), equalReads: 1 },
};
const totals: RowTotals = {
  seen: 60,
  active: 50,
  inactive: 8,
  repeated: 2,
  frozen: 0,
  held: 0,
  provisioned: 44,
  waiting: 2,
  failed: 4,
};
const uids = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `row${index}`);

const base: HubStatusBase = { previous: undefined, generation: 2, now: noon };
const synced = (change: Partial<SyncFacts> = {}, from: Partial<HubStatusBase> = {}): LynqHubStatus =>
  syncedStatus(
    { ...base, ...from },
    {
      forms: 2,
      desired: 100,
      rows: totals,
      frozen: [],
      warnings: [],
      source: known,
      guard: allow,
      leaving: [],
      totals: { ready: 90, failed: 4 },
      insecure: false,
      seconds: 1.234,
      ...change,
    },
  );
const conditionOf = (status: LynqHubStatus, type: string) => status.conditions?.find((item) => item.type === type);

describe('domain/hub-status', () => {
  describe('after a complete sync', () => {
    it('has the counts of the printer columns and of the rows', () => {
      expect(synced()).toMatchObject({
        observedGeneration: 2,
        referencingTemplates: 2,
        desired: 100,
        ready: 90,
        failed: 4,
        lastSyncTime: '2026-03-01T12:00:00Z',
        lastSyncDuration: '1.2s',
        rows: totals,
        deletionGuard: { window, rowsAtStart: 50 },
      });
    });

    it('is Ready in the words of the Go operator', () => {
      expect(conditionOf(synced(), 'Ready')).toMatchObject({
        status: 'True',
        reason: 'DatabaseConnected',
        message: 'Successfully connected to database and queried node data',
      });
    });

    it('lists the first twenty frozen rows', () => {
      const frozen = uids(25).map((uid) => ({ uid, reason: 'InvalidUid', message: 'not a DNS label' }));

      const status = synced({ frozen });

      expect(status.frozenRows).toEqual(frozen.slice(0, 20));
    });

    it('says that deletions are held, with count, a sample of ten and the plan hash', () => {
      const status = synced({ guard: hold, leaving: uids(30) });

      const held = conditionOf(status, 'DeletionHeld');
      expect(held).toMatchObject({ status: 'True', reason: 'BudgetSpent' });
      expect(held?.message).toContain('30 rows');
      expect(held?.message).toContain('0123456789abcdef');
      expect(uids(30).filter((uid) => new RegExp(`\\b${uid}\\b`).test(held?.message ?? ''))).toEqual(uids(10));
    });

    it.each(['EmptyResult', 'BudgetSpent', 'NotAllBack'] as const)('names the three ways out of a hold: %s', (why) => {
      const message = conditionOf(synced({ guard: { ...hold, why }, leaving: uids(30) }), 'DeletionHeld')?.message;

      expect(message).toContain(
        'None goes until all rows are back, an edit of spec.deletionGuard allows them, or this set is approved with plan hash 0123456789abcdef.',
      );
    });

    it('says of few rows that they are still held since more were', () => {
      const status = synced({ guard: { ...hold, why: 'NotAllBack' }, leaving: uids(3) });

      expect(conditionOf(status, 'DeletionHeld')).toMatchObject({ status: 'True', reason: 'NotAllBack' });
      expect(conditionOf(status, 'DeletionHeld')?.message).toContain('not all rows are back since more were held');
    });

    it('says that another source answers, and that rows are held for it', () => {
      const status = synced({ source: changed, guard: { ...hold, why: 'SourceChanged' }, leaving: uids(3) });

      expect(conditionOf(status, 'SourceChanged')).toMatchObject({ status: 'True', reason: 'OtherSource' });
      expect(conditionOf(status, 'DeletionHeld')).toMatchObject({ status: 'True', reason: 'SourceChanged' });
      expect(conditionOf(status, 'DeletionHeld')?.message).not.toContain('plan hash');
      expect(status.source).toEqual(changed.state);
      expect(conditionOf(synced({}, { previous: status }), 'SourceChanged')).toMatchObject({ status: 'False' });
    });

    it('says first, and in a condition that is there no longer than that, what is left to the next sync', () => {
      const open = ['2 rows wait for the next sync: why'];
      const warnings = Array.from({ length: 12 }, (_, index) => `warning ${index}`);
      const left = synced({ open, warnings });

      expect(left.warnings).toEqual([...open, ...warnings.slice(0, 9)]);
      expect(left.conditions?.at(-1)).toMatchObject({ type: 'RowsWaiting', status: 'True', message: open[0] });
      const later = synced({ open: ['1 rows wait'] }, { previous: left, now: afterNoon(60) });
      expect(later.conditions?.at(-1)?.lastTransitionTime).toBe(left.conditions?.at(-1)?.lastTransitionTime);
      expect(synced({}, { previous: left }).conditions?.map(({ type }) => type)).not.toContain('RowsWaiting');
    });

    it('lists the first ten warnings', () => {
      const warnings = Array.from({ length: 12 }, (_, index) => `warning ${index}`);

      expect(synced({ warnings }).warnings).toEqual(warnings.slice(0, 10));
    });

    it('says that the table is empty where that is the reason', () => {
      const status = synced({ guard: { ...hold, why: 'EmptyResult' }, leaving: uids(30) });

      expect(conditionOf(status, 'DeletionHeld')).toMatchObject({ status: 'True', reason: 'EmptyResult' });
    });

    it('ends DeletionHeld when the rows come back', () => {
      const held = synced({ guard: hold, leaving: uids(30) });

      expect(conditionOf(synced({}, { previous: held }), 'DeletionHeld')).toMatchObject({ status: 'False' });
    });

    it.each([
      [true, 'True'],
      [false, 'False'],
    ])('has InsecureTransport by the connection: %s', (insecure, value) => {
      expect(conditionOf(synced({ insecure }), 'InsecureTransport')).toMatchObject({ status: value });
    });

    it('keeps transition times', () => {
      const later = synced({}, { previous: synced(), now: afterNoon(60) });

      expect(later.conditions).toEqual(synced().conditions);
      expect(later.lastSyncTime).toBe('2026-03-01T12:01:00Z');
    });

    it('is what the CRD allows', () => {
      for (const status of [synced(), synced({ guard: hold, leaving: uids(3) }), synced({ source: changed })])
        expect(LynqHubStatus.parse(status)).toEqual(status);
    });
  });

  describe('after a sync that could not read', () => {
    const failure = { reason: 'DatabaseConnectionFailed', message: 'cannot reach db:3306' };

    it('keeps every number and says why', () => {
      const previous = synced({ guard: hold, leaving: uids(3) });

      const { conditions, observedGeneration, ...rest } = failedSyncStatus(
        { previous, generation: 3, now: afterNoon(60) },
        failure,
      );

      const { conditions: before, observedGeneration: _, ...restBefore } = previous;
      expect(rest).toEqual(restBefore);
      expect(observedGeneration).toBe(3);
      expect(conditions?.[0]).toMatchObject({
        type: 'Ready',
        status: 'False',
        ...failure,
        lastTransitionTime: '2026-03-01T12:01:00Z',
      });
      expect(conditions?.slice(1)).toEqual(before?.filter(({ type }) => type !== 'Ready'));
    });

    it('does not move the transition time at every attempt', () => {
      const first = failedSyncStatus(base, failure);

      expect(failedSyncStatus({ ...base, previous: first, now: afterNoon(600) }, failure)).toEqual(first);
    });
  });

  describe('while the hub has no schedule', () => {
    const why = 'no mapping defined for search attribute LynqHub';

    it('says so beside everything else, once, and no more when it has one', () => {
      const before = synced();
      const without = unscheduledStatus({ ...base, previous: before, now: afterNoon(60) }, why);

      expect(without?.conditions?.map(({ type }) => type)).toEqual([
        ...(before.conditions ?? []).map(({ type }) => type),
        'NotScheduled',
      ]);
      expect(without && conditionOf(without, 'NotScheduled')).toMatchObject({
        status: 'True',
        reason: 'ScheduleRefused',
        message: `Nothing syncs this hub by itself, for its schedule cannot be made in Temporal: ${why}`,
      });
      expect(unscheduledStatus({ ...base, previous: without }, why)).toBeUndefined();
      expect(unscheduledStatus({ ...base, previous: without }, undefined)).toEqual(before);
      expect(unscheduledStatus({ ...base, previous: before }, undefined)).toBeUndefined();
    });

    it('says so on a hub that was never synced', () => {
      expect(unscheduledStatus({ ...base, previous: undefined }, why)?.conditions).toHaveLength(1);
    });

    it.each([
      ['complete', (previous: LynqHubStatus) => synced({}, { previous })],
      ['failed', (previous: LynqHubStatus) => failedSyncStatus({ ...base, previous }, { reason: 'X', message: 'x' })],
    ])('is over with a %s sync', (_kind, next) => {
      const without = unscheduledStatus({ ...base, previous: synced() }, why);

      expect(conditionOf(next(without ?? {}), 'NotScheduled')).toBeUndefined();
    });
  });

  describe('while a sync hangs', () => {
    const since = new Date('2026-03-01T11:50:00Z');

    it('says so beside everything else, once', () => {
      const before = synced();
      const stuck = stuckSyncStatus({ ...base, previous: before, now: afterNoon(60) }, since);

      expect(stuck).toMatchObject({ desired: 100, lastSyncTime: before.lastSyncTime, rows: totals });
      expect(stuck?.conditions?.map(({ type }) => type)).toEqual([
        ...(before.conditions ?? []).map(({ type }) => type),
        'SyncStuck',
      ]);
      expect(stuck && conditionOf(stuck, 'SyncStuck')).toMatchObject({ status: 'True', reason: 'RunsTooLong' });
      expect(stuckSyncStatus({ ...base, previous: stuck }, since)).toBeUndefined();
    });

    it.each([
      ['complete', (previous: LynqHubStatus) => synced({}, { previous })],
      ['failed', (previous: LynqHubStatus) => failedSyncStatus({ ...base, previous }, { reason: 'X', message: 'x' })],
    ])('is over with a %s sync', (_kind, next) => {
      const stuck = stuckSyncStatus({ ...base, previous: synced() }, since);

      expect(conditionOf(next(stuck ?? {}), 'SyncStuck')).toBeUndefined();
    });
  });
});
