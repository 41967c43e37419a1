import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeletionGuard } from '../../../domain/api/hub.ts';
import {
  type GuardFacts,
  type GuardState,
  type GuardVerdict,
  judgeDeletions,
  planHash,
} from '../../../domain/deletion-guard.ts';
import { dnsLabel } from '../../support/builders/arbitraries.ts';
import { afterNoon, noon } from '../../support/builders/node-pass.ts';

const rows = (count: number, prefix = 'row'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const settings: DeletionGuard = { enabled: true, maxRows: 10, maxPercent: 20, allowEmpty: false };

/** A hub of `total` rows, of which `leaving` are gone now, with nothing deleted within the last hour. */
function facts(total: number, leaving: number, change: Partial<GuardFacts> = {}): GuardFacts {
  return {
    settings: undefined,
    leaving: rows(leaving),
    remaining: total - leaving,
    rowsWithNodes: total,
    window: [],
    approval: undefined,
    sourceChanged: false,
    now: noon,
    ...change,
  };
}

const kindOf = (total: number, leaving: number, change: Partial<GuardFacts> = {}): string =>
  judgeDeletions(facts(total, leaving, change)).kind;

describe('domain/deletion-guard', () => {
  describe('the budget of one hour', () => {
    it.each`
      total   | leaving | verdict
      ${1000} | ${0}    | ${'allow'}
      ${1000} | ${200}  | ${'allow'}
      ${1000} | ${201}  | ${'hold'}
      ${1000} | ${999}  | ${'hold'}
      ${100}  | ${20}   | ${'allow'}
      ${100}  | ${21}   | ${'hold'}
      ${54}   | ${10}   | ${'allow'}
      ${54}   | ${11}   | ${'hold'}
      ${55}   | ${11}   | ${'allow'}
      ${50}   | ${10}   | ${'allow'}
      ${12}   | ${10}   | ${'allow'}
      ${12}   | ${11}   | ${'hold'}
      ${10}   | ${10}   | ${'allow'}
      ${1}    | ${1}    | ${'allow'}
    `('answers $verdict when $leaving of $total rows leave', ({ total, leaving, verdict }) => {
      expect(kindOf(total, leaving)).toBe(verdict);
    });

    it('is the same with the defaults written out', () => {
      for (const leaving of [20, 21]) expect(kindOf(100, leaving, { settings })).toBe(kindOf(100, leaving));
    });

    it('counts what was deleted within the last hour', () => {
      const window = [
        { at: '2026-03-01T11:10:00Z', rows: 15 },
        { at: '2026-03-01T11:50:00Z', rows: 4 },
      ];

      expect(kindOf(81, 1, { window })).toBe('allow');
      expect(kindOf(81, 2, { window })).toBe('hold');
    });

    it.each([
      { at: '2026-03-01T11:00:01Z', verdict: 'hold' },
      { at: '2026-03-01T11:00:00Z', verdict: 'allow' },
      { at: '2026-03-01T09:00:00Z', verdict: 'allow' },
    ])('answers $verdict when the budget was spent at $at and it is noon', ({ at, verdict }) => {
      expect(kindOf(80, 1, { window: [{ at, rows: 20 }] })).toBe(verdict);
    });

    it('is not made smaller by its own deletions', () => {
      const window = [{ at: '2026-03-01T11:50:00Z', rows: 190 }];

      expect(kindOf(810, 10, { window })).toBe('allow');
      expect(kindOf(810, 11, { window })).toBe('hold');
    });

    it('records what it lets go, for the next hour', () => {
      expect(judgeDeletions(facts(100, 7))).toEqual({
        kind: 'allow',
        by: 'budget',
        state: { window: [{ at: '2026-03-01T12:00:00Z', rows: 7, going: expect.any(Array) }], rowsAtStart: 100 },
      });
    });

    it('forgets what is older than an hour and keeps the rest', () => {
      const window = [
        { at: '2026-03-01T10:59:00Z', rows: 3 },
        { at: '2026-03-01T11:30:00Z', rows: 2 },
      ];

      expect(judgeDeletions(facts(100, 0, { window })).state.window).toEqual([window[1]]);
    });

    it.each(['', 'yesterday', '2026-13-45T00:00:00Z', 'NaN', '2027-03-01T12:00:00Z'])(
      'counts what went at an unreadable or future time %j as spent now, for one hour',
      (at) => {
        const first = judgeDeletions(facts(80, 1, { window: [{ at, rows: 20 }] }));

        expect(first).toMatchObject({
          kind: 'hold',
          budget: 0,
          state: { window: [{ at: '2026-03-01T12:00:00Z', rows: 20 }], rowsAtStart: 100 },
        });
        expect(kindOf(80, 1, { window: first.state.window, now: afterNoon(3_599) })).toBe('hold');
        expect(kindOf(80, 1, { window: first.state.window, now: afterNoon(3_600) })).toBe('allow');
      },
    );

    it('wins nothing from a negative number of rows', () => {
      expect(kindOf(100, 21, { window: [{ at: '2026-03-01T11:50:00Z', rows: -50 }] })).toBe('hold');
    });

    it('M16 holds when 15 % go at a time and the budget of the hour is spent', () => {
      let [total, removed] = [100, 0];
      let window: GuardState['window'] = [];
      const kinds = Array.from({ length: 8 }, (_, sync) => {
        const leaving = 15 * (sync + 1) - removed;
        const verdict = judgeDeletions(
          facts(total, leaving, { leaving: rows(leaving, `of-${sync}-`), window, now: afterNoon(60 * sync) }),
        );
        window = verdict.state.window;
        if (verdict.kind === 'allow') [total, removed] = [total - leaving, removed + leaving];
        return verdict.kind;
      });

      expect(kinds).toEqual(['allow', ...Array.from({ length: 7 }, () => 'hold')]);
      expect(removed).toBe(15);
    });

    it('spends nothing on a plan that it holds', () => {
      const verdict = judgeDeletions(facts(100, 30));

      expect(verdict).toMatchObject({ kind: 'hold', why: 'BudgetSpent', budget: 20, state: { window: [] } });
    });

    it('tells how many rows may still go', () => {
      const window = [{ at: '2026-03-01T11:50:00Z', rows: 15 }];

      expect(judgeDeletions(facts(85, 6, { window }))).toMatchObject({ kind: 'hold', budget: 5 });
      expect(judgeDeletions(facts(85, 6, { window: [{ at: '2026-03-01T11:50:00Z', rows: 25 }] }))).toMatchObject({
        kind: 'hold',
        budget: 0,
      });
    });
  });

  describe('an empty result', () => {
    it.each`
      total   | verdict
      ${1}    | ${'allow'}
      ${10}   | ${'allow'}
      ${11}   | ${'hold'}
      ${1000} | ${'hold'}
    `('answers $verdict while $total rows have nodes', ({ total, verdict }) => {
      expect(kindOf(total, total)).toBe(verdict);
    });

    it('is held whatever the share', () => {
      const generous = { ...settings, maxRows: 100_000, maxPercent: 100 };

      expect(judgeDeletions(facts(11, 11, { settings: generous }))).toMatchObject({ kind: 'hold', why: 'EmptyResult' });
    });

    it('is held also when only some of the rows would leave', () => {
      expect(kindOf(40, 5, { remaining: 0 })).toBe('hold');
    });

    it('may remove everything within the budget when the hub allows it', () => {
      const open = { ...settings, maxPercent: 100, allowEmpty: true };

      expect(kindOf(50, 50, { settings: open })).toBe('allow');
      expect(kindOf(50, 50, { settings: { ...settings, allowEmpty: true } })).toBe('hold');
    });

    it('is not one while a frozen row remains', () => {
      expect(kindOf(11, 10, { remaining: 1 })).toBe('allow');
    });
  });

  describe('settings', () => {
    it('hold nothing when the guard is off, and still record', () => {
      const off = { ...settings, enabled: false };

      expect(judgeDeletions(facts(1000, 1000, { settings: off }))).toMatchObject({
        kind: 'allow',
        state: { window: [{ rows: 1000 }] },
      });
    });

    it('can be stricter than the defaults', () => {
      expect(kindOf(1000, 1, { settings: { ...settings, maxRows: 0, maxPercent: 0 } })).toBe('hold');
      expect(kindOf(10, 3, { settings: { ...settings, maxRows: 2, maxPercent: 0 } })).toBe('hold');
      expect(kindOf(10, 2, { settings: { ...settings, maxRows: 2, maxPercent: 0 } })).toBe('allow');
    });
  });

  describe('a source that is not known', () => {
    it.each([1, 5, 50])('may take nodes of no row: %i', (leaving) => {
      expect(judgeDeletions(facts(100, leaving, { sourceChanged: true }))).toMatchObject({
        kind: 'hold',
        why: 'SourceChanged',
        state: { window: [] },
      });
    });

    it('is released by no approval and no setting', () => {
      const some = facts(100, 5, { sourceChanged: true, approval: planHash(rows(5)) });

      expect(judgeDeletions(some).kind).toBe('hold');
      expect(judgeDeletions({ ...some, settings: { ...settings, enabled: false } }).kind).toBe('hold');
    });

    it('holds nothing when nothing leaves', () => {
      expect(kindOf(100, 0, { sourceChanged: true })).toBe('allow');
    });
  });

  describe('an approval', () => {
    it('is told from a budget that suffices and from a guard that is off', () => {
      const by = (change: Partial<GuardFacts>, leaving = 50): string => {
        const verdict = judgeDeletions(facts(100, leaving, change));
        return verdict.kind === 'allow' ? verdict.by : verdict.kind;
      };

      expect(by({ approval: planHash(rows(50)) })).toBe('approval');
      expect(by({ approval: planHash(rows(5)) }, 5)).toBe('budget');
      expect(by({ settings: { ...settings, enabled: false } })).toBe('settings');
    });

    const held = (leaving: readonly string[], approval?: string): GuardVerdict =>
      judgeDeletions(facts(100, 0, { leaving, remaining: 100 - leaving.length, approval }));

    it('of exactly this set lets it go', () => {
      const verdict = held(rows(50));

      expect(verdict.kind === 'hold' ? verdict.planHash : '').toBe(planHash(rows(50)));
      expect(held(rows(50), planHash(rows(50))).kind).toBe('allow');
      expect(held(rows(50).toReversed(), planHash(rows(50))).kind).toBe('allow');
    });

    it('lets an empty result go as well', () => {
      expect(kindOf(100, 100, { approval: planHash(rows(100)) })).toBe('allow');
    });

    it.each([
      ['a larger set', rows(51)],
      ['a smaller set', rows(49)],
      ['another set of the same size', rows(50, 'other')],
    ])('does not hold for %s', (_, leaving) => {
      expect(held(leaving, planHash(rows(50))).kind).toBe('hold');
    });

    it('does not hold without the hash', () => {
      for (const approval of ['', 'true', 'yes', '*']) expect(held(rows(50), approval).kind).toBe('hold');
    });

    it('has another hash for every other set, and the same for every order', () => {
      const uids = fc.uniqueArray(dnsLabel, { maxLength: 6 });
      fc.assert(
        fc.property(uids, uids, (left, right) => {
          expect(planHash(left.toReversed())).toBe(planHash(left));
          const same = left.toSorted().join(' ') === right.toSorted().join(' ');
          expect(planHash(left) === planHash(right)).toBe(same);
        }),
      );
    });
  });

  describe('monotony', () => {
    const anyFacts: fc.Arbitrary<GuardFacts> = fc
      .record({
        total: fc.integer({ min: 1, max: 300 }),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
        spent: fc.array(
          fc.record({ minutes: fc.integer({ min: 0, max: 90 }), rows: fc.integer({ min: 1, max: 30 }) }),
          { maxLength: 3 },
        ),
        settings: fc.option(
          fc.record({ enabled: fc.boolean(), maxRows: fc.nat(20), maxPercent: fc.nat(100), allowEmpty: fc.boolean() }),
          { nil: undefined },
        ),
      })
      .map(({ total, share, spent, ...rest }) =>
        facts(total, Math.round(total * share), {
          ...rest,
          window: spent.map((item) => ({ at: afterNoon(-60 * item.minutes).toISOString(), rows: item.rows })),
        }),
      );

    it('never lets more rows go where it holds fewer', () => {
      fc.assert(
        fc.property(anyFacts, fc.integer({ min: 1, max: 50 }), (some, extra) => {
          const more = {
            ...some,
            leaving: [...some.leaving, ...rows(extra, 'extra')],
            remaining: Math.max(0, some.remaining - extra),
          };

          if (judgeDeletions(some).kind === 'hold') expect(judgeDeletions(more).kind).toBe('hold');
        }),
      );
    });

    it('never holds with a larger budget what it allows with a smaller one', () => {
      fc.assert(
        fc.property(anyFacts, fc.nat(50), fc.nat(50), (some, moreRows, morePercent) => {
          const base = some.settings ?? settings;
          const wider = {
            ...some,
            settings: {
              ...base,
              maxRows: base.maxRows + moreRows,
              maxPercent: Math.min(100, base.maxPercent + morePercent),
            },
          };

          if (judgeDeletions(some).kind === 'allow') expect(judgeDeletions(wider).kind).toBe('allow');
        }),
      );
    });

    it('never holds an approved set, and never anything when it is off', () => {
      fc.assert(
        fc.property(anyFacts, (some) => {
          expect(judgeDeletions({ ...some, approval: planHash(some.leaving) }).kind).toBe('allow');
          expect(judgeDeletions({ ...some, settings: { ...settings, enabled: false } }).kind).toBe('allow');
        }),
      );
    });

    it('gives the same answer again for a plan it holds', () => {
      fc.assert(
        fc.property(anyFacts, (some) => {
          const first = judgeDeletions(some);
          fc.pre(first.kind === 'hold');

          expect(judgeDeletions({ ...some, ...first.state })).toEqual(first);
        }),
      );
    });
  });

  describe('over many syncs', () => {
    interface Life {
      readonly total: number;
      readonly state: GuardState | undefined;
    }

    function sync(life: Life, leaving: number, minute: number): { readonly life: Life; readonly kind: string } {
      const verdict = judgeDeletions(
        facts(life.total, leaving, {
          leaving: rows(leaving, `of-${minute}-`),
          window: life.state?.window ?? [],
          now: afterNoon(60 * minute),
        }),
      );
      const total = verdict.kind === 'allow' ? life.total - leaving : life.total;
      return { life: { total, state: verdict.state }, kind: verdict.kind };
    }

    it('takes 20 % of the rows of an hour ago, not of the first hour of a long decline', () => {
      let life: Life = { total: 1000, state: undefined };
      for (let minute = 0; minute < 700; minute += 50) life = sync(life, Math.floor(life.total * 0.08), minute).life;

      expect(life.total).toBeLessThan(350);
      expect(sync(life, 40, 700).kind).toBe('allow');
      expect(sync(life, 120, 700).kind).toBe('hold');
    });

    it('never lets more than max(10, 20 % of the rows of an hour ago) go within one hour', () => {
      const history = fc.array(
        fc.record({ gap: fc.integer({ min: 20, max: 62 }), share: fc.constantFrom(0.02, 0.06, 0.1, 0.18, 0.3) }),
        { minLength: 10, maxLength: 40 },
      );
      fc.assert(
        fc.property(fc.integer({ min: 100, max: 5000 }), history, (total, steps) => {
          let life: Life = { total, state: undefined };
          let minute = 0;
          const gone: { minute: number; before: number; rows: number }[] = [];
          for (const { gap, share } of steps) {
            minute += gap;
            const leaving = Math.floor(life.total * share);
            const before = life.total;
            const { life: next, kind } = sync(life, leaving, minute);
            life = next;
            if (kind === 'hold' || leaving === 0) continue;
            gone.push({ minute, before, rows: leaving });
            const lastHour = gone.filter((item) => minute - item.minute < 60);
            const atStart = lastHour[0]?.before ?? before;
            const sum = lastHour.reduce((all, item) => all + item.rows, 0);
            expect(sum).toBeLessThanOrEqual(Math.max(10, Math.floor(atStart * 0.2)));
          }
        }),
      );
    });
  });
});
