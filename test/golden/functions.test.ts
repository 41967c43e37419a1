import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseVectors, runVector } from '../../tools/vectors/vectors.ts';

const folder = new URL('functions/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

describe('test/golden/functions', () => {
  it.each(files)('%s: every recorded call gives what Go gives', (name) => {
    const file = parseVectors(readFileSync(new URL(name, folder), 'utf8'));
    const outcomes = file.vectors.map((vector) => runVector(vector, file.vars));
    const differences = outcomes.filter(({ difference }) => difference !== undefined);
    expect(differences.map(({ vector, difference }) => `${vector.template}: ${difference}`)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(0);
    // Making keys takes its time.
  }, 60_000);
});
