import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeletionGuard, DeletionHold } from '../../../domain/api/hub.ts';
import {
  type GuardFacts,
  type GuardState,
  type GuardVerdict,
  judgeDeletions,
  planHash,
} from '../../../domain/deletion-guard.ts';
import { afterNoon, noon } from '../../support/builders/node-pass.ts';

const rows = (count: number, prefix = 'row'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);
const settings: DeletionGuard = { enabled: true, maxRows: 10, maxPercent: 20, allowEmpty: false };
const byDefault: DeletionHold = { maxRows: 10, maxPercent: 20, allowEmpty: false };

/** A hub whose rows have nodes, and what it keeps of one sync for the next. */
interface Life {
  readonly withNodes: number;
  readonly state: Pick<GuardState, 'window' | 'hold'>;
}

const fresh = (withNodes: number): Life => ({ withNodes, state: { window: [] } });

interface Seen {
  readonly life: Life;
  readonly verdict: GuardVerdict;
}

function sync({ withNodes, state }: Life, leaving: readonly string[], change: Partial<GuardFacts> = {}): Seen {
  const verdict = judgeDeletions({
    settings: undefined,
    leaving,
    remaining: withNodes - leaving.length,
    rowsWithNodes: withNodes,
    window: state.window,
    hold: state.hold,
    approval: undefined,
    sourceChanged: false,
    now: noon,
    ...change,
  });
  const left = verdict.kind === 'allow' ? withNodes - leaving.length : withNodes;
  return { life: { withNodes: left, state: verdict.state }, verdict };
}

/** Of `total` rows only `back` are in the table. */
const missing = (total: number, back: number): readonly string[] => rows(total).slice(back);

/** 200 rows whose table was truncated: everything is held. */
const truncated = sync(fresh(200), rows(200)).life;
/** Of which 165 have come back: by itself the budget would let the other 35 go. */
const nearlyBack = missing(200, 165);

/** What is kept when all rows that were let go have gone. */
function settled({ life, verdict }: Seen): Life {
  if (verdict.kind === 'hold') return life;
  return {
    ...life,
    state: { ...life.state, window: life.state.window.map(({ at, rows: gone }) => ({ at, rows: gone })) },
  };
}

describe('domain/deletion-hold', () => {
  describe('while rows come back', () => {
    it('M11 keeps all nodes of a truncated table that is reloaded slowly, up to its last row', () => {
      let life = truncated;
      for (const back of [0, 40, 80, 120, 150, 165, 190, 199]) {
        const seen = sync(life, missing(200, back));
        expect([back, seen.verdict.kind]).toEqual([back, 'hold']);
        life = seen.life;
      }

      const all = sync(life, []);
      expect(all).toMatchObject({ life: { withNodes: 200 }, verdict: { kind: 'allow', state: { window: [] } } });
      expect(all.life.state.hold).toBeUndefined();
    });

    it('says that not all are back where the budget would do', () => {
      expect(sync(truncated, missing(200, 0)).verdict).toMatchObject({ why: 'EmptyResult' });
      expect(sync(truncated, missing(200, 40)).verdict).toMatchObject({ why: 'BudgetSpent' });
      expect(sync(truncated, nearlyBack).verdict).toMatchObject({ why: 'NotAllBack', planHash: planHash(nearlyBack) });
    });

    it('is not released by new rows, which make the share of those that leave smaller', () => {
      const { life } = sync(fresh(100), rows(30));

      expect(sync({ ...life, withNodes: 1_000 }, rows(30)).verdict.kind).toBe('hold');
    });

    it('is not released by other rows leaving in place of those that were held', () => {
      expect(sync(truncated, rows(5, 'other')).verdict.kind).toBe('hold');
    });

    it('is not released by the hour that passes', () => {
      const window = [{ at: '2026-03-01T11:30:00Z', rows: 18 }];
      const { life, verdict } = sync({ withNodes: 82, state: { window } }, rows(5));

      expect(verdict).toMatchObject({ kind: 'hold', why: 'BudgetSpent' });
      expect(sync(life, rows(5), { now: afterNoon(7_200) }).verdict).toMatchObject({ kind: 'hold', why: 'NotAllBack' });
    });

    it('is judged by the budget again when all were back', () => {
      const { life } = sync(truncated, []);

      expect(sync(life, nearlyBack).verdict).toMatchObject({ kind: 'allow', by: 'budget' });
    });
  });

  describe('an approval', () => {
    it('of exactly what is still missing lets it go and ends the hold', () => {
      const { verdict, life } = sync(truncated, nearlyBack, { approval: planHash(nearlyBack) });

      expect(verdict).toMatchObject({ kind: 'allow', by: 'approval', state: { window: [{ rows: 35 }] } });
      expect(life.state.hold).toBeUndefined();
    });

    it('of the set that was held before does not', () => {
      expect(sync(truncated, nearlyBack, { approval: planHash(rows(200)) }).verdict.kind).toBe('hold');
    });
  });

  describe('spec.deletionGuard', () => {
    const under = (change: Partial<DeletionGuard>) => ({ settings: { ...settings, ...change } });

    it('is remembered with the largest limits of the syncs that held', () => {
      expect(truncated.state.hold).toEqual(byDefault);
      const first = sync(truncated, nearlyBack, under({ maxRows: 12, maxPercent: 3 })).life;
      expect(first.state.hold).toEqual({ ...byDefault, maxRows: 12 });
      expect(sync(first, nearlyBack).life.state.hold).toEqual({ ...byDefault, maxRows: 12 });
    });

    it('lets nothing go when it is made stricter for a while and put back', () => {
      const { life } = sync(truncated, nearlyBack, under({ maxRows: 0, maxPercent: 0 }));

      expect(sync(life, nearlyBack).verdict).toMatchObject({ kind: 'hold', why: 'NotAllBack' });
    });

    it('lets them go when it is off', () => {
      const { verdict, life } = sync(truncated, nearlyBack, under({ enabled: false }));

      expect(verdict).toMatchObject({ kind: 'allow', by: 'settings' });
      expect(life.state.hold).toBeUndefined();
    });

    it.each<readonly [string, Partial<DeletionGuard>]>([
      ['more rows', { maxRows: 50 }],
      ['a larger share', { maxPercent: 25 }],
      ['more rows, though a smaller share', { maxRows: 50, maxPercent: 0 }],
    ])('lets them go when it was edited to allow %s, and these are no more than that', (_, change) => {
      const { verdict, life } = sync(truncated, nearlyBack, under(change));

      expect(verdict).toMatchObject({ kind: 'allow', by: 'settings' });
      expect(life.state.hold).toBeUndefined();
    });

    it.each<readonly [string, Partial<DeletionGuard>]>([
      ['nothing', {}],
      ['less', { maxPercent: 18 }],
      ['more rows, which is still less than the share', { maxRows: 39 }],
      ['an empty result, which this is not', { allowEmpty: true }],
    ])('still holds what the budget would allow after an edit to allow %s', (_, change) => {
      expect(sync(truncated, nearlyBack, under(change)).verdict).toMatchObject({ kind: 'hold', why: 'NotAllBack' });
    });

    it('is judged at the sync after an edit: rows that come back later do not make one suffice', () => {
      const edit = under({ maxRows: 50 });
      const { life, verdict } = sync(truncated, missing(200, 100), edit);

      expect(verdict).toMatchObject({ kind: 'hold', why: 'BudgetSpent' });
      expect(sync(life, nearlyBack, edit).verdict).toMatchObject({ kind: 'hold', why: 'NotAllBack' });
    });

    it('lets an empty result go when it was edited to allow that', () => {
      const open = under({ maxRows: 20 });
      const { life } = sync(fresh(12), rows(12), open);

      expect(sync(life, rows(12), under({ maxRows: 20, allowEmpty: true })).verdict.kind).toBe('allow');
    });
  });

  describe('another source', () => {
    const other = { sourceChanged: true };

    it('is no hold that is remembered: once it is known the rows are judged by the budget', () => {
      const { life, verdict } = sync(fresh(200), rows(35), other);

      expect(verdict).toMatchObject({ kind: 'hold', why: 'SourceChanged' });
      expect(life.state.hold).toBeUndefined();
      expect(sync(life, rows(35)).verdict).toMatchObject({ kind: 'allow', by: 'budget' });
    });

    it.each([
      ['with fewer rows', nearlyBack],
      ['with all rows', []],
    ])('%s leaves a hold as it was', (_, leaving) => {
      const { life } = sync(truncated, leaving, other);

      expect(life.state.hold).toEqual(truncated.state.hold);
      expect(sync(life, nearlyBack).verdict).toMatchObject({ kind: 'hold', why: 'NotAllBack' });
    });

    it('takes no note of an edit: that is judged when the source is known', () => {
      const edit = { settings: { ...settings, maxRows: 50 } };
      const { life } = sync(truncated, nearlyBack, { ...other, ...edit });

      expect(sync(life, nearlyBack, edit).verdict).toMatchObject({ kind: 'allow', by: 'settings' });
    });
  });

  describe('over many syncs', () => {
    const anySettings = fc.option(
      fc.record({
        enabled: fc.constant(true),
        maxRows: fc.nat(60),
        maxPercent: fc.nat(60),
        allowEmpty: fc.boolean(),
      }),
      { nil: undefined },
    );

    it('takes no node of a table that was held and is reloaded, in whatever steps and with whatever new rows', () => {
      const steps = fc.array(fc.record({ share: fc.double({ min: 0, max: 1, noNaN: true }), born: fc.nat(500) }), {
        maxLength: 12,
      });
      fc.assert(
        fc.property(fc.integer({ min: 11, max: 400 }), anySettings, steps, (total, chosen, reload) => {
          const first = sync(fresh(total), rows(total), { settings: chosen });
          fc.pre(first.verdict.kind === 'hold');
          let { life } = first;
          let [back, hours] = [0, 0];
          for (const { share, born } of reload) {
            back = Math.min(total - 1, back + Math.floor((total - back) * share));
            hours += 1;
            const seen = sync(life, missing(total, back), { settings: chosen, now: afterNoon(hours * 1_800) });
            expect(seen.verdict.kind).toBe('hold');
            life = { ...seen.life, withNodes: seen.life.withNodes + born };
          }
          expect(sync(life, [], { settings: chosen }).life.state).toMatchObject({ window: [] });
        }),
      );
    });

    it('gives the same answer and keeps the same when a sync is carried out again', () => {
      const total = 120;
      const set = fc.subarray([...rows(total)]);
      fc.assert(
        fc.property(fc.array(set, { minLength: 1, maxLength: 6 }), anySettings, (sets, chosen) => {
          let life = fresh(total);
          for (const leaving of sets) {
            const once = sync(life, leaving, { settings: chosen });
            const again = sync(once.life, once.verdict.kind === 'allow' ? [] : leaving, { settings: chosen });
            expect(again.life).toEqual(settled(once));
            expect(again.verdict.kind).toBe(once.verdict.kind);
            if (once.verdict.kind === 'hold') expect(again.verdict).toEqual(once.verdict);
            life = { ...once.life, withNodes: total };
          }
        }),
      );
    });

    it('lets nothing go after a hold but by an approval, an edit, or all rows being back', () => {
      const step = fc.record({ leaving: fc.subarray([...rows(60)]), sourceChanged: fc.boolean() });
      fc.assert(
        fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
          let { life } = sync(fresh(60), rows(60));
          for (const { leaving, sourceChanged } of steps) {
            const seen = sync(life, leaving, { sourceChanged });
            if (life.state.hold !== undefined && leaving.length > 0) expect(seen.verdict.kind).toBe('hold');
            life = { ...seen.life, withNodes: 60 };
          }
        }),
      );
    });
  });
});
