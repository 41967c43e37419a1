import type { Context, Output } from '../context.ts';
import { plain } from './table.ts';

/** What is being waited for, on standard error: a spinner on a terminal, a line now and then elsewhere (CI logs). */
export interface Progress {
  /** The state of affairs in one line; the same text again shows nothing new. */
  say(text: string): void;
  /** Does something that prints on the same terminal, with the spinner out of the way. */
  beside(print: () => void): void;
  /** Takes the spinner off; elsewhere the last state is printed if it was not. */
  end(): void;
}

/** A context whose outputs leave the progress alone. */
export function besideProgress(context: Context, progress: Progress): Context {
  const beside = (output: Output): Output => ({
    ...output,
    write: (text) => progress.beside(() => output.write(text)),
  });
  return { ...context, out: beside(context.out), err: beside(context.err) };
}

/** Works through many things and tells how many are done. One alone needs no counts. */
export async function withCounts<T>(
  context: Context,
  { total, text }: { readonly total: number; readonly text: (done: number) => string },
  work: (context: Context, done: (count: number) => void) => Promise<T>,
): Promise<T> {
  if (total < 2) return work(context, () => undefined);
  const progress = startProgress(context);
  progress.say(text(0));
  try {
    return await work(besideProgress(context, progress), (count) => progress.say(text(count)));
  } finally {
    progress.end();
  }
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const frameMilliseconds = 120;
/** Between two lines of a log; what changes faster is not worth one each. */
const quietMilliseconds = 3_000;
const clearLine = '\r\u001B[2K';

export function startProgress({ err, clock }: Pick<Context, 'err' | 'clock'>): Progress {
  return err.isTerminal ? spinner(err) : lines(err, () => clock.now().getTime());
}

function spinner(err: Output): Progress {
  let text = '';
  let frame = 0;
  const draw = (): void => {
    if (text === '') return;
    const line = `${frames[frame % frames.length]} ${plain(text)}`;
    err.write(
      `${clearLine}${Array.from(line)
        .slice(0, err.columns - 1)
        .join('')}`,
    );
    frame += 1;
  };
  const timer = setInterval(draw, frameMilliseconds);
  timer.unref();
  return {
    say: (said) => {
      text = said;
      draw();
    },
    beside: (print) => {
      if (text !== '') err.write(clearLine);
      print();
      draw();
    },
    end: () => {
      clearInterval(timer);
      if (text !== '') err.write(clearLine);
    },
  };
}

function lines(err: Output, now: () => number): Progress {
  let printed = '';
  let last = '';
  let at = Number.NEGATIVE_INFINITY;
  const print = (): void => {
    if (last === printed) return;
    err.write(`${plain(last)}\n`);
    printed = last;
    at = now();
  };
  return {
    say: (said) => {
      last = said;
      if (now() - at >= quietMilliseconds) print();
    },
    beside: (told) => told(),
    end: print,
  };
}
