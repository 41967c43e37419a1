import { describe, expect, it } from 'vitest';
import { fuzz } from '../../../tools/template-fuzz/fuzz.ts';

describe('tools/template-fuzz', () => {
  it('finds no template that crashes, hangs, reaches out of the engine or changes a prototype', () => {
    const result = fuzz(1_500, 20_261_122);
    expect(result.findings).toEqual([]);
    expect(result.cases).toBe(1_500);
    // The templates are of every kind: some render, some fail, some are no templates, some are stopped.
    expect(Object.keys(result.ends).sort()).toEqual(['exec', 'limit', 'ok', 'parse']);
  }, 60_000);
});
