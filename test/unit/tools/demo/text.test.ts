import { describe, expect, it } from 'vitest';
import { columns, counted, seconds } from '../../../../tools/demo/text.ts';

describe('tools/demo/text', () => {
  it('aligns columns and leaves nothing at the end of a line', () => {
    expect(
      columns([
        ['NAME', 'UID'],
        ['postgres', '1', ''],
      ]),
    ).toEqual(['NAME      UID', 'postgres  1']);
    expect(columns([])).toEqual([]);
  });

  it('writes times as a person reads them', () => {
    expect([4, 994, 995, 12_340, 59_949, 59_950, 125_000].map(seconds)).toEqual([
      '0.00 s',
      '0.99 s',
      '1.0 s',
      '12.3 s',
      '59.9 s',
      '1 m 00 s',
      '2 m 05 s',
    ]);
  });

  it('counts in words', () => {
    expect([0, 1, 2].map((count) => counted(count, 'write'))).toEqual(['0 writes', '1 write', '2 writes']);
  });
});
