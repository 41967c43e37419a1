import { describe, expect, it } from 'vitest';
import { typeOids, valueReader } from '../../../../adapters/postgres/value-text.ts';

describe('adapters/postgres/value-text', () => {
  const read = valueReader(typeOids.bpchar);

  it.each([
    ['ab   ', 'ab'],
    ['  a b ', '  a b'],
    ['a\t ', 'a\t'],
    ['   ', ''],
    ['', ''],
  ])('reads char(n) %j without the blanks that pad it', (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it('reads a char(n) of blanks and a letter at once', () => {
    const text = `${' '.repeat(200_000)}x`;

    expect(read(text)).toBe(text);
  });
});
