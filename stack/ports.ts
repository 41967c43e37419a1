import { createServer } from 'node:net';
import { StackError } from './errors.ts';

/** Every port the stack listens on, by name. All on 127.0.0.1. */
export const portNames = [
  'etcd',
  'etcdPeer',
  'apiserver',
  'controllerManager',
  'scheduler',
  'kwok',
  'mariadb',
  'temporal',
  'temporalUi',
] as const;

export type PortName = (typeof portNames)[number];
export type Ports = Readonly<Record<PortName, number>>;

/**
 * Ports are taken from below the range that systems hand out to outgoing connections. A client that keeps dialling a
 * stopped server on such a port could otherwise be given that very port and connect to itself, and the server could not
 * come back.
 */
export const portRange = { from: 20_000, to: 32_767 } as const;

/** True when nothing listens on the port of 127.0.0.1. */
export async function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * Gives every name a port: the recorded one when it is still free, else the next free one from `start` on (wrapping
 * round the range). No two names get the same port.
 */
export async function choosePorts(
  recorded: Partial<Ports>,
  isFree: (port: number) => Promise<boolean>,
  start: number,
): Promise<Ports> {
  const taken = new Set(Object.values(recorded));
  const size = portRange.to - portRange.from + 1;
  let offset = 0;
  const next = async (): Promise<number> => {
    for (; offset < size; ) {
      const port = portRange.from + ((start - portRange.from + offset + size) % size);
      offset += 1;
      if (!taken.has(port) && (await isFree(port))) return port;
    }
    throw new StackError({ kind: 'no-free-port', ...portRange });
  };
  const chosen: Partial<Record<PortName, number>> = {};
  for (const name of portNames) {
    const old = recorded[name];
    chosen[name] = old !== undefined && (await isFree(old)) ? old : await next();
  }
  return chosen as Ports;
}

/** A place in the range to start looking from; `random` is in [0, 1). */
export function randomStart(random: number): number {
  return portRange.from + Math.floor(random * (portRange.to - portRange.from + 1));
}
