import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnReader, columnTypes } from '../../../../adapters/mysql/value-text.ts';
import { goFloatText } from '../../../../adapters/sql/float-text.ts';

function read(columnType: number, value: string | Buffer | null, columnLength = 0): string {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  return columnReader({ columnType, columnLength }, () => undefined)(bytes);
}

describe('adapters/mysql/value-text', () => {
  // Types without an entry of their own arrive under these codes.
  const [decimal, time, varchar, json, blob, geometry, unknown] = [246, 11, 253, 245, 252, 255, 99];

  it.each([
    ['tiny', columnTypes.tiny, '1', '1'],
    ['short', columnTypes.short, '-32768', '-32768'],
    ['zerofill', columnTypes.long, '00042', '42'],
    ['negative zerofill cannot be, but', columnTypes.long, '-007', '-7'],
    ['zero', columnTypes.int24, '000', '0'],
    ['bigint', columnTypes.longlong, '18446744073709551615', '18446744073709551615'],
    ['year', columnTypes.year, '0000', '0'],
    ['float', columnTypes.float, '1e6', '1e+06'],
    ['double', columnTypes.double, '1000000', '1e+06'],
    ['decimal', decimal, '10.50', '10.50'],
    ['time', time, '-838:59:59', '-838:59:59'],
    ['date', columnTypes.date, '2025-01-02', '2025-01-02T00:00:00Z'],
    ['datetime', columnTypes.datetime, '2025-01-02 03:04:05', '2025-01-02T03:04:05Z'],
    ['fraction', columnTypes.datetime, '2025-01-02 03:04:05.100000', '2025-01-02T03:04:05.1Z'],
    ['zero fraction', columnTypes.timestamp, '2025-01-02 03:04:05.000', '2025-01-02T03:04:05Z'],
    ['year zero', columnTypes.date, '0000-01-01', '0000-01-01T00:00:00Z'],
    ['last day', columnTypes.date, '9999-12-31', '9999-12-31T00:00:00Z'],
    ['invalid date kept by the server', columnTypes.date, '2025-02-31', '2025-03-03T00:00:00Z'],
    ['invalid date in a leap year', columnTypes.date, '2024-02-30', '2024-03-01T00:00:00Z'],
    ['invalid date in a common century', columnTypes.date, '1900-02-29', '1900-03-01T00:00:00Z'],
    ['leap day', columnTypes.date, '2000-02-29', '2000-02-29T00:00:00Z'],
    ['a date the server never sends', columnTypes.date, 'soon', 'soon'],
    ['text', varchar, 'žluť 😀', 'žluť 😀'],
    ['json', json, '{"a":"é"}', '{"a":"é"}'],
    ['unknown type', unknown, 'x', 'x'],
  ])('reads %s', (_name, type, value, text) => {
    expect(read(type, value)).toBe(text);
  });

  it.each(Object.values(columnTypes))('reads NULL of type %s as empty text', (type) => {
    expect(read(type, null)).toBe('');
  });

  it.each([
    ['0000-00-00', columnTypes.date],
    ['0000-00-00 00:00:00', columnTypes.datetime],
    ['0000-00-00 00:00:00.000000', columnTypes.timestamp],
    ['2025-00-10', columnTypes.date],
    ['2025-10-00', columnTypes.date],
  ])('reads the zero date %s as empty text and says so', (value, columnType) => {
    let zeroDates = 0;

    const text = columnReader({ columnType }, () => (zeroDates += 1))(Buffer.from(value));

    expect(text).toBe('');
    expect(zeroDates).toBe(1);
  });

  it('reads BIT(1) as 1 or 0 and wider BIT as bytes', () => {
    expect(read(columnTypes.bit, Buffer.from([1]), 1)).toBe('1');
    expect(read(columnTypes.bit, Buffer.from([0]), 1)).toBe('0');
    expect(read(columnTypes.bit, Buffer.from([0x41]), 8)).toBe('A');
  });

  it('reads bytes as UTF-8 when they are and as Latin-1 when not', () => {
    expect(read(blob, Buffer.from([0xc3, 0xa9]))).toBe('é');
    expect(read(blob, Buffer.from([0xc3, 0x28]))).toBe('Ã(');
    expect(read(geometry, Buffer.from([0, 0xff]))).toBe('\u0000ÿ');
  });

  it('loses no byte of a value that is not UTF-8', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const text = read(blob, Buffer.from(bytes));
        const asUtf8 = Buffer.from(text, 'utf8');

        expect([Buffer.from(text, 'latin1'), asUtf8].some((back) => back.equals(bytes))).toBe(true);
      }),
    );
  });

  // Recorded from strconv of Go 1.26.
  it.each([
    ['0', '0'],
    ['-0', '-0'],
    ['100000', '100000'],
    ['999999', '999999'],
    ['1234567', '1.234567e+06'],
    ['1e21', '1e+21'],
    ['123456789012345680', '1.2345678901234568e+17'],
    ['0.0001', '0.0001'],
    ['0.00001', '1e-05'],
    ['0.00012345', '0.00012345'],
    ['-1e308', '-1e+308'],
    ['5e-324', '5e-324'],
    ['12345.678', '12345.678'],
    ['1000000.5', '1.0000005e+06'],
  ])('prints the double %s as Go does', (value, text) => {
    expect(goFloatText(Number(value), 64)).toBe(text);
  });

  it.each([
    ['3.1415927410', '3.1415927'],
    ['16777216', '1.6777216e+07'],
    ['3.40282e38', '3.40282e+38'],
    ['1.4e-45', '1e-45'],
    ['9007199254740992', '9.007199e+15'],
    ['8388608.5', '8.388608e+06'],
    ['-237.4531295', '-237.45312'],
    ['1749.906286', '1749.9062'],
  ])('prints the float %s as Go does', (value, text) => {
    expect(goFloatText(Number(value), 32)).toBe(text);
  });

  it('prints a double that reads back as the same number', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        expect(Number(goFloatText(value, 64))).toBe(value);
      }),
    );
  });

  it('prints a float that reads back as the same single', () => {
    fc.assert(
      fc.property(fc.float({ noDefaultInfinity: true, noNaN: true }), (value) => {
        expect(Math.fround(Number(goFloatText(value, 32)))).toBe(value);
      }),
    );
  });
});
