import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Every fault of a table has a test by its name, so that none is forgotten when one is renamed. */
test.each([
  ['K', 24, '../api/'],
  ['O', 13, './'],
])('each fault from %s1 to its last has a test by name', (letter, count, folder) => {
  const place = new URL(folder, import.meta.url);
  const texts = readdirSync(place)
    .filter((name) => name.endsWith('.test.ts') && name !== 'ids.test.ts')
    .map((name) => readFileSync(new URL(name, place), 'utf8'));
  const titles = new RegExp(`test(?:\\.[a-z]+)*(?:\\([^()]*\\))?\\(\\s*'((?:${letter}\\d+ )+)`, 'g');
  const found = new Set(
    texts.flatMap((text) => [...text.matchAll(titles)].flatMap(([, ids = '']) => ids.trim().split(' '))),
  );
  const missing = Array.from({ length: count }, (_, index) => `${letter}${index + 1}`).filter((id) => !found.has(id));

  expect(missing).toEqual([]);
  for (const text of texts)
    expect(text).not.toMatch(/\b(?:test|describe)\.(?:concurrent\.)?(?:skip|only|todo|fails)\(/);
});
