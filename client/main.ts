import { exitCodes } from './exit-codes.ts';
import { processHost } from './host.ts';
import { runProgram } from './program.ts';

/** Runs the command line of this process and ends it with the exit code of the command. */
export async function main(): Promise<void> {
  process.once('SIGINT', () => process.exit(exitCodes.interrupted));
  // A reader that went away (`lynq get nodes | head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed);
  });
  process.exitCode = await runProgram(process.argv.slice(2), processHost());
  await Promise.all([process.stdout, process.stderr].map(flushed));
  // Everything is closed and printed: a connection that lingers must not keep the command from ending.
  setTimeout(() => process.exit(), 500).unref();
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}
