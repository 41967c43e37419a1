import { describe, expect, it } from 'vitest';
import { clockReads, renderScalar } from '../../../template/index.ts';

const names = (source: string): readonly string[] => clockReads(source).map(({ name }) => name);
const row = { created: '2024-01-02', seconds: '86400' };

/** What a text prints on two days. */
function onTwoDays(source: string): readonly unknown[] {
  return [0, 86_400_000 * 400].map((now) => renderScalar(source, row, { now: new Date(now) }));
}

describe('template/form/clock-reads', () => {
  it.each([
    '{{ date "2006-01-02" .created }}',
    '{{ .created | date "2006-01-02" }}',
    '{{ .created | trim | date "2006-01-02" }}',
    '{{ date "2006-01-02" "2024-01-02" }}',
    '{{ date "2006-01-02" $.created }}',
    '{{ $d := .created }}{{ date "2006-01-02" $d }}',
    '{{ .created | default "x" | date "2006-01-02" }}',
    '{{ dateInZone "2006-01-02" .created "UTC" }}',
    '{{ "UTC" | date_in_zone "2006-01-02" .created }}',
    '{{ htmlDate .created }}',
    '{{ htmlDateInZone .created "UTC" }}',
    '{{ if .created }}{{ upper (htmlDate .created) }}{{ end }}',
    '{{ with .created }}{{ range until 1 }}{{ htmlDate $.created }}{{ end }}{{ end }}',
    '{{ define "t" }}{{ htmlDate "x" }}{{ end }}{{ template "t" }}',
  ])('finds the clock in %s, which prints another day the next year', (source) => {
    const [first, second] = onTwoDays(source);

    expect(names(source)).toHaveLength(1);
    expect(first).toMatchObject({ ok: true });
    expect(second).not.toEqual(first);
  });

  it.each([
    '{{ toDate "2006-01-02" .created | date "02.01.2006" }}',
    '{{ date "02.01.2006" (toDate "2006-01-02" .created) }}',
    '{{ $d := toDate "2006-01-02" .created }}{{ htmlDate $d }}',
    '{{ date "2006" 86400 }}',
    '{{ date "2006" (int64 .seconds) }}',
    '{{ dateInZone "2006" (.seconds | int64) "UTC" }}',
    '{{ htmlDate (add 1 2) }}',
    '{{ .created | upper }} date "2006" .created',
  ])('finds none in %s, which prints the same for ever', (source) => {
    const [first, second] = onTwoDays(source);

    expect(names(source)).toEqual([]);
    expect(first).toMatchObject({ ok: true });
    expect(second).toEqual(first);
  });

  it('has the place of the call', () => {
    expect(clockReads('a\n{{ .created | date "2006" }}')).toEqual([
      { name: 'date', position: { line: 2, column: 15 } },
    ]);
  });

  it('says nothing of what is no template', () => {
    expect(clockReads('{{ if }}')).toEqual([]);
  });
});
