import { describe, expect, it } from 'vitest';
import { exposition } from '../../../../adapters/telemetry/exposition.ts';
import type { SeriesFamily } from '../../../../domain/measures.ts';

const gauge = (samples: SeriesFamily['samples']): SeriesFamily => ({
  name: 'g',
  type: 'gauge',
  help: 'A gauge.',
  samples,
});

describe('adapters/telemetry/exposition', () => {
  it('writes a head and a line a sample', () => {
    const text = [
      ...exposition([
        gauge(() => [
          { labels: {}, value: 1 },
          { labels: { a: 'b', c: 'd' }, value: 0.5 },
        ]),
      ]),
    ].join('');

    expect(text).toBe('# HELP g A gauge.\n# TYPE g gauge\ng 1\ng{a="b",c="d"} 0.5\n');
  });

  it('escapes what the format gives a meaning', () => {
    const [text] = [...exposition([gauge(() => [{ labels: { a: 'x"y\\z\nw' }, value: 1 }])])];

    expect(text).toContain('g{a="x\\"y\\\\z\\nw"} 1\n');
  });

  it('comes in pieces, so that a large fleet is written with pauses', () => {
    const samples = () => Array.from({ length: 1_200 }, (_, index) => ({ labels: { n: String(index) }, value: index }));
    const pieces = [...exposition([gauge(samples)])];

    expect(pieces.length).toBe(3);
    expect(pieces.join('').split('\n').length).toBe(1_200 + 3);
  });
});
