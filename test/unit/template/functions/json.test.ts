import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

describe('template/functions/json', () => {
  it('sorts keys, and escapes for HTML except in toRawJson', () => {
    const row = { row: { b: 1, a: '<&>' } };
    expect(textOf('{{ toJson .row }}', row)).toBe('{"a":"\\u003c\\u0026\\u003e","b":1}');
    expect(textOf('{{ toRawJson .row }}', row)).toBe('{"a":"<&>","b":1}');
    expect(textOf('{{ toPrettyJson .row }}', row)).toBe('{\n  "a": "\\u003c\\u0026\\u003e",\n  "b": 1\n}');
  });

  it('tells nil and empty apart', () => {
    expect(
      textOf('{{ toJson (list) }} {{ toJson .nothing }} {{ toJson (regexFindAll "x" "a" -1) }}', { nothing: null }),
    ).toBe('[] null null');
  });

  it('writes versions and times as texts', () => {
    expect(textOf('{{ toJson (semver "v1.2") }} {{ toJson (toDate "2006" "2024") }}')).toBe(
      '"1.2.0" "2024-01-01T00:00:00Z"',
    );
  });

  it('writes nothing for infinity, and fails where the function must', () => {
    expect(textOf('{{ toJson (float "inf") }}|')).toBe('|');
    expect(textOf('{{ mustToJson (float "inf") }}')).toMatch(/^exec: mustToJson/);
    expect(textOf('{{ toRawJson (float "inf") }}')).toMatch(/^exec: toRawJson/);
  });

  it('reads JSON or fails, with numbers as floats', () => {
    expect(textOf('{{ (mustFromJson "{\\"a\\":[1,2.5]}").a }}')).toBe('[1 2.5]');
    expect(textOf('{{ mustFromJson "{s3cr3t" }}')).toMatch(/^exec: mustFromJson: (?!.*s3cr3t)/);
  });

  it('stops at a map that contains itself and at results that are too long', () => {
    expect(textOf('{{ $d := dict }}{{ $_ := set $d "a" $d }}{{ toJson $d }}')).toMatch(/^limit: toJson/);
    expect(textOf('{{ toJson .list }}', { list: Array.from({ length: 90 }, () => '"'.repeat(10_000)) })).toMatch(
      /^limit: /,
    );
  });
});
