import { describe, expect, it } from 'vitest';
import { openChanges } from '../../../../worker/watch/changes.ts';

describe('worker/watch/changes', () => {
  it('loses no change between the subscription and the wait', async () => {
    const changes = openChanges();
    const subscription = changes.subscribe();
    subscription.add('a');

    changes.publish('a');
    changes.publish('b');

    expect(await subscription.next(10_000)).toEqual(new Set(['a']));
  });

  it('wakes a wait as soon as a key changes', async () => {
    const changes = openChanges();
    const subscription = changes.subscribe();
    subscription.add('a');

    const waiting = subscription.next(60_000);
    changes.publish('a');

    expect(await waiting).toEqual(new Set(['a']));
  });

  it('gives an empty set when the time is over, and forgets what it gave before', async () => {
    const changes = openChanges();
    const subscription = changes.subscribe();
    subscription.add('a');
    changes.publish('a');

    await subscription.next(0);

    expect(await subscription.next(1)).toEqual(new Set());
  });

  it('throws when the signal aborts', async () => {
    const subscription = openChanges().subscribe();
    const stop = new AbortController();

    const waiting = subscription.next(60_000, stop.signal);
    stop.abort();

    await expect(waiting).rejects.toThrow();
  });

  it('hears nothing after it was closed', async () => {
    const changes = openChanges();
    const subscription = changes.subscribe();
    subscription.add('a');

    subscription.close();
    changes.publish('a');

    expect(await subscription.next(1)).toEqual(new Set());
  });
});
