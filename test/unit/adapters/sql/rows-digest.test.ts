import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowsDigest } from '../../../../adapters/sql/rows-digest.ts';

function digestOf(rows: readonly string[]): string {
  const digest = new RowsDigest();
  for (const row of rows) {
    const bytes = Buffer.from(`<${row}>`);
    digest.add(bytes, 1, bytes.length - 1);
  }
  return digest.finish();
}

describe('adapters/sql/rows-digest', () => {
  it('is equal for equal rows and no others, however the same bytes are cut into rows', () => {
    const rows = fc.array(fc.string({ maxLength: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(rows, rows, (left, right) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(digestOf(left) === digestOf(right)).toBe(same);
      }),
    );
    expect(digestOf(['ab', 'c'])).not.toBe(digestOf(['a', 'bc']));
    expect(digestOf([''])).not.toBe(digestOf([]));
  });

  it.each([65_531, 65_532, 65_533, 65_536, 200_000])(
    'sees one byte in a row of %i bytes, and what follows it',
    (size) => {
      const long = 'x'.repeat(size);
      const digests = [
        [long],
        [`${long.slice(1)}y`],
        [`y${long.slice(1)}`],
        [long, 'z'],
        ['z', long],
        [`${long}x`],
      ].map(digestOf);
      expect(new Set(digests).size).toBe(digests.length);
      expect(digestOf([long, 'z'])).toBe(digests[3]);
    },
  );

  it('sees each of very many rows', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => `row ${at}`);
    const other = rows.with(12_345, 'row x');
    expect(digestOf(other)).not.toBe(digestOf(rows));
  });

  it('tells NULL from empty text and from the text null', () => {
    const digests = [null, '', 'null'].map((value) => {
      const digest = new RowsDigest();
      digest.addTexts(['acme', value]);
      return digest.finish();
    });
    expect(new Set(digests).size).toBe(3);
  });
});
