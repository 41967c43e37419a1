import { cpuUsage } from 'node:process';

/** Where a work clock reads: both in milliseconds, monotonic. */
export interface Readings {
  readonly wall: () => number;
  /** Processor time of the whole process, all its threads together. */
  readonly processor: () => number;
}

const system: Readings = {
  wall: () => performance.now(),
  processor: () => {
    const { user, system: kernel } = cpuUsage();
    return (user + kernel) / 1_000;
  },
};

/** A step of the wall clock below this is taken as work without asking for the processor time, which costs a system call. */
const glanceMs = 1;

/**
 * A clock of milliseconds that stands still while the process gets no processor, so that a limit of time means work and not how busy the machine is.
 * Each step is the smaller one of wall clock and processor time: other threads of the process can make it go, but never faster than the wall clock.
 */
export function workClock({ wall, processor }: Readings = system): () => number {
  let worked = 0;
  let wallAt = wall();
  let processorAt = processor();
  let glanced = 0;
  return () => {
    const now = wall();
    const passed = now - wallAt;
    wallAt = now;
    if (passed < glanceMs) {
      glanced += passed;
      worked += passed;
      return worked;
    }
    const used = processor();
    worked += Math.min(passed, Math.max(0, used - processorAt - glanced));
    processorAt = used;
    glanced = 0;
    return worked;
  };
}
