import dns from 'node:dns';
import { existsSync, readFileSync } from 'node:fs';

/** What a worker process takes from its environment to see its machine otherwise than it is. */
export const disturbances = {
  /** File with the milliseconds that its clock is ahead; it may change at any time. */
  clock: 'LYNQ_FAULT_CLOCK',
  /** While this file exists no name is resolved. */
  names: 'LYNQ_FAULT_NAMES',
  /** `next` or `broken`: its workflows are those of another version. */
  version: 'LYNQ_FAULT_VERSION',
  /** How long a run waits for the worker that has it in memory, e.g. `10s`; a second otherwise, so that a killed one is noticed soon. */
  sticky: 'LYNQ_FAULT_STICKY',
} as const;

const lookEveryMs = 100;

/** Modules with what the workflows of another version do otherwise, relative to this folder. */
export function otherVersion(version: string | undefined): readonly string[] {
  if (version === undefined) return [];
  if (version !== 'next' && version !== 'broken') throw new Error(`there is no version ${version}`);
  return [`./workflow-${version}.ts`];
}

export const stickyTime = (text = '1s'): `${number}s` => {
  const seconds = Number(/^(\d+)s$/.exec(text)?.[1]);
  if (!Number.isInteger(seconds)) throw new Error(`${text} is no number of seconds`);
  return `${seconds}s`;
};

export function disturb(env: Readonly<Record<string, string | undefined>>): void {
  const [clock, names] = [env[disturbances.clock], env[disturbances.names]];
  if (clock !== undefined) shiftClock(clock);
  if (names !== undefined) loseNames(names);
}

/**
 * Everything in JavaScript gets its time here. Temporal's native part keeps the machine's; servers written in Go cannot be given another clock without
 * changing that of the whole machine.
 */
function shiftClock(file: string): void {
  const RealDate = globalThis.Date;
  let ahead = 0;
  const look = (): void => {
    ahead = existsSync(file) ? Number(readFileSync(file, 'utf8')) || 0 : 0;
  };
  look();
  setInterval(look, lookEveryMs).unref();
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: [], newTarget) =>
      args.length === 0
        ? (Reflect.construct(target, [RealDate.now() + ahead], newTarget) as object)
        : (Reflect.construct(target, args, newTarget) as object),
    apply: () => new RealDate(RealDate.now() + ahead).toString(),
    get: (target, name, receiver) =>
      name === 'now' ? () => RealDate.now() + ahead : (Reflect.get(target, name, receiver) as unknown),
  });
}

function loseNames(file: string): void {
  const real = dns.lookup;
  const lookup = (...args: readonly unknown[]): void => {
    if (!existsSync(file)) {
      (real as (...all: readonly unknown[]) => void)(...args);
      return;
    }
    const answer = args.at(-1) as (error: Error) => void;
    const error = Object.assign(new Error(`getaddrinfo EAI_AGAIN ${String(args[0])}`), { code: 'EAI_AGAIN' });
    setImmediate(() => answer(error));
  };
  dns.lookup = lookup as typeof dns.lookup;
}
