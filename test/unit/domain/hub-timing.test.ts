import { describe, expect, it } from 'vitest';
import { intervalSeconds } from '../../../worker/schedules.ts';

describe('worker/schedules', () => {
  it.each([
    ['5s', 5],
    ['1m', 60],
    ['2h', 7200],
    ['0s', 0],
  ])('reads a syncInterval of %s as %d seconds', (text, seconds) => {
    expect(intervalSeconds(text)).toBe(seconds);
  });
});
