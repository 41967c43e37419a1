import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { makeRoom } from '../../../domain/crowd.ts';
import { selfSigned } from '../../../worker/telemetry/certificate.ts';
import { firstLine, rawGet } from '../../support/raw-http.ts';

const most = 3;
const identity = selfSigned(new Date());

/** What a server does whose connections are all taken. */
describe('domain/crowd', () => {
  describe.each([
    ['in the clear', false],
    ['over TLS', true],
  ] as const)('%s', (_, secure) => {
    let server: Server;
    const opened: Socket[] = [];
    const answers = new Set<() => void>();

    /** Reads a request as a whole, but not that for /unread, and answers that for /slow when told to. */
    const handle: RequestListener = (request, response) => {
      if (request.url === '/unread') return void response.end('done');
      request.resume().once('end', () => {
        if (request.url === '/slow') answers.add(() => response.end('done'));
        else response.end('done');
      });
    };
    async function serve(): Promise<number> {
      server = secure ? createSecureServer(identity, handle) : createServer(handle);
      makeRoom(server, most);
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return portOf();
    }
    afterEach(async () => {
      for (const socket of opened.splice(0)) socket.destroy();
      answers.clear();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    const portOf = (): number => (server.address() as AddressInfo).port;

    async function open(handshake = secure): Promise<Socket> {
      const to = { host: '127.0.0.1', port: portOf() };
      const socket = handshake ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
      opened.push(socket);
      socket.on('error', () => undefined);
      await once(socket, handshake ? 'secureConnect' : 'connect');
      return socket;
    }
    /** Sends this and gives the first line of the answer. */
    async function ask(socket: Socket, bytes: string): Promise<string> {
      socket.write(bytes);
      const [said] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
      return said.toString('latin1').split('\r\n', 1)[0] ?? '';
    }
    /** Which of the connections are closed, once the server has had time to. */
    async function closed(sockets: readonly Socket[]): Promise<readonly boolean[]> {
      for (const socket of sockets) socket.resume();
      await pause(100);
      return sockets.map((socket) => socket.closed);
    }
    const ok = 'HTTP/1.1 200 OK';

    it.each([
      ['have said nothing', ''],
      ['do not end the head of their request', 'GET / HTTP/1.1\r\nX-'],
      ['do not end its body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{'],
      ['do not end its chunks', 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n'],
    ])('lets the oldest of those go that %s', async (_why, sent) => {
      const port = await serve();
      const held: Socket[] = [];
      for (let count = 0; count < most; count += 1) {
        const socket = await open();
        if (sent !== '') socket.write(sent);
        held.push(socket);
      }
      await pause(50);

      expect(await firstLine(port, rawGet('/'), secure)).toBe(ok);
      expect(await closed(held)).toEqual([true, false, false]);
    });

    it('lets those go whose body was not read before they were answered', async () => {
      const port = await serve();
      const held: Socket[] = [];
      for (let count = 0; count < most; count += 1) {
        const socket = await open();
        expect(await ask(socket, 'POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}')).toBe(ok);
        held.push(socket);
      }
      await pause(50);

      expect(await firstLine(port, rawGet('/'), secure)).toBe(ok);
      expect(await closed(held)).toEqual([true, false, false]);
    });

    it('lets those go that never began to speak', async () => {
      const port = await serve();
      const held: Socket[] = [];
      for (let count = 0; count < most; count += 1) held.push(await open(false));

      expect(await firstLine(port, rawGet('/'), secure)).toBe(ok);
      expect(await closed(held)).toEqual([true, false, false]);
    });

    it('lets nobody go whose request is being answered, and whoever was answered last goes last', async () => {
      const port = await serve();
      const answered = await open();
      const waiting = await open();
      const silent = await open();
      waiting.write(rawGet('/slow'));
      expect(await ask(answered, rawGet('/'))).toBe(ok);
      await expect.poll(() => answers.size).toBe(1);

      expect(await firstLine(port, rawGet('/'), secure)).toBe(ok);
      expect(await closed([answered, waiting, silent])).toEqual([false, false, true]);
      const line = once(waiting, 'data');
      for (const end of answers) end();
      expect(String((await line)[0])).toContain(ok);
    });

    it('counts no connection that is closed', async () => {
      const port = await serve();
      for (let count = 0; count < 2 * most; count += 1) {
        const socket = await open(count % 2 === 0 && secure);
        socket.destroy();
      }
      await pause(50);
      const held = [await open(), await open()];

      expect(await firstLine(port, rawGet('/'), secure)).toBe(ok);
      expect(await closed(held)).toEqual([false, false]);
    });
  });
});
