/** What there is of a socket of Node's. */
interface Connection {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly destroyed: boolean;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

interface Request {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket: Connection;
  once(event: 'end', listener: () => void): unknown;
}

interface Response {
  once(event: 'close', listener: () => void): unknown;
}

/** A server of HTTP or HTTPS. */
interface CrowdedServer {
  on(event: 'connection', listener: (socket: Connection) => void): unknown;
  on(event: 'request', listener: (request: Request, response: Response) => void): unknown;
}

/**
 * Lets the next caller in although so many connections are open: the one goes that has asked nothing for the longest time. A server that turned the
 * newest away could be closed to the kubelet, the API server or Prometheus by whoever holds its connections.
 */
export function makeRoom(server: CrowdedServer, most: number): void {
  /** Those that wait for nothing of ours, the oldest first: a request counts once it is there as a whole, or slow ones would hold the server too. */
  const idle = new Set<Connection>();
  const byPeer = new Map<string, Connection>();
  let open = 0;
  server.on('connection', (socket) => {
    const peer = peerOf(socket);
    open += 1;
    idle.add(socket);
    byPeer.set(peer, socket);
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
      if (byPeer.get(peer) === socket) byPeer.delete(peer);
    });
    if (open <= most) return;
    const [oldest] = idle;
    oldest?.destroy();
  });
  server.on('request', (request, response) => {
    // Over TLS the socket of a request is another than that of its connection, known by whom it leads to.
    const socket = byPeer.get(peerOf(request.socket));
    if (socket === undefined) return;
    let isAnswered = false;
    idle.delete(socket);
    if (hasBody(request)) idle.add(socket);
    request.once('end', () => {
      // What nobody read is thrown away after the answer.
      if (!isAnswered) idle.delete(socket);
    });
    response.once('close', () => {
      isAnswered = true;
      idle.delete(socket);
      if (!socket.destroyed) idle.add(socket);
    });
  });
}

const peerOf = ({ remoteAddress, remotePort, localAddress }: Connection): string =>
  [remoteAddress, remotePort, localAddress].join(' ');

/** Whether a request says that it has a body. */
export const hasBody = ({ headers }: Pick<Request, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
