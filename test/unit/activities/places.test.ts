import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Places } from '../../../activities/places.ts';
import { openChanges } from '../../../worker/watch/changes.ts';

describe('activities/places', () => {
  it('lets no more begin than there are places, in the order in which they came', async () => {
    const places = new Places(2);
    const begun: number[] = [];
    const ends: (() => void)[] = [];
    const all = [1, 2, 3].map((item) =>
      places.hold(() => {
        begun.push(item);
        return new Promise<void>((resolve) => ends.push(resolve));
      }),
    );
    await turn();
    expect(begun).toEqual([1, 2]);

    ends[0]?.();
    await turn();
    expect(begun).toEqual([1, 2, 3]);
    for (const end of ends) end();
    await Promise.all(all);
  });

  it('gives the place of a work that waits for news to the next one, and the work with news comes before those that have not begun', async () => {
    const places = new Places(1);
    const changes = openChanges();
    const done: string[] = [];
    const ends: (() => void)[] = [];
    const busy = (name: string) =>
      places.hold(async () => {
        done.push(name);
        await new Promise<void>((resolve) => ends.push(resolve));
      });
    const waiting = places.hold(async () => {
      const subscription = places.yieldedBy(changes).subscribe();
      subscription.add('news');
      done.push('waits');
      await subscription.next(60_000);
      subscription.close();
      done.push('heard');
    });
    const others = [busy('second'), busy('third')];
    await turn();
    expect(done).toEqual(['waits', 'second']);

    changes.publish('news');
    await turn();
    ends[0]?.();
    await turn();
    await turn();
    expect(done).toEqual(['waits', 'second', 'heard', 'third']);
    ends[1]?.();
    await Promise.all([waiting, ...others]);
  });

  it('has its place back after a work that failed', async () => {
    const places = new Places(1);
    await expect(places.hold(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await places.hold(async () => 'held')).toBe('held');
  });

  it('keeps its number of places when a wait is broken off', async () => {
    const places = new Places(1);
    const changes = places.yieldedBy(openChanges());
    const stop = AbortSignal.timeout(10);
    await expect(places.hold(() => changes.subscribe().next(60_000, stop))).rejects.toThrow();
    let most = 0;
    let now = 0;
    const work = async (): Promise<void> => {
      now += 1;
      most = Math.max(most, now);
      await turn();
      now -= 1;
    };
    await Promise.all([places.hold(work), places.hold(work), places.hold(work)]);
    expect(most).toBe(1);
  });
});
