import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Every fault of forms and rollouts has a test by its name, so that none is forgotten when one is renamed. */
test('each fault from F1 to F11 has a test by name', () => {
  const texts = readdirSync(new URL('.', import.meta.url))
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'));
  const found = new Set(
    texts.flatMap((text) => [...text.matchAll(/'((?:F\d+ )+)/g)].flatMap(([, ids = '']) => ids.trim().split(' '))),
  );
  const missing = Array.from({ length: 11 }, (_, index) => `F${index + 1}`).filter((id) => !found.has(id));

  expect(missing).toEqual([]);
});
