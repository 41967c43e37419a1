import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HubTurns } from '../../../../activities/hub/turns.ts';

describe('activities/hub/turns', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const never = new AbortController().signal;

  /** Work that is on record when it begins, and ends when it is told to. */
  function works() {
    const begun: string[] = [];
    const ends = new Map<string, () => void>();
    return {
      begun,
      end: (name: string) => ends.get(name)?.(),
      of: (name: string) => () =>
        new Promise<string>((resolve) => {
          begun.push(name);
          ends.set(name, () => resolve(name));
        }),
    };
  }

  it('lets the syncs of one hub go one after the other, and those of another at the same time', async () => {
    const turns = new HubTurns();
    const { begun, end, of } = works();
    const first = turns.take('a', never, of('first'));
    const second = turns.take('a', never, of('second'));
    const third = turns.take('a', never, of('third'));
    const other = turns.take('b', never, of('other'));
    await vi.advanceTimersByTimeAsync(10);
    expect(begun).toEqual(['first', 'other']);
    end('first');
    expect(await first).toBe('first');
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual(['first', 'other', 'second']);
    end('second');
    await second;
    await vi.advanceTimersByTimeAsync(0);
    end('third');
    end('other');

    expect(await Promise.all([third, other])).toEqual(['third', 'other']);
  });

  it('is taken by a glance only when no sync is under way, which waits for the glance', async () => {
    const turns = new HubTurns();
    const { begun, end, of } = works();
    const sync = turns.take('a', never, of('sync'));
    expect(await turns.takeIfFree('a', never, of('late'))).toBeUndefined();
    end('sync');
    await sync;
    const glance = turns.takeIfFree('a', never, of('glance'));
    const next = turns.take('a', never, of('next'));
    await vi.advanceTimersByTimeAsync(0);
    expect(begun).toEqual(['sync', 'glance']);
    end('glance');
    expect(await glance).toBe('glance');
    await vi.advanceTimersByTimeAsync(0);
    end('next');
    expect(await next).toBe('next');
  });

  it('goes on after a sync that failed', async () => {
    const turns = new HubTurns();
    const failed = turns.take('a', never, () => Promise.reject(new Error('unread')));
    const second = turns.take('a', never, async () => 'read');

    await expect(failed).rejects.toThrow('unread');
    expect(await second).toBe('read');
  });

  it('does not wait for ever behind a sync that hangs', async () => {
    const turns = new HubTurns();
    const { begun, of } = works();
    void turns.take('a', never, of('hanging'));
    void turns.take('a', never, of('next'));
    await vi.advanceTimersByTimeAsync(59_000);
    expect(begun).toEqual(['hanging']);
    await vi.advanceTimersByTimeAsync(2_000);

    expect(begun).toEqual(['hanging', 'next']);
  });

  it('gives up its turn when it is cancelled while it waits', async () => {
    const turns = new HubTurns();
    const { begun, end, of } = works();
    const cancel = new AbortController();
    const first = turns.take('a', never, of('first'));
    const second = turns.take('a', cancel.signal, of('second'));
    const refused = expect(second).rejects.toThrow('cancelled');
    cancel.abort(new Error('cancelled'));
    await refused;
    expect(await turns.takeIfFree('a', never, of('a glance'))).toBeUndefined();
    end('first');
    await first;
    void turns.takeIfFree('a', never, of('another glance'));

    expect(begun).toEqual(['first', 'another glance']);
  });
});
