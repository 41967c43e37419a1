import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../domain/api/json.ts';
import { canonicalJson, hashJson } from '../../../domain/canonical.ts';
import { json, reversedKeys, textMap } from '../../support/builders/arbitraries.ts';

describe('domain/canonical', () => {
  it('gives equal data equal text, whatever the order of keys', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(reversedKeys(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('is JSON of the same data', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(value);
      }),
    );
  });

  it('gives different data different text', () => {
    const leaf = fc.constantFrom<Json>(1, '1', null, 'null', true, '', '[]', '{}');
    const small = fc.oneof(leaf, fc.array(leaf, { maxLength: 2 }), fc.dictionary(fc.constantFrom('a', 'b', '"'), leaf));
    fc.assert(
      fc.property(small, small, (left, right) => {
        if (canonicalJson(left) === canonicalJson(right)) expect(left).toEqual(right);
      }),
    );
  });

  it('keeps keys that objects have by nature', () => {
    fc.assert(
      fc.property(textMap(), (map) => {
        const parsed = JSON.parse(canonicalJson(map)) as Record<string, Json>;

        expect(Object.keys(parsed).toSorted()).toEqual(Object.keys(map).toSorted());
      }),
    );
    const proto = JSON.parse('{"__proto__":"x"}') as Json;
    expect(canonicalJson(proto)).toBe('{"__proto__":"x"}');
  });

  it('keeps the order of lists', () => {
    expect(canonicalJson([2, 1, [4, 3]])).toBe('[2,1,[4,3]]');
  });

  it('leaves absent values of objects out and writes null where there is nothing', () => {
    expect(canonicalJson({ b: undefined, a: 1 })).toBe('{"a":1}');
    expect(canonicalJson(undefined)).toBe('null');
  });

  it('tells a number, a text and null apart', () => {
    expect(new Set([1, '1', true, 'true', null, 'null', {}, []].map((value) => canonicalJson(value))).size).toBe(8);
  });

  it('hashes to 16 lower-case hex characters', () => {
    expect(hashJson({ a: 1 })).toMatch(/^[0-9a-f]{16}$/);
    expect(hashJson({ a: 1, b: 2 })).toBe(hashJson({ b: 2, a: 1 }));
    expect(hashJson({ a: 1 })).not.toBe(hashJson({ a: 2 }));
  });
});
