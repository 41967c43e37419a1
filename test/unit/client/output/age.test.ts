import { describe, expect, it } from 'vitest';
import { ageSince, formatAge } from '../../../../client/output/age.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

describe('client/output/age', () => {
  it.each([
    [-5 * second, '<invalid>'],
    [-1 * second, '0s'],
    [0, '0s'],
    [999, '0s'],
    [59 * second, '59s'],
    [119 * second, '119s'],
    [120 * second, '2m'],
    [125 * second, '2m5s'],
    [10 * minute, '10m'],
    [10 * minute + 30 * second, '10m'],
    [179 * minute, '179m'],
    [180 * minute, '3h'],
    [3 * hour + 5 * minute, '3h5m'],
    [8 * hour + 5 * minute, '8h'],
    [47 * hour, '47h'],
    [48 * hour, '2d'],
    [2 * day + 3 * hour, '2d3h'],
    [8 * day + 3 * hour, '8d'],
    [729 * day, '729d'],
    [730 * day, '2y'],
    [735 * day, '2y5d'],
    [8 * 365 * day + 5 * day, '8y'],
  ])('prints %d ms as kubectl does: %s', (milliseconds, text) => {
    expect(formatAge(milliseconds)).toBe(text);
  });

  it.each([[undefined], ['yesterday']])('prints <unknown> for the time %s', (time) => {
    expect(ageSince(time, new Date())).toBe('<unknown>');
  });
});
