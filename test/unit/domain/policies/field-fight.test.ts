import { describe, expect, it } from 'vitest';
import {
  afterWrite,
  fightLimits,
  fightMessage,
  heldUntil,
  isRepair,
  type RepairHistory,
} from '../../../../domain/policies/field-fight.ts';
import { afterNoon } from '../../../support/builders/node-pass.ts';

/** The history after writes of one content at these seconds. */
const written = (...seconds: readonly number[]): RepairHistory =>
  seconds.reduce<RepairHistory | undefined>((history, at) => afterWrite(history, 'h', afterNoon(at)), undefined)!;
const pause = (history: RepairHistory, second: number): number | undefined => {
  const until = heldUntil(history, 'h', afterNoon(second));
  return until === undefined ? undefined : (until.getTime() - afterNoon(second).getTime()) / 1000;
};

describe('domain/policies/field-fight', () => {
  it('lets a few repairs follow at once', () => {
    expect([written(0), written(0, 1, 2, 3)].map((history) => pause(history, 3))).toEqual([undefined, undefined]);
  });

  it('holds the next one for a minute, and longer while it goes on, within a limit', () => {
    const five = written(0, 1, 2, 3, 4);
    expect(pause(five, 4)).toBe(60);
    expect(pause(five, 64)).toBeUndefined();
    const six = afterWrite(five, 'h', afterNoon(64));
    expect(pause(six, 64)).toBe(120);
    const many = Array.from({ length: 50 }, (_, index) => index);
    expect(pause(written(...many), 49)).toBe(fightLimits.longestPause / 1000);
  });

  it('forgets a fight after it was quiet for twice the pause', () => {
    const five = written(0, 1, 2, 3, 4);
    expect(afterWrite(five, 'h', afterNoon(4 + 121)).writes).toBe(1);
    expect(afterWrite(five, 'h', afterNoon(4 + 119)).writes).toBe(6);
  });

  it('holds nothing when other content is to be written', () => {
    const five = written(0, 1, 2, 3, 4);
    expect(heldUntil(five, 'other', afterNoon(4))).toBeUndefined();
    expect(isRepair(five, 'other', afterNoon(4))).toBe(false);
    expect(afterWrite(five, 'other', afterNoon(4)).writes).toBe(1);
  });

  it('does not take repairs that are far apart for a fight', () => {
    expect(written(0, 61, 122, 183, 244, 305).writes).toBe(1);
  });

  it('names field and manager, never a value', () => {
    expect(fightMessage([{ manager: 'kubectl-edit', field: '.data.x' }])).toBe(
      '.data.x is changed again and again by field manager kubectl-edit; it is put right less often while this lasts',
    );
    expect(fightMessage([])).toContain('changed or deleted again and again');
  });
});
