import { exitCodes } from './exit-codes.ts';
import { isReaderGone, processHost } from './host.ts';
import { runProgram } from './program.ts';

export interface MainOptions {
  /** What people type to get here. */
  readonly name?: string;
  /** Words before those of the command line. */
  readonly before?: readonly string[];
}

/** Runs the command line of this process and ends it with the exit code of the command. */
export async function main({ name, before = [] }: MainOptions = {}): Promise<void> {
  // Remarks of libraries about themselves are for who develops them; Node prints them between the lines of the command.
  process.noDeprecation = (process.env['LYNQ_DEBUG'] ?? '') === '';
  process.once('SIGINT', () => {
    // What a spinner drew has no end of line: the next prompt must not stand behind it.
    if (process.stderr.isTTY) process.stderr.write('\n');
    process.exit(exitCodes.interrupted);
  });
  const reader = new AbortController();
  outlive(process.stdout, () => reader.abort());
  outlive(process.stderr, () => undefined);
  process.exitCode = await runProgram(
    [...before, ...process.argv.slice(2)],
    processHost(reader.signal),
    name === undefined ? {} : { name },
  );
  await Promise.all([process.stdout, process.stderr].map(flushed));
  // Node aborts at its own end when its terminal is gone: it ends as one does that never heeded the signal.
  if (process.exitCode === exitCodes.hungUp) process.kill(process.pid, 'SIGHUP');
  // Everything is closed and printed: a connection that lingers must not keep the command from ending.
  setTimeout(() => process.exit(), 500).unref();
}

/**
 * A reader that went away (`lynq get nodes | head`, a terminal that was closed) is no error: what is printed is lost, what only follows the cluster ends, and everything else comes to
 * its own end and exit code.
 */
function outlive(stream: NodeJS.WriteStream, onGone: () => void): void {
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (!isReaderGone(stream, code)) process.exit(exitCodes.failed);
    onGone();
  });
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
