import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { choosePorts, isPortFree, portNames, portRange, randomStart } from '../../../stack/ports.ts';

const everyPortFree = async (): Promise<boolean> => true;

describe('stack/ports', () => {
  it('gives every name a port of its own from the range', async () => {
    const ports = await choosePorts({}, everyPortFree, 25_000);
    const values = Object.values(ports);
    expect(Object.keys(ports).toSorted()).toEqual([...portNames].toSorted());
    expect(new Set(values).size).toBe(portNames.length);
    expect(Math.min(...values)).toBe(25_000);
  });

  it('keeps recorded ports that are still free and replaces only the others', async () => {
    const recorded = await choosePorts({}, everyPortFree, 25_000);
    const ports = await choosePorts(recorded, async (port) => port !== recorded.apiserver, 25_000);
    expect({ ...ports, apiserver: 0 }).toEqual({ ...recorded, apiserver: 0 });
    expect(ports.apiserver).toBe(25_000 + portNames.length);
  });

  it('wraps round at the end of the range', async () => {
    const ports = await choosePorts({}, everyPortFree, portRange.to);
    expect(ports.etcd).toBe(portRange.to);
    expect(ports.etcdPeer).toBe(portRange.from);
  });

  it('tells when no port is free', async () => {
    await expect(choosePorts({}, async () => false, 25_000)).rejects.toThrow(/No free port on 127\.0\.0\.1/);
  });

  it('starts anywhere in the range and never outside', () => {
    expect(randomStart(0)).toBe(portRange.from);
    expect(randomStart(0.999999999)).toBe(portRange.to);
  });

  it('sees that a port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await isPortFree(port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await isPortFree(port)).toBe(true);
  });
});
