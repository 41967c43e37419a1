import { describe, expect, it } from 'vitest';
import { renderScalar } from '../../../../template/index.ts';

function text(template: string): string {
  const result = renderScalar(template, {});
  if (!result.ok) throw new Error(result.problem.message);
  return result.text;
}

describe('template/functions/dicts', () => {
  it('shares a map with whoever holds it', () => {
    expect(text('{{ $d := dict "a" 1 }}{{ $e := $d }}{{ $x := set $e "b" 2 }}{{ $d }}')).toBe('map[a:1 b:2]');
    expect(text('{{ $d := dict "a" 1 }}{{ $e := deepCopy $d }}{{ $x := set $e "b" 2 }}{{ $d }}')).toBe('map[a:1]');
  });

  it('keeps what is there when it merges, and replaces it when told to', () => {
    const pair = '(dict "a" 1 "z" 0 "n" (dict "x" 1)) (dict "a" 2 "z" 3 "n" (dict "x" 2 "y" 2))';
    expect(text(`{{ merge ${pair} }}`)).toBe('map[a:1 n:map[x:1 y:2] z:3]');
    expect(text(`{{ mergeOverwrite ${pair} }}`)).toBe('map[a:2 n:map[x:2 y:2] z:3]');
  });

  it('shares a nested map that was new with its source', () => {
    const template = '{{ $s := dict "n" (dict "x" 1) }}{{ $d := merge (dict) $s }}{{ $x := set $d.n "y" 2 }}{{ $s }}';
    expect(text(template)).toBe('map[n:map[x:1 y:2]]');
  });

  it('takes __proto__ and constructor for keys like any other', () => {
    const template =
      '{{ $d := dict "__proto__" (dict "x" 1) "constructor" 2 }}{{ merge (dict) $d }}{{ get (dict) "constructor" }}';
    expect(text(template)).toBe('map[__proto__:map[x:1] constructor:2]');
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });

  it('stops where a map contains itself', () => {
    const cycle = '{{ $d := dict }}{{ $x := set $d "self" $d }}';
    for (const call of ['deepCopy $d', 'toString $d']) {
      expect(renderScalar(`${cycle}{{ ${call} }}`, {})).toMatchObject({ ok: false, problem: { class: 'limit' } });
    }
    expect(text(`${cycle}{{ deepEqual $d $d }}`)).toBe('true');
  });

  it('lists keys and values in one order', () => {
    expect(text('{{ $d := dict "b" 1 "a" 2 }}{{ keys $d }}{{ values $d }}')).toBe('[a b][2 1]');
  });
});
