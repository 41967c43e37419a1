import { describe, expect, it } from 'vitest';
import { numberText, type Unit } from '../../../../tools/monitoring/units.ts';

describe('tools/monitoring/units', () => {
  it.each<[Unit, number, string]>([
    ['none', 12_345, '12,345'],
    ['none', 0.012345, '0.0123'],
    ['s', 0, '0 s'],
    ['s', 0.0004, '400 µs'],
    ['s', 0.25, '250 ms'],
    ['s', 90, '1.5 min'],
    ['s', 172_800, '2 d'],
    ['ops', 0.5, '0.5 ops/s'],
    ['reqps', 3, '3 req/s'],
    ['percent', 40, '40%'],
    ['bytes', 0, '0 B'],
    ['bytes', 429 * 1024 * 1024, '429 MiB'],
  ])('writes %s %d as %s', (unit, value, text) => {
    expect(numberText(value, unit)).toBe(text);
  });
});
