import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { doesNotApply, open, rows } from './rows.ts';

const folder = new URL('../', import.meta.url);
const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => readFileSync(new URL(name, folder), 'utf8'));

/** Rows that tests are named after; a skipped or waiting test does not count. */
const tested = new Set(
  sources.flatMap((source) =>
    [...source.matchAll(/^ *(?:it|test|test\.concurrent)\(\s*['`]row (\d+): /gm)].map(([, row]) => Number(row)),
  ),
);

describe('parity/docs-versus-code/meta', () => {
  it('has a test, or a reason why there is none, for every row of the list', () => {
    const missing = Array.from({ length: rows }, (_, index) => index + 1).filter(
      (row) => !tested.has(row) && doesNotApply[row] === undefined && open[row] === undefined,
    );
    expect(missing).toEqual([]);
  });

  it('has no test of a row that is not in the list, and no reason beside a test', () => {
    expect([...tested].filter((row) => row < 1 || row > rows)).toEqual([]);
    expect(Object.keys({ ...doesNotApply, ...open }).filter((row) => tested.has(Number(row)))).toEqual([]);
  });
});
