import { describe, expect, it } from 'vitest';
import { paceOf } from '../../../domain/pacing.ts';

describe('domain/pacing', () => {
  it('shows every wave of a node while few are under way', () => {
    for (const passes of [0, 1, 16]) {
      expect(paceOf(passes)).toEqual({ silenceMilliseconds: 2_000, wavesMilliseconds: 0 });
    }
  });

  it('spares the servers while many are, within the time that an activity may take and a record may be behind', () => {
    const paces = [17, 100, 400, 10_000].map(paceOf);
    const silences = paces.map(({ silenceMilliseconds }) => silenceMilliseconds);
    expect(silences).toEqual(silences.toSorted((left, right) => left - right));
    expect(Math.max(...silences)).toBe(30_000);
    expect(new Set(paces.map(({ wavesMilliseconds }) => wavesMilliseconds))).toEqual(new Set([60_000]));
  });
});
