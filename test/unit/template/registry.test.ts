import { describe, expect, it } from 'vitest';
import { methodThemes, themes } from '../../../template/functions/registry.ts';

describe('template/functions/registry', () => {
  it('has every name in one theme only', () => {
    const names = Object.values(themes).flatMap((theme) => Object.keys(theme));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('has every method of a type in one theme only', () => {
    const names = Object.values(methodThemes).flatMap((theme) =>
      Object.entries(theme).flatMap(([type, table]) => Object.keys(table).map((name) => `${type}.${name}`)),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('leaves and and or to the language', () => {
    const names = Object.values(themes).flatMap((theme) => Object.keys(theme));
    expect(names.filter((name) => name === 'and' || name === 'or')).toEqual([]);
  });
});
