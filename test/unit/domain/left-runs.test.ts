import { describe, expect, it } from 'vitest';
import { afterWaking, dueRuns, leftRuns, nextLookMilliseconds } from '../../../domain/left-runs.ts';

const none = new Map();
const minute = 60_000;

describe('domain/left-runs', () => {
  it('wakes a run that is still without its LynqNode a minute after it was first seen so', () => {
    const first = leftRuns(['a', 'b'], none, 0);
    expect(dueRuns(first, minute - 1)).toEqual([]);
    const later = leftRuns(['b', 'c'], first, minute);
    expect(dueRuns(later, minute)).toEqual(['b']);
  });

  it('wakes one that does not end once an hour', () => {
    const woken = afterWaking(leftRuns(['a'], none, 0), ['a'], minute);
    expect(dueRuns(leftRuns(['a'], woken, 2 * minute), 60 * minute)).toEqual([]);
    expect(dueRuns(woken, 61 * minute)).toEqual(['a']);
  });

  it('wakes no more than a thousand at a time', () => {
    const names = Array.from({ length: 1_500 }, (_, at) => `n-${at}`);
    const all = leftRuns(names, none, 0);
    const woken = dueRuns(all, minute);
    expect(woken).toHaveLength(1_000);
    expect(dueRuns(afterWaking(all, woken, minute), minute)).toHaveLength(500);
  });

  it('looks again soon only where some are still to be woken', () => {
    const found = leftRuns(['a'], none, 0);
    expect(nextLookMilliseconds(found)).toBe(minute);
    expect(nextLookMilliseconds(afterWaking(found, ['a'], minute))).toBe(5 * minute);
    expect(nextLookMilliseconds(none)).toBe(5 * minute);
  });
});
