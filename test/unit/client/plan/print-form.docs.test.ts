import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** The example of docs/planning.md is what `lynq plan` prints, but for names and numbers. */

const read = (path: string): string => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

const shape = (text: string): readonly string[] =>
  text
    .trim()
    .split('\n')
    .map((line) =>
      line
        .replace(/^ {4}in .*$/, '    in NODES')
        .replaceAll(/"[^"]*"/g, 'TEXT')
        .replace(/^LynqForm [\w-]+\//, 'LynqForm NAMESPACE/')
        .replaceAll(/\d+ nodes?/g, 'NODES')
        .replaceAll(/: \d+ to/g, ': N to'),
    );

describe('client/plan/print-form', () => {
  it('prints the example of docs/planning.md', () => {
    const [, block = ''] = /are one block:\n\n```\n([\s\S]*?)```/.exec(read('docs/planning.md')) ?? [];
    expect(shape(block)).toEqual(shape(read('test/golden/cli/plan-form-image.txt')));
  });
});
