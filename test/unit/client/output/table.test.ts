import { describe, expect, it } from 'vitest';
import { formatTable } from '../../../../client/output/table.ts';

describe('client/output/table', () => {
  it('aligns columns with three spaces and pads nothing after the last', () => {
    const text = formatTable(
      ['NAME', 'READY', 'AGE'],
      [
        ['acme-corp-data-tier', 'True', '10m'],
        ['x', 'False', '119s'],
      ],
    );

    expect(text).toBe(
      [
        'NAME                  READY   AGE\n',
        'acme-corp-data-tier   True    10m\n',
        'x                     False   119s\n',
      ].join(''),
    );
  });

  it('keeps the narrowest column at six, as kubectl does', () => {
    expect(formatTable(['A', 'B'], [['1', '2']])).toBe('A     B\n1     2\n');
  });

  it('counts characters, not UTF-16 units', () => {
    expect(formatTable(['NAME', 'B'], [['😀😀😀😀', '1']])).toBe('NAME   B\n😀😀😀😀   1\n');
  });

  it('shows control characters of a server as spaces', () => {
    expect(formatTable(['NAME'], [['a\u001b[31mb\nc']])).toBe('NAME\na [31mb c\n');
  });
});
