import { describe, expect, it } from 'vitest';
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
    ['a: >\n  one\n  X', '1:4'],
    ['a: "one\n  X"', '1:4'],
    ['a: one\n  X', '1:4'],
    ['a: |2\n  X', '1:4'],
  ])('names the begin of the scalar where folding makes it ambiguous: %j', (text, position) => {
    expect(place(text)).toBe(position);
  });
});
