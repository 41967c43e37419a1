import { describe, expect, it } from 'vitest';
import { SeenVersion } from '../../../../worker/watch/seen-version.ts';

const object = (resourceVersion: string) => ({ metadata: { resourceVersion } });

describe('worker/watch/seen-version', () => {
  it('follows a watch from its list through its events', () => {
    const seen = new SeenVersion();
    seen.onEvent({ kind: 'restarted' });
    seen.onEvent({ kind: 'set', object: object('3') });
    expect(seen.get()).toBeUndefined();
    seen.onEvent({ kind: 'synced', version: '10' });
    expect(seen.get()).toBe('10');
    seen.onEvent({ kind: 'set', object: object('12') });
    expect(seen.get()).toBe('12');
    seen.onEvent({ kind: 'removed', object: object('15') });
    expect(seen.get()).toBe('15');
  });

  it('goes back where the server does, and knows nothing while everything is listed anew', () => {
    const seen = new SeenVersion();
    seen.onEvent({ kind: 'synced', version: '900' });
    seen.onEvent({ kind: 'unlisted' });
    expect(seen.get()).toBeUndefined();
    seen.onEvent({ kind: 'synced', version: '5' });
    expect(seen.get()).toBe('5');
  });
});
