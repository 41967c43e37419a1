import { describe, expect, it } from 'vitest';
import { textOf } from './support.ts';

describe('template/functions/checksums', () => {
  it('sums bytes, not characters', () => {
    expect(textOf('{{ adler32sum "Wikipedia" }} {{ adler32sum "" }} {{ adler32sum "é" }}')).toBe(
      '300286872 1 36766061',
    );
    expect(textOf('{{ sha256sum "" }}')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(textOf('{{ sha512sum "abc" | trunc 16 }}')).toBe('ddaf35a193617aba');
  });

  it('does not lose bits in a long text', () => {
    expect(textOf('{{ adler32sum .text }}', { text: 'z'.repeat(100_000) })).toBe(adler('z'.repeat(100_000)));
  });
});

function adler(text: string): string {
  let low = 1;
  let high = 0;
  for (const byte of Buffer.from(text)) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return String(high * 65_536 + low);
}
