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
/** The two-tier forms have the names of the full ones, so they live in a folder of their own. */
const copyOf = (name: string): string =>
  join(root, 'examples', name.startsWith('minimal-') ? 'minimal' : 'multi-tier', name);

describe.skipIf(!existsSync(seed))('examples', () => {
  const names = existsSync(seed) ? readdirSync(seed).filter((name) => /\.(yaml|sql)$/.test(name)) : [];

  it('has every file of the seed', () => {
    expect(names).not.toEqual([]);
    expect(names.filter((name) => !existsSync(copyOf(name)))).toEqual([]);
  });

  it.each(names)('%s equals the seed byte for byte', (name) => {
    expect(readFileSync(copyOf(name)).equals(readFileSync(join(seed, name)))).toBe(true);
  });
});

describe.skipIf(!existsSync(vectors))('test/golden/go-templates.json', () => {
  it('equals the recorded vectors byte for byte', () => {
    const ours = readFileSync(join(root, 'test/golden/go-templates.json'));

    expect(ours.equals(readFileSync(join(vectors, 'go-templates.json')))).toBe(true);
  });
});
