import { describe, expect, it } from 'vitest';
import { saysImmutable } from '../../../../adapters/kubernetes/texts.ts';

describe('adapters/kubernetes/texts', () => {
  it.each([
    ['Forbidden: field is immutable', true],
    ['Forbidden: spec is immutable after creation', true],
    ['Forbidden: may not be changed', true],
    ['Forbidden: this may not change once set', true],
    ["Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden", true],
    ['Forbidden: updates to x is forbidden', true],
    ['Forbidden: updates to  are forbidden', true],
    ['Forbidden: updates to are forbidden', false],
    ['Forbidden: are forbidden updates to it', false],
    ['Forbidden: not allowed\nimmutable', false],
    ['Forbidden: may not be used', false],
    ['forbidden: field is immutable', false],
    ['x Forbidden: field is immutable', false],
  ])('tells from %j whether a field cannot change: %s', (message, expected) => {
    expect(saysImmutable('FieldValueForbidden', message)).toBe(expected);
  });

  it('reads a long message at once', () => {
    expect(saysImmutable('FieldValueForbidden', `Forbidden: ${'updates to '.repeat(30_000)}`)).toBe(false);
  });
});
