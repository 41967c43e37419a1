import { describe, expect, it } from 'vitest';
import { renderScalar } from '../../../template/index.ts';
import { choicesOf } from '../../../tools/template-diff/random.ts';
import { fieldsOf } from '../../../tools/template-diff/row-fields.ts';
import { signatures, undetermined } from '../../../tools/template-diff/signatures.ts';
import { randomTemplate } from '../../../tools/template-diff/templates.ts';
import { wantedFunctions } from '../../golden/function-names.ts';

const row = { uid: 'acme', list: [1, 2], n: 3 };

describe('tools/template-diff', () => {
  it('calls every function of the list whose result Go does not draw or read from a clock', () => {
    const called = new Set(signatures.map(({ name }) => name));
    expect(wantedFunctions.filter((name) => !called.has(name) && !undetermined.has(name))).toEqual([]);
    expect([...called].filter((name) => !wantedFunctions.includes(name))).toEqual([]);
  });

  it('makes the same templates from the same seed', () => {
    const make = (seed: number): string[] => {
      const choices = choicesOf(seed);
      return Array.from({ length: 50 }, () => randomTemplate(choices, fieldsOf(row)));
    };
    expect(make(5)).toEqual(make(5));
    expect(make(5)).not.toEqual(make(6));
  });

  it('makes templates that mostly render', () => {
    const choices = choicesOf(1);
    const results = Array.from({ length: 1_000 }, () => renderScalar(randomTemplate(choices, fieldsOf(row)), row));
    const share = results.filter(({ ok }) => ok).length / results.length;
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.95);
  });
});
