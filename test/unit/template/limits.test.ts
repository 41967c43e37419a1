import { describe, expect, it } from 'vitest';
import { fieldLimits, nodeLimits, renderScalar, workClock } from '../../../template/index.ts';
import { Meter } from '../../../template/runtime/meter.ts';
import { newUsage } from '../../../template/form/field-context.ts';
import { LimitError } from '../../../template/problems.ts';
import { render, resource } from './forms.ts';

const row = { s: 'x'.repeat(1_000), list: Array.from({ length: 200 }, () => 1) };

function problemClass(source: string): string {
  const result = renderScalar(source, row);
  return result.ok ? `ok: ${result.text.length}` : result.problem.class;
}

describe('template/limits', () => {
  it.each([
    ['repeat', '{{ repeat 1000000000 "x" }}'],
    ['repeat in two steps', '{{ $x := repeat 1000000 "x" }}{{ repeat 1000000 $x }}'],
    ['a printf width', '{{ printf "%999999d%999999d" 1 2 }}'],
    ['a printf width over a list', '{{ printf "%99999d" .list }}'],
    ['a printf precision', '{{ printf "%.999999f%.999999f" 1.5 1.5 }}'],
    ['indent', '{{ indent 1000000000 "x" }}'],
    ['replace', '{{ replace "x" (repeat 100000 "y") .s }}'],
    ['join', '{{ join (repeat 100000 "y") .list }}'],
    ['text around a range', `{{ range .list }}${'y'.repeat(10_000)}{{ end }}`],
    ['text in nested ranges', `{{ range .list }}{{ range $.list }}${'y'.repeat(1_000)}{{ end }}{{ end }}`],
    ['random text', '{{ randAlphaNum 1000000000 }}'],
    ['an indent after every line', '{{ $l := repeat 500000 "\\n" }}{{ indent 1000 $l }}'],
    ['wrapping', '{{ wrapWith 1 .s (repeat 100000 "y") }}'],
  ])('stops %s at the output limit', (_name, source) => {
    expect(problemClass(source)).toBe('limit');
  });

  it('stops ranges at the iteration limit, nested ones together', () => {
    expect(problemClass('{{ range until 10000 }}{{ end }}')).toBe('ok: 0');
    expect(problemClass('{{ range until 10001 }}{{ end }}')).toBe('limit');
    expect(problemClass('{{ range 1000000000 }}{{ end }}')).toBe('limit');
    expect(problemClass('{{ range until 101 }}{{ range until 100 }}{{ end }}{{ end }}')).toBe('limit');
  });

  it('stops lists before they are made', () => {
    expect(problemClass('{{ until 1000000000 | len }}')).toBe('limit');
    expect(problemClass('{{ seq 9223372036854775807 }}')).toBe('limit');
    expect(problemClass('{{ untilStep 0 1000000000 1 | len }}')).toBe('limit');
  });

  it('stops templates that call themselves', () => {
    expect(
      problemClass(
        '{{ define "a" }}{{ template "b" }}{{ end }}{{ define "b" }}{{ template "a" }}{{ end }}{{ template "a" }}',
      ),
    ).toBe('limit');
  });

  it('stops a field when its time is up, and looks at the clock only after some work', () => {
    let now = 0;
    const meter = new Meter(fieldLimits, { limits: nodeLimits, usage: newUsage() }, () => now);
    now = fieldLimits.timeMs * 100;
    expect(() => meter.spend(1)).not.toThrow();
    expect(() => meter.spend(256)).toThrow(LimitError);
  });

  it('gives costly functions a budget of their own', () => {
    let now = 0;
    const meter = new Meter(fieldLimits, { limits: nodeLimits, usage: newUsage() }, () => now);
    meter.costly(() => (now += 6_000));
    expect(() => meter.spend(1_000)).not.toThrow();
    expect(() => meter.costly(() => (now += 6_000))).toThrow(LimitError);
  });

  it('stops real work within twice the time limit', () => {
    const clock = workClock();
    const source = '{{ range until 90 }}{{ range until 100 }}{{ $x := upper (repeat 9000 "ž") }}{{ end }}{{ end }}';
    expect(problemClass(source)).toBe('limit');
    expect(clock()).toBeLessThan(2_000);
  });

  it('counts output and iterations over all fields of a node', () => {
    const big = Object.fromEntries(
      Array.from({ length: 9 }, (_item, index) => [`f${index}`, '{{ repeat 1000000 "x" }}']),
    );
    expect(render([resource(big), resource({ a: '{{ .uid }}' }, { id: 'later' })])).toMatchObject({
      ok: false,
      problems: [
        { resourceId: 'r', path: 'f8', class: 'limit' },
        { resourceId: 'later', class: 'limit' },
      ],
    });
    const loops = Object.fromEntries(
      Array.from({ length: 21 }, (_item, index) => [`f${index}`, `{{ range until 10000 }}{{ end }}${index}`]),
    );
    expect(render([resource(loops)])).toMatchObject({ ok: false, problems: [{ class: 'limit' }] });
  });
});
