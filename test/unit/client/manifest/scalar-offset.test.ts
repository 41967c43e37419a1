import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scalar, stringify } from 'yaml';
import { findPath } from '../../../../client/manifest/located.ts';
import { readManifests } from '../../../../client/manifest/reader.ts';
import { offsetInScalar } from '../../../../client/manifest/scalar-offset.ts';
import { positionAt } from '../../../../client/manifest/source.ts';

const head = 'apiVersion: v1\nkind: Thing\nmetadata: {name: thing}\n';

/** Where `X` of the value of `a` is found again. */
function place(text: string): string {
  const [manifest] = readManifests('f.yaml', head + text).manifests;
  const { located } = findPath(manifest!.root, ['a']);
  const lines = (located.value as string).split('\n');
  const line = lines.findIndex((candidate) => candidate.includes('X'));
  const at = { line: line + 1, column: (lines[line] ?? '').indexOf('X') + 1 };
  const { line: found, column } = positionAt(manifest!.source, offsetInScalar(manifest!.source, located, at));
  return `${found - 3}:${column}`;
}

describe('client/manifest/scalar-offset', () => {
  it.each([
    ['a: {{ .X }}', '1:8'],
    ['a: b-X', '1:6'],
    ["a: 'it''s X'", '1:11'],
    ['a: "\\"q\\" X"', '1:11'],
    ['a: "\\u00e9\\x41 X"', '1:16'],
    ['a: |\n  one\n  two X', '3:7'],
    ['a: |-\n    X', '2:5'],
  ])('finds the character again in %j', (text, position) => {
    expect(place(text)).toBe(position);
  });

  it.each([
    ['a: >\n  one\n  X', '3:3'],
    ['a: >-\n  one\n\n\n  two\n    three\n  four X\n', '7:8'],
    ['a: >2+\n    one\n  two\n  X\n\n', '4:3'],
    ['a: >\n\n  one\n  \ttwo X', '4:8'],
    ['a: "one\n  X"', '2:3'],
    ['a: "one\\\n  two \\\n   \\ X"', '3:6'],
    ['a: "one \n\n  two\\n\\ttab X"', '3:14'],
    ["a: 'one\n\n  it''s X'", '3:9'],
    ['a: one\n  X', '2:3'],
    ['a: one # two\nb: c\n'.replace('one # two', 'one\n\n  two\n   {{ .X }}'), '4:8'],
    ['a: |2\n  X', '2:3'],
    ['a: |2\n    one\n    X', '3:5'],
    ['a: |\n\n  one\n    two X', '4:9'],
    ['a: "\\U0001F389 X"', '1:16'],
  ])('finds the character again over folded lines, escapes and indentation: %j', (text, position) => {
    expect(place(text)).toBe(position);
  });

  it.each([
    ['a: |\n  one\n  two X\n', '3:7'],
    ['a: "one\n  two X"\n', '2:7'],
    ['a: >\n  one\n  two X\n', '3:7'],
  ])('counts lines that end with a carriage return, too: %j', (text, position) => {
    expect(place(text.replaceAll('\n', '\r\n'))).toBe(position);
  });

  it('names the begin of a scalar that stands elsewhere', () => {
    expect(place('b: &anchor "one X"\na: *anchor')).toBe('2:4');
  });

  it('never leaves the scalar, wherever in its value it is asked for', () => {
    const styles = [
      (text: string) => JSON.stringify(text),
      (text: string) => `'${text.replaceAll("'", "''").replaceAll('\n', '\n\n  ')}'`,
      (text: string) => `|-\n${text.replaceAll(/^/gm, '  ')}`,
      (text: string) => `>-\n${text.replaceAll(/^/gm, '  ')}`,
    ];
    const word = fc.stringMatching(/^[a-z'"\\ ]{0,6}$/);
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), fc.nat(30), (words, column) => {
        for (const style of styles) {
          const [manifest] = readManifests('f.yaml', `${head}a: ${style(words.join('\n'))}\n`).manifests;
          const located = manifest === undefined ? undefined : findPath(manifest.root, ['a']).located;
          if (manifest === undefined || typeof located?.value !== 'string') continue;
          const offset = offsetInScalar(manifest.source, located, { line: words.length, column: column + 1 });
          expect(offset).toBeGreaterThanOrEqual(located.start);
          expect(offset).toBeLessThanOrEqual(Math.max(located.start, located.end));
        }
      }),
    );
  });

  it('finds a mark in every text that a writer of YAML makes, in every style', () => {
    const word = fc.stringMatching(/^[a-z'"\\ ]{0,6}$/);
    const types = ['QUOTE_DOUBLE', 'QUOTE_SINGLE', 'BLOCK_LITERAL', 'BLOCK_FOLDED', 'PLAIN'] as const;
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.constantFrom(...types),
        (words, nth, type) => {
          const at = nth % words.length;
          const value = words.map((one, index) => (index === at ? `${one}X` : one)).join(nth % 2 === 0 ? '\n' : ' ');
          const scalar = new Scalar(value);
          scalar.type = type;
          const text = head + stringify({ a: scalar }, { lineWidth: 20, minContentWidth: 5 });
          const [manifest] = readManifests('f.yaml', text).manifests;
          const { located } = findPath(manifest!.root, ['a']);
          const before = value.slice(0, value.indexOf('X')).split('\n');
          const position = { line: before.length, column: (before.at(-1) ?? '').length + 1 };

          // The writer folds lines that end with blanks into others.
          fc.pre(located.value === value);
          expect(text[offsetInScalar(manifest!.source, located, position)]).toBe('X');
        },
      ),
      { numRuns: 2000 },
    );
  });
});
