import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FramesDigest } from '../../../../adapters/mysql/frames-digest.ts';

/** Rows as they stand on the wire, one frame each. */
function framed(rows: readonly string[]): Buffer {
  const frames = rows.map((row, at) => {
    const bytes = Buffer.from(`0000${row}`);
    bytes.writeUIntLE(bytes.length - 4, 0, 3);
    bytes[3] = (at + 7) & 0xff;
    return bytes;
  });
  return Buffer.concat(frames);
}

/** Shows the rows as the library does that takes frames out of what has come: those that were cut are put together, without the length in front. */
function digestOf(rows: readonly string[], cuts: readonly number[] = []): string {
  const wire = framed(rows);
  const edges = [0, ...[...new Set(cuts.map((cut) => cut % (wire.length + 1)))].toSorted((a, b) => a - b), wire.length];
  const chunks = edges
    .slice(1)
    .map((end, at) => ({ from: edges[at] ?? 0, bytes: Buffer.from(wire.subarray(edges[at], end)) }));
  const digest = new FramesDigest();
  let start = 0;
  for (const row of rows) {
    const end = start + 4 + Buffer.byteLength(row);
    const whole = chunks.find(({ from, bytes }) => from <= start && end <= from + bytes.length);
    if (whole === undefined) {
      const joined = Buffer.from(wire.subarray(start, end));
      joined.fill(0xaa, 0, 3);
      digest.add(joined, 4, joined.length);
    } else digest.add(whole.bytes, start - whole.from + 4, end - whole.from);
    start = end;
  }
  return digest.finish();
}

const rows = fc.array(fc.string({ maxLength: 4 }), { maxLength: 6 });
const cuts = fc.array(fc.nat(60), { maxLength: 4 });

describe('adapters/mysql/frames-digest', () => {
  it('is equal for equal rows and no others, however the bytes were cut on their way', () => {
    fc.assert(
      fc.property(rows, rows, cuts, cuts, (left, right, here, there) => {
        const same = JSON.stringify(left) === JSON.stringify(right);
        expect(digestOf(left, here) === digestOf(right, there)).toBe(same);
        expect(digestOf(left, here)).toBe(digestOf(left));
      }),
    );
    expect(digestOf(['ab', 'c'])).not.toBe(digestOf(['a', 'bc']));
    expect(digestOf([''])).not.toBe(digestOf([]));
  });

  it('sees nothing of what lies between two rows but a frame', () => {
    const of = (between: string): string => {
      const wire = Buffer.concat([framed(['ab']), Buffer.from(between), framed(['cd'])]);
      const digest = new FramesDigest();
      digest.add(wire, 4, 6);
      digest.add(wire, wire.length - 2, wire.length);
      return digest.finish();
    };
    expect(of('not a row')).toBe(of('neither!!'));
    expect(of('not a row')).toBe(of(''));
  });

  it('sees each of very many rows', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `row ${at}`);
    const cutEvery = Array.from({ length: 5 }, (_, at) => (at + 1) * 32_768);
    expect(digestOf(many, cutEvery)).toBe(digestOf(many));
    expect(digestOf(many.with(12_345, 'row x'), cutEvery)).not.toBe(digestOf(many, cutEvery));
  });

  it.each([0xff_ff_fe, 0xff_ff_ff, 0x1_00_00_00])('sees one byte in a row of %i bytes, and what follows it', (size) => {
    const of = (...parts: readonly Buffer[]): string => {
      const digest = new FramesDigest();
      for (const part of parts) digest.add(Buffer.concat([Buffer.alloc(4), part]), 4, part.length + 4);
      return digest.finish();
    };
    const long = Buffer.alloc(size, 'x');
    const other = Buffer.from(long);
    other[size - 1] = 0;
    const short = Buffer.from('z');
    const swallowed = Buffer.concat([long, Buffer.from([short.length, 0, 0, 0]), short]);
    const digests = [of(long), of(other), of(long, short), of(short, long), of(swallowed)];
    expect(new Set(digests).size).toBe(digests.length);
  });
});
