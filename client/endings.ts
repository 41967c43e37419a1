import { CommandError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';

/** What asks a command to end, each with the exit code that says so: 128 and the number of the signal. */
const endings = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: exitCodes.hungUp,
} as const;
type Ending = keyof typeof endings;

const isEnding = (reason: unknown): reason is Ending => typeof reason === 'string' && reason in endings;

/** What work throws that was told to end, in the words of `heedEnding`'s signal. */
export function endedBy({ reason }: AbortSignal): CommandError {
  const ending = isEnding(reason) ? reason : 'SIGINT';
  const message = ending === 'SIGINT' ? 'interrupted' : `ended by ${ending}`;
  return new CommandError(message, { exitCode: endings[ending] });
}

/**
 * Work that is told to end and does so in good order. The reason of the signal it gets is the name of what came first.
 *
 * After that the usual listener of Ctrl-C is back, which ends the process. SIGTERM and SIGHUP never do: the kernel and the shell both tell that a terminal was
 * closed, timeout(1) tells the process and its group, and who means it sends SIGKILL.
 */
export async function heedEnding<T>(work: (interrupted: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const usual = process.rawListeners('SIGINT') as NodeJS.SignalsListener[];
  let isOurs = true;
  const restoreCtrlC = (): void => {
    if (!isOurs) return;
    isOurs = false;
    process.off('SIGINT', end);
    for (const listener of usual) process.on('SIGINT', listener);
  };
  const end = (ending: NodeJS.Signals): void => {
    restoreCtrlC();
    controller.abort(ending);
  };
  for (const listener of usual) process.off('SIGINT', listener);
  for (const ending of Object.keys(endings) as Ending[]) process.on(ending, end);
  try {
    return await work(controller.signal);
  } finally {
    restoreCtrlC();
    for (const ending of ['SIGTERM', 'SIGHUP'] as const) process.off(ending, end);
  }
}
