import { describe, expect, it } from 'vitest';
import { Refusals } from '../../../../activities/rollout/refusals.ts';
import type { RolloutNode } from '../../../../domain/rollout/model.ts';

const at = (seconds: number): Date => new Date(Date.UTC(2026, 10, 20, 12, 0, seconds));
const refused = (message: string) => [{ name: 'acme-web', message }];
const node = (change: Partial<RolloutNode> = {}): RolloutNode => ({
  name: 'acme-web',
  uid: 'acme',
  labels: {},
  onTarget: false,
  valuesOnly: false,
  state: 'ready',
  ...change,
});

describe('activities/rollout/refusals', () => {
  it('tries a node that was refused again after half a minute', () => {
    const refusals = new Refusals();
    refusals.note(refused('a policy says no'), at(0));

    expect([0, 29, 30].map((seconds) => refusals.mayTry('acme-web', at(seconds)))).toEqual([false, false, true]);
    expect(refusals.mayTry('beta-web', at(0))).toBe(true);
  });

  it('tells each reason of a node once', () => {
    const refusals = new Refusals();
    const told = ['no', 'no', 'not today'].flatMap((text, times) => refusals.note(refused(text), at(30 * times)));

    expect(told.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
      'NodeRefused: LynqNode acme-web cannot be updated: no',
      'NodeRefused: LynqNode acme-web cannot be updated: not today',
    ]);
  });

  it('gives the reason of a node that waits for what was refused, and of no other', () => {
    const refusals = new Refusals();
    refusals.note(refused('no'), at(0));
    const [waiting, there, other] = refusals.explain([
      node(),
      node({ onTarget: true, reason: 'ReadinessTimeout' }),
      node({ name: 'beta-web' }),
    ]);

    expect([waiting?.reason, there?.reason, other?.reason]).toEqual(['NodeRefused', 'ReadinessTimeout', undefined]);
  });
});
