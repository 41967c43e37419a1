import { describe, expect, it } from 'vitest';
import { beginAbsence, confirmAbsence, isDeleted, longAbsence } from '../../../domain/absent-forms.ts';

const start = Date.parse('2026-03-01T12:00:00Z');
const at = (seconds: number): Date => new Date(start + seconds * 1_000);
/** The record after looks at these seconds. */
const looked = (...seconds: readonly number[]) =>
  seconds
    .map(at)
    .reduce<ReturnType<typeof beginAbsence> | undefined>(
      (record, now) => confirmAbsence('web', record, now),
      undefined,
    ) ?? beginAbsence('web', at(0));

describe('domain/absent-forms', () => {
  it.each([
    [[0], false],
    [[0, 29.9], false],
    [[0, 30], true],
    [[0, 31, 100], true],
    // Rounding makes an absence shorter, never longer.
    [[0.1, 30.1], false],
    [[0.1, 30.9], false],
    [[0.1, 31], true],
    // Nobody has looked for two minutes: a form may have come and gone.
    [[0, 121], false],
    [[0, 121, 151], true],
    [[0, 31, 3_600], false],
    [[0, 110, 220], true],
    // The clock went back.
    [[100, 0, 29], false],
    [[100, 0, 30], true],
  ])('looks at the seconds %j: the form counts as deleted: %s', (seconds, expected) => {
    expect(isDeleted(looked(...seconds))).toBe(expected);
  });

  it('begins anew from a record whose times cannot be read', () => {
    const record = { name: 'web', since: '2020-01-01T00:00:00Z', confirmed: 'yesterday' };
    expect(confirmAbsence('web', record, at(0))).toEqual(beginAbsence('web', at(0)));
  });

  it('goes on from what a second rounded up', () => {
    expect(looked(0.1, 0.2)).toEqual(beginAbsence('web', at(0.1)));
  });

  it('takes a form for deleted at once where nobody waits', () => {
    expect(isDeleted(confirmAbsence('web', longAbsence('web', at(0.4)), at(0.6)))).toBe(true);
  });
});
