import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

describe('template/functions/paths', () => {
  it('cleans paths as Go does', () => {
    const cleaned = ['', '/', '//a/./b/../c/', 'a/../..', '/..', '../a', './a'];
    expect(cleaned.map((path) => textOf('{{ clean .path }}', { path }))).toEqual([
      '.',
      '/',
      '/a/c',
      '..',
      '/',
      '../a',
      'a',
    ]);
  });

  it('takes the last element, the folder and the extension', () => {
    const parts = (path: string): string => textOf('{{ base .path }} {{ dir .path }} {{ ext .path }}', { path });
    expect(parts('/a/b.tar.gz')).toBe('b.tar.gz /a .gz');
    expect(parts('a//')).toBe('a a ');
    expect(parts('')).toBe('. . ');
  });

  it('has the same functions for the paths of the system', () => {
    expect(
      textOf('{{ osBase "/a/b.c" }} {{ osDir "/a/b" }} {{ osExt "a.c" }} {{ osClean "a/.." }} {{ osIsAbs "/a" }}'),
    ).toBe('b.c /a .c . true');
  });
});
