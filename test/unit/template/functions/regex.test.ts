import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

describe('template/functions/regex', () => {
  it('lets regexMatch say false for a bad pattern, and every other function fail', () => {
    expect(textOf('{{ regexMatch "(" "a" }}')).toBe('false');
    for (const call of [
      'mustRegexMatch "(" "a"',
      'regexFind "(" "a"',
      'regexSplit "(" "a" 0',
      'regexFindAll "(" "a" 0',
    ]) {
      expect(textOf(`{{ ${call} }}`)).toMatch(/^exec: .*error parsing regexp$/);
    }
  });

  it('refuses what RE2 has not', () => {
    for (const pattern of ['(?=a)', '(?<!a)', '\\\\1', 'a{1001}', '\\\\C']) {
      expect(textOf(`{{ mustRegexMatch "${pattern}" "a" }}`)).toMatch(/^exec: /);
    }
  });

  it('reads class names as Go does, without case, spaces, hyphens and underscores', () => {
    expect(textOf('{{ regexFind "\\\\p{lower-case Letter}+" "ABcd" }}')).toBe('cd');
    expect(textOf('{{ regexFind "\\\\p{Lowercase_Letter}+" "ABcd" }}')).toBe('cd');
    expect(textOf('{{ regexFind "[\\\\p{greek}]+" "abγδ" }}')).toBe('γδ');
    expect(textOf('{{ regexMatch "\\\\Q\\\\p{greek}\\\\E" "\\\\p{greek}" }}')).toBe('true');
  });

  it('lets groups share a name and takes the first that took part', () => {
    expect(textOf('{{ regexReplaceAll "(?P<n>a)|(?P<n>b)" "ab" "<${n}>" }}')).toBe('<a><b>');
  });

  it('takes a byte that is no character as one character, and gives it back unchanged', () => {
    expect(textOf('{{ regexFindAll "." "a\\xffb" -1 | len }}')).toBe('3');
    expect(textOf('{{ printf "%x" (regexReplaceAll "b" "a\\xffb" "c") }}')).toBe('61ff63');
    expect(textOf('{{ regexMatch "\\\\x{FFFD}" "\\xff" }}')).toBe('true');
  });

  it('puts a character together whose bytes come from text and replacement', () => {
    expect(textOf('{{ regexReplaceAll "x" "x\\xa9" "\\xc3" }}')).toBe('é');
  });

  it('stays linear where a backtracking engine would not end', () => {
    expect(textOf('{{ regexMatch "^(a+)+$" .text }}', { text: `${'a'.repeat(1_000)}!` })).toBe('false');
  });

  it('stops patterns that are too long or too large, and texts that grow too long', () => {
    expect(textOf('{{ regexMatch .pattern "a" }}', { pattern: 'a'.repeat(4_097) })).toMatch(
      /^limit: .*longer than 4096/,
    );
    expect(
      textOf('{{ regexMatch "(?:a{0,100}){10}(?:b{0,100}){10}(?:c{0,900}){1}(?:d{900}){1}(?:x{900}y{900}){1}" "a" }}'),
    ).toMatch(/^limit: .*too large/);
    expect(textOf('{{ regexReplaceAll "a" .text (repeat 10000 "b") }}', { text: 'a'.repeat(1_000) })).toMatch(
      /^limit: /,
    );
  });

  it('does not put pattern or text into a message', () => {
    expect(textOf('{{ regexFind .secret .secret }}', { secret: 's3cr3t(' })).not.toContain('s3cr3t');
  });
});
