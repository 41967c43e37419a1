import { describe, expect, it } from 'vitest';
import { liveOutput } from '../../../../client/output/live.ts';
import { seenOn } from '../../../support/cli/terminal.ts';

function terminal(size: { columns: number; rows?: number }) {
  const written: string[] = [];
  const write = (text: string) => void written.push(text);
  const out = Object.assign(size, { write, isTerminal: true, colours: false });
  return { live: liveOutput(out), written, screen: () => seenOn(size.rows ?? 24, written.join('')).screen };
}

describe('client/output/live', () => {
  it('writes nothing for the same text, and only the lines that changed of another', () => {
    const { live, written, screen } = terminal({ columns: 80, rows: 10 });

    live.draw('title\nage 1s\nage 5m\n');
    live.draw('title\nage 1s\nage 5m\n');
    expect(written).toHaveLength(1);
    live.draw('title\nage 2s\nage 5m\n');
    expect(written[1]).not.toMatch(/title|5m/);
    live.draw('other\nage 2s\nage 6m\n');

    expect(screen()).toEqual(['other', 'age 2s', 'age 6m', '']);
  });

  it('draws anew when lines come or go', () => {
    const { live, screen } = terminal({ columns: 80, rows: 10 });

    for (const text of ['a\nb\nc\n', 'a\n', 'a\nb\n']) live.draw(text);

    expect(screen()).toEqual(['a', 'b', '']);
  });

  it.each([
    [5, ['a', 'b', 'c', 'd', '']],
    [4, ['a', 'b', 'and 2 more lines', '']],
    [3, ['a', 'and 3 more lines', '']],
    [2, ['a', '']],
    [1, ['']],
  ])('keeps the line of the cursor free on a terminal of %d rows', (rows, expected) => {
    const { live, screen } = terminal({ columns: 80, rows });

    live.draw('a\nb\nc\nd\n');

    expect(screen()).toEqual(expected);
  });

  it('takes the size the terminal has by now', () => {
    const size = { columns: 80, rows: 10 };
    const { live, written } = terminal(size);
    const text = 'a long line\nb\nc\nd\n';
    live.draw(text);

    size.rows = 4;
    live.draw(text);
    size.columns = 5;
    live.draw(text);

    expect(written.slice(1)).toEqual([
      '\u001B[4A\u001B[Ja long line\nb\nand 2 more lines\n',
      '\u001B[3A\u001B[Ja lo\nb\nand \n',
    ]);
  });
});
