import { progressLine, type OnProgress } from '../../stack/index.ts';
import { seconds } from './text.ts';

/** Where the printer writes: a terminal or a file. */
export interface Screen {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

/** The story on the screen, every line with the time since the start. */
export interface Printer {
  heading(text: string): void;
  /** One thing that happened. */
  line(text: string): void;
  /** Output of a command or a list, indented, without a time. */
  block(lines: readonly string[]): void;
  command(text: string): void;
  /** What is being waited for: one line written over again on a terminal, else a line every few seconds. */
  waiting(text: string): void;
  stackProgress: OnProgress;
}

export interface PrinterOptions {
  readonly screen: Screen;
  readonly colour: boolean;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

const quietMs = 3_000;
const styles = { bold: '1', dim: '2', cyan: '36' } as const;

/** Colour only on a terminal and only when NO_COLOR is not set (https://no-color.org: set and not empty). */
export function wantsColour(screen: Screen, environment: Readonly<Record<string, string | undefined>>): boolean {
  return screen.isTTY === true && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
}

export function makePrinter({ screen, colour, now }: PrinterOptions): Printer {
  const startedAt = now();
  const terminal = screen.isTTY === true;
  let pending = false;
  let lastWaiting = startedAt;
  const paint = (style: keyof typeof styles, text: string): string =>
    colour ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
  const put = (text: string): void => {
    screen.write(`${pending ? '\r\u001b[2K' : ''}${text}\n`);
    pending = false;
    lastWaiting = now();
  };
  const stamp = (): string => paint('dim', seconds(now() - startedAt).padStart(8));
  const changing = (text: string): void => {
    const line = `${seconds(now() - startedAt).padStart(8)}  ... ${text}`;
    screen.write(`\r\u001b[2K${paint('dim', line.slice(0, (screen.columns || 80) - 1))}`);
    pending = true;
  };
  const line = (text: string): void => put(`${stamp()}  ${text}`);
  return {
    heading: (text) => put(`\n${paint('bold', `== ${text}`)}`),
    line,
    block: (lines) => {
      for (const text of lines) put(text === '' ? '' : `            ${text}`);
    },
    command: (text) => line(paint('cyan', `$ ${text}`)),
    waiting(text) {
      if (terminal) changing(text);
      else if (now() - lastWaiting >= quietMs) line(`... ${text}`);
    },
    stackProgress(progress) {
      if (terminal && progress.kind !== 'finished') changing(progressLine(progress));
      else line(progressLine(progress));
    },
  };
}
