import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './tree.ts';

/**
 * The files we were given and the copies we ship. The originals lie beside the checkout and only there,
 * so a clone without them has nothing to compare.
 */
const seed = join(root, '../shared/seed');
const vectors = join(root, '../shared/vectors');
const examples = join(root, 'examples/multi-tier');

describe.skipIf(!existsSync(seed))('examples/multi-tier', () => {
  const names = existsSync(seed) ? readdirSync(seed).filter((name) => /\.(yaml|sql)$/.test(name)) : [];

  it('has every file of the seed', () => {
    expect(readdirSync(examples)).toEqual(expect.arrayContaining(names));
    expect(names).not.toEqual([]);
  });

  it.each(names)('%s equals the seed byte for byte', (name) => {
    expect(readFileSync(join(examples, name)).equals(readFileSync(join(seed, name)))).toBe(true);
  });
});

describe.skipIf(!existsSync(vectors))('test/golden/go-templates.json', () => {
  it('equals the recorded vectors byte for byte', () => {
    const ours = readFileSync(join(root, 'test/golden/go-templates.json'));

    expect(ours.equals(readFileSync(join(vectors, 'go-templates.json')))).toBe(true);
  });
});
