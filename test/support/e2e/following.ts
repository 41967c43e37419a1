import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A program that goes on until it has seen enough, or is told to end. */
export interface Following {
  /** What it has printed on standard output so far. */
  readonly output: () => string;
  /** The exit code, when it has ended by itself. */
  readonly ended: Promise<number | null>;
  /** Ctrl-C; the exit code. */
  interrupt(): Promise<number | null>;
}

export function follow(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Following {
  const child = spawn(file, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return {
    output: () => output,
    ended,
    interrupt: () => {
      child.kill('SIGINT');
      return ended;
    },
  };
}
