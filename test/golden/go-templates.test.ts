import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { functionNames } from '../../template/index.ts';
import { parseVectors, runVector } from '../../tools/vectors/vectors.ts';
import { forbiddenFunctions, wantedFunctions } from './function-names.ts';

const file = parseVectors(readFileSync(new URL('go-templates.json', import.meta.url), 'utf8'));
const known = new Set(functionNames());
const missing = wantedFunctions.filter((name) => !known.has(name)).sort();

describe('test/golden/go-templates', () => {
  it('renders every recorded template as Go does: text, typed value and class of error', () => {
    const outcomes = file.vectors.map((vector) => runVector(vector, file.vars));
    const waiting = new Map<string, number>();
    const differences: string[] = [];
    for (const { vector, difference, missing: name } of outcomes) {
      if (difference === undefined) continue;
      // A vector that wants a function we do not have yet is neither passed nor failed.
      if (name !== undefined && missing.includes(name)) waiting.set(name, (waiting.get(name) ?? 0) + 1);
      else differences.push(`${vector.template} (${vector.vars}): ${difference}`);
    }
    if (waiting.size > 0) console.info(`waiting for functions: ${[...waiting].map(([name, count]) => `${name} ${count}`).sort().join(', ')}`);
    expect(differences).toEqual([]);
    expect(outcomes).toHaveLength(5_222);
  });

  it('knows every function of the list, and waits only for those that are being written', () => {
    if (missing.length > 0) console.info(`missing functions: ${missing.join(' ')}`);
    expect([...known].filter((name) => !wantedFunctions.includes(name))).toEqual([]);
  });

  it('has no function that reaches the environment or the network', () => {
    expect(forbiddenFunctions.filter((name) => known.has(name))).toEqual([]);
  });
});
