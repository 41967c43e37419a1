import { describe, expect, it } from 'vitest';
import { renderScalar } from '../../../template/index.ts';

const row = { uid: 'acme', empty: '', n: null, list: ['x', 'y'], map: { a: '1', z: null }, num: 3 };

function text(source: string): string {
  const result = renderScalar(source, row);
  return result.ok ? result.text : `${result.problem.class}: ${result.problem.message}`;
}

describe('template/language', () => {
  it('evaluates and and or lazily, side effects included', () => {
    expect(text('{{ if and (eq .uid "x") .nope }}a{{ else }}b{{ end }}')).toBe('b');
    expect(text('{{ or .uid (fail "never") }}')).toBe('acme');
    expect(text('{{ or (and "" (fail "never")) "ok" }}')).toBe('ok');
    expect(text('{{ 5 | and 0 .nope }}')).toBe('0');
  });

  it('keeps what was printed before a break or continue', () => {
    expect(
      text(
        '{{ range until 9 }}{{ if eq . 1 }}-{{ continue }}{{ end }}{{ if eq . 3 }}!{{ break }}{{ end }}{{ . }}{{ end }};',
      ),
    ).toBe('0-2!;');
  });

  it('lets a break in the else part of an inner range end that range only', () => {
    expect(
      text('{{ range until 2 }}{{ range "" | splitList "" }}{{ else }}e{{ break }}f{{ end }}{{ . }}{{ end }}'),
    ).toBe('e0e1');
  });

  it('assigns to the variable in sight and hides outer ones by declaring', () => {
    expect(text('{{ $x := 1 }}{{ range until 3 }}{{ $x = add $x . }}{{ end }}{{ $x }}')).toBe('4');
    expect(text('{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ $x }}{{ end }}{{ $x }}')).toBe('21');
    expect(text('{{ $a := 0 }}{{ if false }}{{ $a := 1 }}{{ else }}{{ $a }}{{ end }}')).toBe('0');
  });

  it('gives defined templates only what they are passed', () => {
    expect(text('{{ define "t" }}[{{ . }}{{ $ }}]{{ end }}{{ template "t" .uid }}{{ template "t" }}')).toBe(
      '[acmeacme][<no value><no value>]',
    );
    expect(text('{{ block "b" .num }}<{{ . }}>{{ end }}')).toBe('<3>');
  });

  it('recurses into templates until the depth limit', () => {
    expect(
      text(
        '{{ define "t" }}{{ if gt . 0 }}{{ . }}{{ template "t" (int (sub . 1)) }}{{ end }}{{ end }}{{ template "t" 3 }}',
      ),
    ).toBe('321');
    expect(text('{{ define "t" }}{{ template "t" }}{{ end }}{{ template "t" }}')).toMatch(/^limit: /);
  });

  it('prints maps sorted and nested as Go does', () => {
    expect(text('{{ . }}')).toBe('map[empty: list:[x y] map:map[a:1 z:<nil>] n:<nil> num:3 uid:acme]');
    expect(text('{{ .map.z }} {{ print .map.z }}')).toBe('<no value> <nil>');
  });

  it('makes an undeclared key an error with its name, and no value', () => {
    expect(text('{{ .nope | default "x" }}')).toBe('exec: nope: map has no entry for the key');
    expect(text('{{ index . "nope" | default "x" }}')).toBe('x');
  });

  it('fits a written number to the parameter, and a computed one not', () => {
    expect(text('{{ until 2.0 }}')).toBe('[0 1]');
    expect(text('{{ until (float "2") }}')).toBe('exec: until: wrong type for value; expected int; got float64');
  });

  it('works on bytes and shows what is no character as U+FFFD', () => {
    expect(text('{{ trunc 1 "ž" }}{{ len "ž" }}')).toBe('\ufffd2');
    expect(text('{{ printf "%s%s" (trunc 1 "ž") (substr 1 2 "ž") }}')).toBe('ž');
    expect(text('{{ printf "%x" "\\xff" }}')).toBe('ff');
  });

  it('keeps integers exact beyond 2^53 and wraps them like int64', () => {
    expect(text('{{ add 9007199254740993 0 }} {{ add 9223372036854775807 1 }}')).toBe(
      '9007199254740993 -9223372036854775808',
    );
  });

  it('gives every problem its place in the scalar', () => {
    const result = renderScalar('ok\n  {{ .uid | upper }}{{ .nope }}', row);
    expect(result).toMatchObject({ ok: false, problem: { line: 2, column: 24, class: 'exec', culprit: 'nope' } });
  });

  it('suggests a function that may have been meant', () => {
    const result = renderScalar('{{ uper .uid }}', row);
    expect(result).toMatchObject({ ok: false, problem: { class: 'parse', culprit: 'uper', suggestion: 'upper' } });
  });

  it('shows the text of fail only where the template spells it out', () => {
    expect(text('{{ fail "plan is missing" }}')).toBe('exec: plan is missing');
    expect(text('{{ fail .uid }}')).not.toContain('acme');
  });
});
