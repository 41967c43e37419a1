import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

describe('template/functions/encoding', () => {
  it('gives every text back, bytes that are no characters included', () => {
    for (const name of ['b64', 'b32']) {
      expect(textOf(`{{ printf "%x" ("é\\xff\\x00" | ${name}enc | ${name}dec) }}`)).toBe('c3a9ff00');
    }
  });

  it('skips line breaks', () => {
    expect(textOf('{{ b64dec "aGVs\\r\\nbG8=\\n" }} {{ b32dec "NBSW\\nY3DP" }}')).toBe('hello hello');
  });

  it('gives the text of the error for what is not encoded, with the place of the wrong byte', () => {
    expect(textOf('{{ b64dec "aGV$" }}')).toBe('illegal base64 data at input byte 3');
    expect(textOf('{{ b64dec "aGVsbG8" }}')).toBe('illegal base64 data at input byte 4');
    expect(textOf('{{ b32dec "nbswy3dp" }}')).toBe('illegal base32 data at input byte 0');
  });

  it('refuses texts longer than a field may print', () => {
    expect(textOf('{{ b64enc .text }}', { text: 'a'.repeat(1_000_000) })).toMatch(/^limit: b64enc/);
  });
});
