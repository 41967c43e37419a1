import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { functionNames } from '../../template/functions/registry.ts';
import { parseVectors } from '../../tools/vectors/vectors.ts';

/** Their results cannot be recorded; they have distribution tests. */
const random = new Set(['generate', 'randAlpha', 'randAlphaNum', 'randAscii', 'randBytes', 'randInt', 'randNumeric', 'shuffle', 'uuidv4']);

const folders = ['./', './functions/', './differential/'].map((path) => new URL(path, import.meta.url));
const templates = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .flatMap((name) => parseVectors(readFileSync(new URL(name, folder), 'utf8')).vectors.map(({ template }) => template)),
);

describe('test/golden', () => {
  it('has at least five results recorded from Go for every function', () => {
    const words = templates.map((template) => new Set(template.match(/[A-Za-z_][A-Za-z0-9_]*/g)));

    const short = functionNames().filter((name) => !random.has(name) && words.filter((used) => used.has(name)).length < 5);

    expect(short).toEqual([]);
  });
});
