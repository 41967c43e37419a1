import { describe, expect, it } from 'vitest';
import { plainHash } from '../../../domain/canonical.ts';
import { formerHash, isHashOf, keyedHash } from '../../../domain/hashes.ts';
import { hubKey } from '../../support/builders/resources.ts';

describe('domain/hashes', () => {
  const plain = plainHash({ data: { password: 'hunter2' } });
  const other = plainHash({ data: { password: 'hunter3' } });

  it('gives with the key what cannot be told from the content alone', () => {
    const recorded = keyedHash(hubKey, plain);
    expect(recorded).toMatch(/^k-[0-9a-f]{32}$/);
    expect(recorded).not.toContain(plain.slice(0, 8));
    expect(keyedHash(new Uint8Array(32).fill(9), plain)).not.toBe(recorded);
    expect(keyedHash(hubKey, other)).not.toBe(recorded);
  });

  it.each([
    ['the same content', keyedHash(hubKey, plain), plain, hubKey, true],
    ['other content', keyedHash(hubKey, plain), other, hubKey, false],
    ['another key', keyedHash(hubKey, plain), plain, new Uint8Array(32), false],
    ['a key that is not known yet', keyedHash(hubKey, plain), other, undefined, true],
    ['the same content of an earlier version', formerHash(plain), plain, hubKey, true],
    ['other content of an earlier version', formerHash(plain), other, hubKey, false],
    ['an object of which we own nothing', keyedHash(hubKey, plain), undefined, hubKey, false],
    ['no hash on record', '', plain, hubKey, false],
  ])('judges a recorded hash of %s', (_, recorded, now, key, same) => {
    expect(isHashOf(recorded, now, key)).toBe(same);
  });
});
