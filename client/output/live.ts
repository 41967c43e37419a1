import type { Output } from '../context.ts';
import { withColours } from './colour.ts';
import { plain } from './table.ts';

/** A text that is drawn over again where it stands; on anything but a terminal each new one is printed below the last. */
export interface Live {
  /** `key`: what of the text is worth another print in a log; the same key again prints nothing there. */
  draw(text: string, key?: string): void;
}

/** `isOverDrawn`: on a terminal only, and only what is drawn more than once, since it is cut at the size of the terminal. */
export function liveOutput(out: Output, isOverDrawn = out.isTerminal): Live {
  return isOverDrawn ? overDrawn(out) : printed(out);
}

function printed(out: Output): Live {
  let last: string | undefined;
  return {
    draw: (text, key = text) => {
      if (key !== last) out.write(withColours(out, text.split('\n').map(plain).join('\n')));
      last = key;
    },
  };
}

/** Only lines that are not there already are written: a table that is written whole for each turn of a spinner flickers. */
function overDrawn(out: Output): Live {
  let drawn: readonly string[] = [];
  let size = '';
  return {
    draw: (text) => {
      const lines = fitting(out, text.split('\n').slice(0, -1));
      const before = size;
      size = `${out.columns}x${out.rows}`;
      const isSamePlace = size === before && lines.length === drawn.length;
      const change = isSamePlace
        ? changedLines(drawn, lines)
        : `${upAndClear(drawn.length)}${lines.map(ended).join('')}`;
      if (change !== '') out.write(change);
      drawn = lines;
    },
  };
}

/** How many lines can be drawn over: the cursor stands below them, and what has left the screen at its top stays as it is. */
export function drawableLines({ rows }: Output): number {
  return rows === undefined ? Number.POSITIVE_INFINITY : Math.max(1, rows - 1);
}

/** Lines are cut at the width of the terminal: one that wraps would be two, and too little would be cleared. */
function fitting(out: Output, lines: readonly string[]): readonly string[] {
  const most = drawableLines(out);
  const shown = lines.length <= most ? lines : lines.slice(0, Math.max(1, most - 1));
  const more = shown.length < most && shown.length < lines.length ? [moreLines(lines.length - shown.length)] : [];
  return [...shown, ...more].map((line) => {
    const cut = Array.from(plain(line)).slice(0, Math.max(1, out.columns - 1));
    return withColours(out, cut.join(''));
  });
}

function moreLines(count: number): string {
  return `and ${count} more lines`;
}

const upAndClear = (lines: number): string => (lines === 0 ? '' : `\u001B[${lines}A\u001B[J`);

/** The cursor goes up to each line that differs, and comes back. */
function changedLines(before: readonly string[], after: readonly string[]): string {
  const changes = after.map((line, index) => {
    if (line === before[index]) return '';
    const below = after.length - index - 1;
    return `\u001B[${below + 1}A\u001B[2K${ended(line)}${below === 0 ? '' : `\u001B[${below}B`}`;
  });
  return changes.join('');
}

const ended = (line: string): string => `${line}\n`;
