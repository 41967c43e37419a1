import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type GuardFacts,
  type GuardState,
  type GuardVerdict,
  judgeDeletions,
  planHash,
} from '../../../domain/deletion-guard.ts';
import { reservation } from '../../../domain/deletion-reservation.ts';
import { afterNoon } from '../../support/builders/node-pass.ts';

const rows = (count: number, prefix = 'row'): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`);

/** A hub as its cluster has it: rows with nodes, what is on record, and an approval that no sync has used up. */
class World {
  readonly nodes: Set<string>;
  record: Pick<GuardState, 'window' | 'hold'> = { window: [] };
  approval: string | undefined;
  /** Every hold that was ever on record. */
  holds = 0;

  constructor(total: number) {
    this.nodes = new Set(rows(total));
  }

  get spent(): number {
    return this.record.window.reduce((sum, entry) => sum + entry.rows, 0);
  }

  judge(leaving: readonly string[], minute = 0, change: Partial<GuardFacts> = {}): GuardVerdict {
    const present = leaving.filter((uid) => this.nodes.has(uid));
    return judgeDeletions({
      settings: undefined,
      leaving: present,
      remaining: this.nodes.size - present.length,
      rowsWithNodes: this.nodes.size,
      window: this.record.window,
      hold: this.record.hold,
      approval: this.approval,
      sourceChanged: false,
      now: afterNoon(minute * 60),
      ...change,
    });
  }

  /** One sync, in the order of activities/hub/sync.ts, that ends after so many of its steps. */
  sync(leaving: readonly string[], steps = Number.POSITIVE_INFINITY, minute = 0): GuardVerdict {
    const present = leaving.filter((uid) => this.nodes.has(uid));
    const verdict = this.judge(leaving, minute);
    if (steps < 1) return verdict;
    this.record = verdict.state;
    if (verdict.state.hold !== undefined) this.holds += 1;
    if (steps < 2) return verdict;
    this.approval = undefined;
    if (verdict.kind === 'allow') for (const uid of present.slice(0, steps - 2)) this.nodes.delete(uid);
    return verdict;
  }
}

const crashes = fc.array(fc.record({ steps: fc.nat(40), minutes: fc.nat(25) }), { maxLength: 8 });

describe('domain/deletion-reservation', () => {
  it('lets all rows within the budget go and begins no hold, wherever syncs end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 150 }), fc.nat(), crashes, (total, some, ends) => {
        const count = 1 + (some % Math.max(10, Math.floor(total / 5)));
        const world = new World(total);
        let minute = 0;
        for (const { steps, minutes } of ends) {
          world.sync(rows(count), steps, minute);
          minute += minutes;
        }
        world.sync(rows(count), undefined, minute);

        expect(world.nodes.size).toBe(total - count);
        expect(world.holds).toBe(0);
        expect(world.spent).toBeLessThanOrEqual(count);
      }),
    );
  });

  it('counts each row once where syncs end within the hour', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(14), { maxLength: 8 }), (ends) => {
        const world = new World(50);
        for (const steps of ends) world.sync(rows(10), steps);
        world.sync(rows(10));

        expect(world.spent).toBe(10);
        expect(world.judge(rows(11))).toMatchObject({ kind: 'hold', budget: 0 });
      }),
    );
  });

  it('lets nothing go beyond the budget, wherever syncs end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 12, max: 150 }), fc.nat(), crashes, (total, some, ends) => {
        const budget = Math.max(10, Math.floor(total / 5));
        const count = Math.min(total, budget + 1 + (some % total));
        const world = new World(total);
        for (const { steps } of ends) world.sync(rows(count), steps);
        world.sync(rows(count));

        expect(world.nodes.size).toBe(total);
        expect(world.spent).toBe(0);
      }),
    );
  });

  it('lets an approved set go, an empty result too, wherever syncs end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 21, max: 30 }), crashes, (count, ends) => {
        const world = new World(30);
        world.sync(rows(count));
        world.approval = planHash(rows(count));
        for (const { steps } of ends) world.sync(rows(count), steps);
        world.sync(rows(count));

        expect(world.nodes.size).toBe(30 - count);
        expect(world.holds).toBe(1);
        expect(world.spent).toBe(count);
      }),
    );
  });

  it('never lets more rows go within an hour than the budget, whichever leave and wherever syncs end', () => {
    const total = 60;
    const step = fc.record({
      leaving: fc.subarray([...rows(total)], { maxLength: 14 }),
      steps: fc.nat(18),
      minutes: fc.nat(50),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (all) => {
        const world = new World(total);
        const gone: number[] = [];
        let minute = 0;
        for (const { leaving, steps, minutes } of all) {
          minute += minutes;
          const before = world.nodes.size;
          const atStart = before + gone.filter((at) => minute - at < 60).length;
          world.sync(leaving, steps, minute);
          for (let left = before - world.nodes.size; left > 0; left -= 1) gone.push(minute);
          // What is in the table gets nodes again, once that is on record; no hold stays for the next.
          const back = steps > 1 ? rows(total).filter((uid) => !leaving.includes(uid)) : [];
          for (const uid of back) world.nodes.add(uid);
          world.record = { window: world.record.window };
          const limit = Math.max(10, Math.floor(atStart / 5));
          if (world.nodes.size < before)
            expect(gone.filter((at) => minute - at < 60).length).toBeLessThanOrEqual(limit);
        }
      }),
    );
  });

  it('is no reservation for other rows, for more, or for one that came back', () => {
    const begun = (): World => {
      const world = new World(50);
      world.sync(rows(10), 5);
      return world;
    };

    expect(begun().judge(rows(10))).toMatchObject({ kind: 'allow', state: { rowsAtStart: 50 } });
    expect(begun().judge(rows(5, 'row1'))).toMatchObject({ kind: 'hold' });
    expect(begun().judge(rows(11))).toMatchObject({ kind: 'hold', why: 'BudgetSpent', budget: 7 });
    const back = begun();
    back.sync([]);
    expect(back.judge(rows(10))).toMatchObject({ kind: 'hold', why: 'BudgetSpent' });
  });

  it('is kept while another source answers, and lets nothing go then', () => {
    const world = new World(50);
    world.sync(rows(10), 2);
    const other = world.judge(rows(10), 0, { sourceChanged: true });
    world.record = other.state;

    expect(other).toMatchObject({ kind: 'hold', why: 'SourceChanged' });
    expect(world.judge(rows(10))).toMatchObject({ kind: 'allow', state: { window: [{ rows: 10 }] } });
  });

  it('ends no hold', () => {
    const world = new World(50);
    world.sync(rows(10), 2);
    world.sync(rows(20));

    expect(world.judge(rows(10))).toMatchObject({ kind: 'hold', why: 'NotAllBack' });
  });

  it('wins nothing from a record that names more rows than it counts', () => {
    const world = new World(50);
    const { going = [], ...entry } = reservation(rows(30), afterNoon(0).toISOString());
    world.record = {
      window: [
        { ...entry, rows: -5, going: [...going, ...going] },
        { ...entry, rows: 9 },
      ],
    };

    expect(world.judge(rows(3, 'row4'))).toMatchObject({ kind: 'hold', budget: 2 });
  });

  it('keeps nothing of a set that is too large for a status', () => {
    expect(reservation(rows(20_000), 'now').going).toHaveLength(20_000);
    expect(reservation(rows(20_001), 'now')).toEqual({ at: 'now', rows: 20_001 });
  });
});
