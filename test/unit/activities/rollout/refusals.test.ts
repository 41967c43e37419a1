import { describe, expect, it } from 'vitest';
import { Refusals, RolloutRefusals } from '../../../../activities/rollout/refusals.ts';
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
    refusals.note(['acme-web'], refused('a policy says no'), at(0));

    expect([0, 29, 30].map((seconds) => refusals.mayTry('acme-web', at(seconds)))).toEqual([false, false, true]);
    expect(refusals.mayTry('beta-web', at(0))).toBe(true);
  });

  it('tells each reason of a node once', () => {
    const refusals = new Refusals();
    const told = ['no', 'no', 'not today'].flatMap((text, times) =>
      refusals.note(['acme-web'], refused(text), at(30 * times)),
    );

    expect(told.map(({ reason, message }) => `${reason}: ${message}`)).toEqual([
      'NodeRefused: LynqNode acme-web cannot be updated: no',
      'NodeRefused: LynqNode acme-web cannot be updated: not today',
    ]);
  });

  it('gives the reason of a node that waits for what was refused, and of no other', () => {
    const refusals = new Refusals();
    refusals.note(['acme-web'], refused('no'), at(0));
    const [waiting, there, other] = refusals.explain([
      node(),
      node({ onTarget: true, reason: 'ReadinessTimeout' }),
      node({ name: 'beta-web' }),
    ]);

    expect([waiting?.reason, there?.reason, other?.reason]).toEqual(['NodeRefused', 'ReadinessTimeout', undefined]);
  });

  it('forgets a node that was tried and not refused any more', () => {
    const refusals = new Refusals();
    refusals.note(['acme-web'], refused('no'), at(0));
    refusals.note(['beta-web'], [], at(10));
    expect(refusals.explain([node()])[0]?.reason).toBe('NodeRefused');
    refusals.note(['acme-web'], [], at(30));
    expect(refusals.explain([node()])[0]?.reason).toBeUndefined();
    expect(refusals.note(['acme-web'], refused('no'), at(60))).toHaveLength(1);
  });

  it('knows from one activity to the next what was said of a rollout, and nothing of it for the next edit', () => {
    const known = new RolloutRefusals();
    const note = (uid: string, target: string) => known.of(uid, target).note(['acme-web'], refused('no'), at(0)).length;
    expect([note('form', 'web-1'), note('form', 'web-1'), note('other', 'web-1'), note('form', 'web-2')]).toEqual([
      1, 0, 1, 1,
    ]);
  });
});
