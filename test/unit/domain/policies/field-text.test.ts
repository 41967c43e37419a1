import { describe, expect, it } from 'vitest';
import { fieldText } from '../../../../domain/policies/field-text.ts';
import { fightMessage } from '../../../../domain/policies/field-fight.ts';
import { judgeConflict } from '../../../../domain/policies/conflict.ts';

describe('domain/policies/field-text', () => {
  it.each([
    ['.spec.ports[port=80,protocol="TCP"].nodePort', '.spec.ports[port=80,protocol="TCP"].nodePort'],
    ['.spec.containers[name="web"].image', '.spec.containers[name="web"].image'],
    ['.metadata.finalizers[="acme/secret"]', '.metadata.finalizers[=…]'],
    ['.spec.externalIPs[="10.0.0.7"].x[=5]', '.spec.externalIPs[=…].x[=…]'],
    [String.raw`.spec.words[="a \"]\" b"]`, '.spec.words[=…]'],
    ['.spec.replicas', '.spec.replicas'],
  ])('tells where %s is, and of an element of a set not its value', (path, text) => {
    expect(fieldText(path)).toBe(text);
  });

  it('is how a conflict and a fight name a field', () => {
    const field = '.spec.externalIPs[="10.0.0.7"]';
    expect(judgeConflict('Stuck', {}, [{ manager: 'helm', field }])).toEqual({
      kind: 'conflicted',
      owner: 'field manager helm (.spec.externalIPs[=…])',
    });
    expect(fightMessage([{ manager: 'helm', field }])).toContain('.spec.externalIPs[=…] is changed again');
  });
});
