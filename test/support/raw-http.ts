import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

export const rawGet = (target: string): string => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

/** What a client of ours would never send: no URLs, no path of any server, no HTTP. */
export const hostileRequests = [
  rawGet('//'),
  rawGet('//?verbose'),
  rawGet('http://['),
  rawGet('http://[/healthz?verbose'),
  rawGet('*'),
  rawGet('/%'),
  rawGet('/__proto__'),
  'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'POST // HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n',
  'POST http://[ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n',
  'no http\r\n\r\n',
] as const;

/** The first line of what a server of this machine says to these bytes. */
export async function firstLine(port: number, bytes: string, secure = false): Promise<string> {
  const to = { host: '127.0.0.1', port };
  const socket = secure ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
  try {
    await once(socket, secure ? 'secureConnect' : 'connect');
    socket.write(bytes);
    const [said] = (await once(socket, 'data', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
    return said.toString('latin1').split('\r\n', 1)[0] ?? '';
  } finally {
    socket.destroy();
  }
}
