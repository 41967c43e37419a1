import type { Output } from '../context.ts';
import { withColours } from './colour.ts';
import { plain } from './table.ts';

/** A text that is drawn over again where it stands; on anything but a terminal each new one is printed below the last. */
export interface Live {
  /** `key`: what of the text is worth another print in a log; the same key again prints nothing there. */
  draw(text: string, key?: string): void;
}

export function liveOutput(out: Output): Live {
  return out.isTerminal ? overDrawn(out) : printed(out);
}

function printed(out: Output): Live {
  let last: string | undefined;
  return {
    draw: (text, key = text) => {
      if (key !== last) out.write(text);
      last = key;
    },
  };
}

const upAndClear = (lines: number): string => (lines === 0 ? '' : `\u001B[${lines}A\u001B[J`);

/** Lines are cut at the width of the terminal: one that wraps would be two, and too little would be cleared. */
function overDrawn(out: Output): Live {
  let drawn = 0;
  return {
    draw: (text) => {
      const lines = text.split('\n').slice(0, -1);
      const cut = lines.map((line) =>
        Array.from(plain(line))
          .slice(0, Math.max(1, out.columns - 1))
          .join(''),
      );
      const shown = withColours(out, cut.map((line) => `${line}\n`).join(''));
      out.write(`${upAndClear(drawn)}${shown}`);
      drawn = cut.length;
    },
  };
}
