import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy before a database, to break connections where a test wants it. */
export interface TcpProxy {
  readonly port: number;
  /** Breaks all connections at once. */
  cut(): void;
  /** From now on each new connection carries so many bytes from the server and then breaks, or falls silent. */
  limit(bytes: number, ending: 'break' | 'silence'): void;
  /** Sends new connections elsewhere, as a failover does, and breaks those that are open. */
  retarget(port: number): void;
  /** Bytes that the newest connection has carried from the server. */
  carried(): number;
  /** Connections that are open at the client's end. */
  open(): number;
  /** Connections that came to a limit: as many as the fault has hit. */
  stopped(): number;
  close(): Promise<void>;
}

export async function openTcpProxy(host: string, port: number): Promise<TcpProxy> {
  let target = port;
  const pairs = new Set<readonly [Socket, Socket]>();
  let allowed = Number.POSITIVE_INFINITY;
  let ending: 'break' | 'silence' = 'break';
  let carried = 0;
  let stopped = 0;

  const server = createServer((client) => {
    const upstream = connect(target, host);
    const pair = [client, upstream] as const;
    let left = allowed;
    carried = 0;
    pairs.add(pair);
    let isStopped = false;
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    client.on('data', (data) => upstream.write(data));
    upstream.on('data', (data) => {
      const passed = data.subarray(0, left);
      left -= passed.length;
      carried += passed.length;
      if (passed.length > 0 && !client.write(passed)) {
        upstream.pause();
        client.once('drain', () => upstream.resume());
      }
      if (left > 0) return;
      if (!isStopped) stopped += 1;
      isStopped = true;
      if (ending === 'break') client.end(end);
    });
  });

  function cut(): void {
    for (const [client, upstream] of pairs) {
      client.resetAndDestroy();
      upstream.destroy();
    }
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    retarget(changed) {
      target = changed;
      cut();
    },
    limit(bytes, how) {
      allowed = bytes;
      ending = how;
    },
    carried: () => carried,
    open: () => pairs.size,
    stopped: () => stopped,
    close: () =>
      new Promise((resolve) => {
        for (const pair of pairs) for (const socket of pair) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
