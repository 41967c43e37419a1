import { describe, expect, it } from 'vitest';
import { expectedInterval, hubTiming, isResting, intervalSeconds } from '../../../domain/hub-timing.ts';

describe('domain/hub-timing', () => {
  it.each([
    ['5s', 5],
    ['1m', 60],
    ['2h', 7200],
    ['0s', 0],
    ['87600h', 315_360_000],
    ['99999999999999h', 315_360_000],
  ])('reads a syncInterval of %s as %d seconds', (text, seconds) => {
    expect(intervalSeconds(text)).toBe(seconds);
  });

  it('knows a hub as paused by its spec and by being released', () => {
    expect(hubTiming({ spec: { source: { syncInterval: '1m' } } })).toEqual({ syncInterval: '1m', paused: false });
    expect(hubTiming({ spec: { paused: true } })).toEqual({ syncInterval: '30s', paused: true });
    expect(hubTiming({ metadata: { annotations: { 'lynq.sh/released': 'x' } } }).paused).toBe(true);
  });

  const source = { syncInterval: '1m' };

  it.each([
    ['that is read by a timer', { spec: { source } }, 60, false],
    ['without a timer', { spec: { source: { syncInterval: '0s' } } }, 0, false],
    ['that is paused', { spec: { source, paused: true } }, 0, true],
    ['that is released', { metadata: { annotations: { 'lynq.sh/released': 'x' } }, spec: { source } }, 0, true],
    ['that is being deleted', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' }, spec: { source } }, 0, true],
  ])('knows how often a hub %s is to be read, and whether it is at all', (_, hub, seconds, rests) => {
    expect(expectedInterval(hub)).toBe(seconds);
    expect(isResting(hub)).toBe(rests);
  });
});
