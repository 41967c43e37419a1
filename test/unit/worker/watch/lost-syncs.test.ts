import { describe, expect, it } from 'vitest';
import type { SyncEnd } from '../../../../worker/schedules.ts';
import { LostSyncs } from '../../../../worker/watch/lost-syncs.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 20, 12, 0, seconds));

/** A hub without an interval unless said otherwise; syncs by number, each with its end and when it began. */
function watched(interval = 0) {
  const lost = new LostSyncs();
  let asked = 0;
  return {
    asked: () => asked,
    isDue: (sync: number, end: SyncEnd, began: number, now: number) =>
      lost.isDue(
        'n/hub',
        { workflowId: `sync-${sync}`, at: at(began), end: async () => ((asked += 1), end) },
        interval,
        at(now),
      ),
  };
}

describe('worker/watch/lost-syncs', () => {
  it('asks for no sync where the last one has ended well, is under way, or never was', async () => {
    expect(await watched().isDue(1, 'ended', 0, 600)).toBe(false);
    expect(await watched().isDue(1, 'open', 0, 600)).toBe(false);
    expect(await new LostSyncs().isDue('n/hub', undefined, 0, at(0))).toBe(false);
  });

  it('repeats one that was lost, after longer and longer times while each is lost', async () => {
    const { isDue } = watched();

    expect([await isDue(1, 'lost', 0, 4), await isDue(1, 'lost', 0, 5)]).toEqual([false, true]);
    expect([await isDue(2, 'open', 5, 6), await isDue(2, 'lost', 5, 14), await isDue(2, 'lost', 5, 15)]).toEqual([
      false,
      false,
      true,
    ]);
    expect([await isDue(3, 'lost', 15, 34), await isDue(3, 'lost', 15, 35)]).toEqual([false, true]);
    expect(await isDue(4, 'ended', 35, 500)).toBe(false);
    expect(await isDue(5, 'lost', 500, 505)).toBe(true);
  });

  it('asks how a sync has ended until it has, and once', async () => {
    const { isDue, asked } = watched();
    await isDue(1, 'open', 0, 1);
    await isDue(1, 'open', 0, 2);
    await isDue(1, 'lost', 0, 3);
    await isDue(1, 'lost', 0, 4);

    expect(asked()).toBe(3);
  });

  it('leaves it to the interval where that comes as soon', async () => {
    expect(await watched(30).isDue(1, 'lost', 0, 600)).toBe(false);
    expect([await watched(3_600).isDue(1, 'lost', 0, 29), await watched(3_600).isDue(1, 'lost', 0, 30)]).toEqual([
      false,
      true,
    ]);
  });
});
