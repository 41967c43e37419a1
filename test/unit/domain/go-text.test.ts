import { describe, expect, it } from 'vitest';
import { goDuration, goList } from '../../../domain/go-text.ts';

describe('domain/go-text', () => {
  it.each([
    [0, '0s'],
    [45, '45s'],
    [300, '5m0s'],
    [61.4, '1m1s'],
    [3600, '1h0m0s'],
    [90_061, '25h1m1s'],
    [-3, '0s'],
  ])('prints %d seconds as Go prints a duration: %s', (seconds, text) => {
    expect(goDuration(seconds)).toBe(text);
  });

  it('prints a list as Go prints a slice', () => {
    expect([goList([]), goList(['a']), goList(['a', 'b c'])]).toEqual(['[]', '[a]', '[a b c]']);
  });
});
