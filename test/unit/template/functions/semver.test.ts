import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

function holds(constraint: string, version: string): string {
  return textOf('{{ semverCompare .constraint .version }}', { constraint, version });
}

describe('template/functions/semver', () => {
  it('reads ranges, alternatives, carets, tildes and wildcards', () => {
    expect(holds('1.2 - 1.4', '1.3.9')).toBe('true');
    expect(holds('^1.2 || ~3.1', '3.1.7')).toBe('true');
    expect(holds('^0.2.3', '0.3.0')).toBe('false');
    expect(holds('1.x, !=1.5', '1.5.2')).toBe('false');
    expect(holds('>11', '11.1.0')).toBe('false');
  });

  it('gives prereleases only to constraints that name one', () => {
    expect(holds('>=1.0.0', '1.1.0-rc.1')).toBe('false');
    expect(holds('>=1.0.0-0', '1.1.0-rc.1')).toBe('true');
  });

  it('offers the methods of versions', () => {
    const version = '(semver "v1.2.3-rc.1+b7")';
    expect(textOf(`{{ ${version}.Major }} {{ ${version}.Prerelease }} {{ ${version}.Metadata }}`)).toBe('1 rc.1 b7');
    expect(textOf(`{{ ${version} }} {{ ${version}.Original }} {{ ${version}.IncMinor }}`)).toBe(
      '1.2.3-rc.1+b7 v1.2.3-rc.1+b7 1.3.0',
    );
    expect(textOf(`{{ ${version}.LessThan (semver "1.2.3") }}`)).toBe('true');
  });

  it('refuses what is no version or constraint, without saying what it was', () => {
    expect(holds('s3cr3t', '1.0.0')).toBe('exec: semverCompare: improper constraint');
    expect(holds('1', 's3cr3t')).toBe('exec: semverCompare: Invalid Semantic Version');
    expect(holds('1.0.99999999999999999999', '1')).toMatch(/^exec: /);
  });

  it('does not hang on spaces, and refuses texts that are too long', () => {
    expect(holds(`${'1  '.repeat(200)}!`, '1.0.0')).toMatch(/^exec: /);
    expect(holds('1 '.repeat(3_000), '1.0.0')).toMatch(/^limit: /);
  });
});
