import { describe, expect, it } from 'vitest';
import { fieldLimits, renderScalar } from '../../../../template/index.ts';

function text(template: string): string {
  const result = renderScalar(template, { list: ['c', 'a', 'b'] });
  if (!result.ok) throw new Error(result.problem.message);
  return result.text;
}

describe('template/functions/lists', () => {
  it('does not change the list it appends to', () => {
    expect(text('{{ $l := list 1 }}{{ $m := append $l 2 }}{{ $l }}{{ $m }}')).toBe('[1][1 2]');
  });

  it('reaches behind the end as far as the capacity goes, as Go does', () => {
    expect(text('{{ slice (append (list 1 2 3) 4) 0 6 }}')).toBe('[1 2 3 4 <nil> <nil>]');
    expect(text('{{ slice (slice (list 1 2 3) 0 1) 0 3 }}')).toBe('[1 2 3]');
    expect(renderScalar('{{ slice (list 1 2 3) 0 4 }}', {})).toMatchObject({ ok: false, problem: { class: 'exec' } });
  });

  it('sorts a list of texts in place and copies any other', () => {
    expect(text('{{ $l := splitList "," "b,a" }}{{ $s := sortAlpha $l }}{{ $l }}')).toBe('[a b]');
    expect(text('{{ $s := sortAlpha .list }}{{ .list }}{{ $s }}')).toBe('[c a b][a b c]');
  });

  it('tells numbers of different types apart', () => {
    expect(text('{{ has 1 (list (int64 1)) }} {{ uniq (list 1 (int64 1) 1.0 "1" 1) | len }}')).toBe('false 4');
  });

  it('stops a list that outgrows the limit', () => {
    const limits = { ...fieldLimits, items: 10 };
    for (const call of ['append (until 10) 1', 'prepend (until 10) 1', 'concat (until 10) (until 10)']) {
      expect(renderScalar(`{{ ${call} }}`, {}, { limits })).toMatchObject({ ok: false, problem: { class: 'limit' } });
    }
  });

  it('keeps values out of its messages', () => {
    const result = renderScalar('{{ first .secret }}', { secret: 'hunter2' });
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });
});
