import { describe, expect, it } from 'vitest';
import { numberReads, renderScalar } from '../../../template/index.ts';

/** What a text prints where the column is empty, and where it has a 0. */
function printed(source: string): readonly unknown[] {
  return ['', '0'].map((size) => renderScalar(source, { size, other: '7' }, { now: new Date(0) }));
}

describe('template/form/number-reads', () => {
  it.each([
    '{{ .size | int }}',
    '{{ int .size }}',
    '{{ int (.size) }}',
    '{{ int64 $.size }}',
    '{{ float .size }}',
    '{{ atoi .size }}',
    '{{ add (int .size) 1 }}',
    '{{ add .size .other | int }}',
    '{{ range until 1 }}{{ mul 2 $.size }}{{ end }}',
    '{{ if .other }}x{{ else }}{{ max .size 1 }}{{ end }}',
    '{{ define "t" }}{{ . }}{{ end }}{{ template "t" (int .size) }}',
  ])('finds the column in %s, which is the same for an empty one and for 0', (source) => {
    const [empty, zero] = printed(source);

    expect(numberReads(source)).toContain('size');
    expect(empty).toMatchObject({ ok: true });
    expect(empty).toEqual(zero);
  });

  it.each([
    '{{ .size }}',
    '{{ .size | default "3" | int }}',
    '{{ if .size }}{{ int .size }}{{ end }}',
    '{{ if eq .size "" }}{{ fail "no size" }}{{ end }}{{ int .size }}',
    '{{ with .size }}{{ int $.size }}{{ end }}',
    '{{ ternary 1 (int .size) (empty .size) }}',
    '{{ until (int .other) | join .size }}',
    '{{ bool .size }}',
    '{{ len .size }}',
    '.size | int',
    '{{ int',
  ])('finds nothing of it in %s', (source) => {
    expect(numberReads(source)).not.toContain('size');
  });

  it('names each column once', () => {
    expect(numberReads('{{ add .size .size .other }}')).toEqual(['size', 'other']);
  });
});
