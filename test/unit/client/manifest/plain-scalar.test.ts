import { describe, expect, it } from 'vitest';
import { resolvePlain } from '../../../../client/manifest/plain-scalar.ts';

describe('client/manifest/plain-scalar', () => {
  it.each([
    ['', null],
    ['~', null],
    ['Null', null],
    ['yes', true],
    ['On', true],
    ['y', true],
    ['off', false],
    ['N', false],
    ['yEs', 'yEs'],
    ['5', 5],
    ['+5', 5],
    ['-5', -5],
    ['-0', 0],
    ['0777', 511],
    ['0o17', 15],
    ['0x1F', 31],
    ['-0b11', -3],
    ['08', 8],
    ['1_000', 1000],
    ['1e3', 1000],
    ['.5', 0.5],
    ['5.', 5],
    ['1:20', '1:20'],
    ['2024-01-01', '2024-01-01'],
    ['1.2.3', '1.2.3'],
    ['500m', '500m'],
    ['1Gi', '1Gi'],
    ['--', '--'],
    ['{{ .x }}', '{{ .x }}'],
    ['9007199254740991', 9007199254740991],
  ])('reads %j as kubectl does: %j', (text, value) => {
    expect(resolvePlain(text)).toEqual({ kind: 'value', value });
  });

  it.each([['.inf'], ['-.Inf'], ['.nan'], ['9007199254740993'], ['99999999999999999999']])(
    'refuses %s, which JSON would change',
    (text) => {
      expect(resolvePlain(text)).toMatchObject({ kind: 'notJson' });
    },
  );
});
