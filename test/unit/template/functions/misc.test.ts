import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

describe('template/functions/misc', () => {
  it('says hello and takes no arguments', () => {
    expect(textOf('{{ hello }}')).toBe('Hello!');
    expect(textOf('{{ hello 1 }}')).toMatch(/^exec: hello: wrong number of args/);
  });
});
