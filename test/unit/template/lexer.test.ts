import { describe, expect, it } from 'vitest';
import { Lexer } from '../../../template/language/lexer.ts';

function tokens(source: string): string[] {
  const lexer = new Lexer(source);
  const found: string[] = [];
  for (;;) {
    const token = lexer.next();
    if (token.kind === 'eof') return found;
    if (token.kind !== 'space') found.push(`${token.kind}:${token.text}`);
    if (token.kind === 'error') return found;
  }
}

describe('template/language/lexer', () => {
  it('cuts text and actions apart', () => {
    expect(tokens('a {{ .x }} b')).toEqual(['text:a ', 'leftDelim:{{', 'field:.x', 'rightDelim:}}', 'text: b']);
  });

  it('lets trim markers eat the white space around an action', () => {
    expect(tokens('a \n{{- .x -}} \t b')).toEqual(['text:a', 'leftDelim:{{', 'field:.x', 'rightDelim: -}}', 'text:b']);
  });

  it('reads a minus without a space as a sign, not as a trim marker', () => {
    expect(tokens('{{-3}}')).toEqual(['leftDelim:{{', 'number:-3', 'rightDelim:}}']);
  });

  it('drops comments, trim markers included', () => {
    expect(tokens('a {{- /* c */ -}} b{{/* d */}}')).toEqual(['text:a', 'text:b']);
  });

  it('keeps delimiters inside strings', () => {
    expect(tokens('{{ "}}" }}{{ `{{` }}').filter((token) => token.includes('tring'))).toEqual([
      'string:"}}"',
      'rawString:`{{`',
    ]);
  });

  it.each([
    ['{{ .x', 'unclosed action'],
    ['{{/* x', 'unclosed comment'],
    ['{{/* x */ y }}', 'comment ends before closing delimiter'],
    ['{{ "x', 'unterminated quoted string'],
    ['{{ `x', 'unterminated raw quoted string'],
    ["{{ 'x", 'unterminated character constant'],
    ['{{ (x }}', 'unclosed left paren'],
    ['{{ x) }}', 'unexpected right paren'],
    ['{{ 1x }}', 'bad number syntax'],
    ['{{ $x: 1 }}', 'expected :='],
    ['{{ .a-b }}', 'bad character'],
  ])('refuses %s', (source, message) => {
    expect(tokens(source).at(-1)).toBe(`error:${message}`);
  });

  it('reads letters of any script as names', () => {
    expect(tokens('{{ $žluť .日本 }}')).toContain('variable:$žluť');
    expect(tokens('{{ $žluť .日本 }}')).toContain('field:.日本');
  });
});
