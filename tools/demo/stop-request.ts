import { Interrupted } from './failure.ts';
import type { Printer } from './printer.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Turns the first Ctrl-C, SIGTERM or hang-up into an abort, so that everything is stopped in order. Later ones change nothing. */
export function onStopRequest(printer: Printer): AbortController {
  const stop = new AbortController();
  for (const name of signals) {
    process.on(name, () => {
      if (stop.signal.aborted) return;
      printer.line(`${name}: stopping`);
      stop.abort(new Interrupted());
    });
  }
  return stop;
}
