import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hubFailpoints, failpoints } from '../support/faults/failpoints.ts';
import { faultIds, idsOf, idsOfTables } from '../support/faults/ids.ts';
import { root } from '../architecture/tree.ts';

/**
 * Every fault has a test that bears its name, so that none is forgotten when one is renamed, and none is switched off. That each has run and passed is
 * judged at the end of `npm run test:faults`.
 */

const texts = readdirSync(new URL('.', import.meta.url), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts') && !name.endsWith('ids.test.ts'))
  .map((name) => [name, readFileSync(new URL(name, import.meta.url), 'utf8')] as const);

const titles = texts.flatMap(([, text]) =>
  [...text.matchAll(/\b(?:test|it)(?:\.[a-z]+)*(?:\([^()]*\))?\(\s*(['"`])(.+?)\1/g)].map(([, , title = '']) => title),
);

test('each fault of the list has a test by name', () => {
  const named = new Set(titles.flatMap(idsOf));
  expect(faultIds.filter((id) => !named.has(id))).toEqual([]);
});

/**
 * The rows that have no test here by name: W are the ends of workers, of which the points P1 to P30 and kills.test.ts are the tests, and X two installations
 * and the Go operator beside ours, which test/e2e/release.test.ts has.
 */
const elsewhere = /^[WX]/;

/** The list of faults lies beside the checkout and only there: a clone without it has the fixed list of support/faults/ids.ts. */
const design = join(root, '../shared/design/reliability.md');
const listed = existsSync(design)
  ? idsOfTables(/^## 4\. [\s\S]*?(?=^## 5\. )/m.exec(readFileSync(design, 'utf8'))?.[0] ?? '')
  : faultIds;

test('the faults are the rows of the list of faults', () => {
  expect(listed).not.toEqual([]);
  expect(listed.filter((id) => !elsewhere.test(id)).toSorted()).toEqual(faultIds.toSorted());
});

test('each point of a sync and of a node is a failpoint with both sides, and the tests run all of them', () => {
  const points = [...hubFailpoints, ...failpoints].map(({ name }) => name);
  for (const id of Array.from({ length: 30 }, (_, index) => `P${index + 1}`))
    for (const side of ['before', 'after'])
      expect(
        points.some((name) => (name.startsWith(`${id}.`) || name.startsWith(`${id}-`)) && name.endsWith(side)),
        `${id}.${side}`,
      ).toBe(true);
  for (const [file, list] of [
    ['hub/failpoints.test.ts', 'chosen(hubFailpoints)'],
    ['failpoints.test.ts', 'chosen(failpoints)'],
  ])
    expect(texts.find(([name]) => name === file)?.[1]).toContain(list);
});

test('no test with a fault is switched off', () => {
  const switched = texts.filter(([, text]) =>
    /\b(?:test|it|describe)\.(?:concurrent\.)?(?:skip|only|todo|fails)\b(?!If)/.test(text),
  );
  expect(switched.map(([name]) => name)).toEqual([]);
  const unless = texts.filter(([, text]) => /\.(?:skipIf|runIf)\((?!isSlice\(\))/.test(text));
  expect(unless.map(([name]) => name)).toEqual([]);
});
