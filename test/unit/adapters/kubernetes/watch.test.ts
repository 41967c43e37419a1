import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLineSplitter } from '../../../../adapters/kubernetes/watch-lines.ts';
import { readWatchLine } from '../../../../adapters/kubernetes/watch.ts';

const kind = { apiVersion: 'v1', kind: 'ConfigMap' };
const object = (name: string) => ({ ...kind, metadata: { name, resourceVersion: '5' } });

function split(bytes: Uint8Array, cuts: readonly number[]): readonly string[] {
  const next = createLineSplitter();
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length];
  return edges.slice(1).flatMap((end, index) => next(bytes.slice(edges[index], end)));
}

describe('adapters/kubernetes/watch-lines', () => {
  it('gives the same lines wherever the chunks end', () => {
    const line = fc
      .string({ unit: 'grapheme', maxLength: 20 })
      .filter((text) => !text.includes('\n') && text.trim() !== '');
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(400), { maxLength: 30 }), (lines, cuts) => {
        const bytes = new TextEncoder().encode(lines.map((text) => `${text}\n`).join(''));
        expect(
          split(
            bytes,
            cuts.map((cut) => Math.min(cut, bytes.length)),
          ),
        ).toEqual(lines);
      }),
    );
  });

  it('joins characters that are cut, one byte at a time', () => {
    const bytes = new TextEncoder().encode('{"a":"é😀 "}\n\n  \nx');
    expect(split(bytes, [...bytes.keys()])).toEqual(['{"a":"é😀 "}']);
  });

  it('does not gather a line without an end for ever', () => {
    const next = createLineSplitter(100);
    expect(() => Array.from({ length: 5 }, () => next(new Uint8Array(30).fill(65)))).toThrow(RangeError);
  });
});

describe('adapters/kubernetes/watch', () => {
  it.each([
    ['ADDED', 'set'],
    ['MODIFIED', 'set'],
    ['DELETED', 'removed'],
  ])('reads %s as %s', (type, does) => {
    const line = JSON.stringify({ type, object: object('a') });
    expect(readWatchLine(kind, line)).toEqual({ kind: does, version: '5', object: object('a') });
  });

  it('reads bookmarks and errors', () => {
    const bookmark = { type: 'BOOKMARK', object: { ...kind, metadata: { resourceVersion: '9' } } };
    expect(readWatchLine(kind, JSON.stringify(bookmark))).toEqual({ kind: 'bookmark', version: '9' });
    const error = (code: number) => JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code } });
    expect(readWatchLine(kind, error(410))).toEqual({ kind: 'expired' });
    expect(readWatchLine(kind, error(500))).toEqual({ kind: 'failed', code: '500' });
  });

  it.each([
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"type":"ADDED"}',
    '{"type":"NEWTYPE","object":{"metadata":{"name":"a","resourceVersion":"1"}}}',
    '{"type":"constructor","object":{"metadata":{"name":"a","resourceVersion":"1"}}}',
    '{"type":"ADDED","object":{"metadata":{"name":"a"}}}',
    '{"type":"DELETED","object":{"metadata":{"resourceVersion":"1"}}}',
    '{"type":"DELETED","object":{"kind":"Secret","metadata":{"name":"a","resourceVersion":"1"}}}',
    '{"type":"DELETED","object":[]}',
    '{"type":"BOOKMARK","object":{}}',
  ])('takes %s for no event', (line) => {
    expect(readWatchLine(kind, line)).toEqual({ kind: 'malformed' });
  });

  it('takes no JSON for the removal of an object unless it says so', () => {
    fc.assert(
      fc.property(fc.json(), (line) => {
        expect(readWatchLine(kind, line).kind).not.toBe('removed');
      }),
    );
  });
});
