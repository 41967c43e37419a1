import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseVectors, runVector } from '../../tools/vectors/vectors.ts';

const folder = new URL('differential/', import.meta.url);
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : [];

/** Cases that once differed from Go; `npm run test:template-diff` adds them. */
describe('test/golden/differential', () => {
  it.each(files)('%s: what once differed from Go is equal', (name) => {
    const file = parseVectors(readFileSync(new URL(name, folder), 'utf8'));
    const outcomes = file.vectors.map((vector) => runVector(vector, file.vars));
    const differences = outcomes.filter(({ difference }) => difference !== undefined);
    expect(differences.map(({ vector, difference }) => `${vector.template}: ${difference}`)).toEqual([]);
  });
});
