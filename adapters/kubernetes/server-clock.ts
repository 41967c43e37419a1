import type { Clock } from '../../domain/ports.ts';

/**
 * The API server's time, from the Date of its answers, carried on by the monotonic clock of this process. What is written to status with it means
 * the same to every worker, and a wrong or jumping clock of this machine makes nothing time out.
 */
export interface ServerClock extends Clock {
  /** Takes in the Date header of an answer that has just arrived. */
  observe(date: string | readonly string[] | undefined): void;
}

export interface ClockSources {
  /** Milliseconds that only ever grow. */
  readonly monotonic: () => number;
  /** Time of this machine, until the server has answered. */
  readonly own: () => Date;
}

const systemSources: ClockSources = { monotonic: () => performance.now(), own: () => new Date() };

/** The header has whole seconds and comes with the delay of the network; servers behind one address differ a little. */
const toleranceMilliseconds = 2_000;
const halfSecond = 500;

export function openServerClock({ monotonic, own }: ClockSources = systemSources): ServerClock {
  let ahead: number | undefined;
  return {
    observe: (date) => {
      const server = typeof date === 'string' ? Date.parse(date) : Number.NaN;
      if (Number.isNaN(server)) return;
      const found = server + halfSecond - monotonic();
      if (ahead === undefined || Math.abs(found - ahead) > toleranceMilliseconds) ahead = found;
    },
    now: () => (ahead === undefined ? own() : new Date(ahead + monotonic())),
  };
}
