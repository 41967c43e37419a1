import { describe, expect, it } from 'vitest';
import { frozenUntil } from '../../../../domain/rollout/freeze.ts';

const at = (text: string) => new Date(`${text}:00Z`);

describe('domain/rollout/freeze', () => {
  it('is open outside of every window', () => {
    expect(frozenUntil([{ start: '18:00', end: '20:00' }], at('2026-11-20T17:59'))).toBeUndefined();
    expect(frozenUntil([], at('2026-11-20T17:59'))).toBeUndefined();
  });

  it('ends when the window ends', () => {
    expect(frozenUntil([{ start: '18:00', end: '20:00' }], at('2026-11-20T18:00'))).toEqual(at('2026-11-20T20:00'));
    expect(frozenUntil([{ start: '18:00', end: '20:00' }], at('2026-11-20T20:00'))).toBeUndefined();
  });

  it('lasts over midnight, on the day it began', () => {
    const friday = [{ days: ['Fri' as const], start: '22:00', end: '06:00' }];
    expect(frozenUntil(friday, at('2026-11-20T23:00'))).toEqual(at('2026-11-21T06:00'));
    expect(frozenUntil(friday, at('2026-11-21T05:59'))).toEqual(at('2026-11-21T06:00'));
    expect(frozenUntil(friday, at('2026-11-21T23:00'))).toBeUndefined();
  });

  it('takes windows that touch for one', () => {
    const weekend = [
      { days: ['Sat' as const, 'Sun' as const], start: '00:00', end: '00:00' },
      { days: ['Fri' as const], start: '18:00', end: '00:00' },
    ];
    expect(frozenUntil(weekend, at('2026-11-20T19:00'))).toEqual(at('2026-11-23T00:00'));
  });

  it('gives an answer even when the windows leave no gap', () => {
    expect(frozenUntil([{ start: '00:00', end: '00:00' }], at('2026-11-20T19:00'))).toBeInstanceOf(Date);
  });
});
