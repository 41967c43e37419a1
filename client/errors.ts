import { isLynqFailure } from '../domain/failures.ts';
import { exitCodeOf, exitCodes, type ExitCode } from './exit-codes.ts';

/** A command cannot do what was asked. `message` says what and where, `fix` what to do; both are shown as they are. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  readonly fix: string | undefined;

  constructor(message: string, options: { readonly fix?: string; readonly exitCode?: ExitCode } = {}) {
    super(message);
    this.name = 'CommandError';
    this.exitCode = options.exitCode ?? exitCodes.failed;
    this.fix = options.fix;
  }
}

/** The command line is wrong. */
export function usageError(message: string, fix?: string): CommandError {
  return new CommandError(message, { exitCode: exitCodes.usage, ...(fix === undefined ? {} : { fix }) });
}

export interface ErrorText {
  readonly text: string;
  readonly exitCode: ExitCode;
}

/** What to print for anything a command threw. A stack only where somebody looks for a bug of ours (`LYNQ_DEBUG`). */
export function describeError(error: unknown, debug: boolean): ErrorText {
  if (error instanceof CommandError) {
    const fix = error.fix === undefined ? '' : `\n  ${error.fix}`;
    return { text: `Error: ${error.message}${fix}\n`, exitCode: error.exitCode };
  }
  if (isLynqFailure(error)) return { text: `Error: ${error.message}\n`, exitCode: exitCodeOf(error.type) };
  const message = error instanceof Error ? error.message : String(error);
  const stack = debug && error instanceof Error ? `\n${error.stack ?? ''}` : '';
  const advice = '\n  This is unexpected; run again with LYNQ_DEBUG=1 for the details of a report.';
  return { text: `Error: ${message}${debug ? stack : advice}\n`, exitCode: exitCodes.failed };
}
