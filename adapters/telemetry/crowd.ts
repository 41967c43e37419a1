import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Lets the next caller in although so many connections are open: the one goes that has asked nothing for the longest time. A server that turned the
 * newest away could be closed to the kubelet by whoever holds its connections, and then the pod is started anew.
 */
export function makeRoom(server: Server, most: number): void {
  const idle = new Set<Socket>();
  let open = 0;
  server.on('connection', (socket) => {
    open += 1;
    idle.add(socket);
    socket.once('close', () => {
      open -= 1;
      idle.delete(socket);
    });
    if (open <= most) return;
    const [oldest] = idle;
    oldest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}
