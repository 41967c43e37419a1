import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rowHash } from '../../../worker/row-hash.ts';
import { hashText } from '../../../domain/identity.ts';

describe('worker/row-hash', () => {
  it('hashes a row as the digest of its node is hashed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(rowHash(text)).toBe(hashText(text, 32));
      }),
    );
  });
});
