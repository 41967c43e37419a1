import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openPostgresRowSource } from '../../adapters/postgres/index.ts';
import { aRequest } from './row-source.contract.ts';

/** A PostgreSQL server that sends more than it was asked for: it cannot fill the memory. What else such servers do is in faults/database/postgres. */
describe('adapters/postgres with a server that lies', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  const message = (type: string, payload: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeInt32BE(payload.length + 4, 1);
    return Buffer.concat([head, payload]);
  };
  const int16 = (value: number): Buffer => Buffer.from([value >> 8, value % 256]);
  const int32 = (value: number): Buffer => Buffer.concat([int16(value >> 16), int16(value % 65_536)]);
  const columns = (count: number): Buffer => {
    const one = Buffer.concat([Buffer.from('c\0'), int32(0), int16(0), int32(25), int16(0), int32(0), int16(0)]);
    return message('T', Buffer.concat([int16(count), ...Array.from({ length: count }, () => one)]));
  };
  const row = (...cells: readonly string[]): Buffer =>
    message(
      'D',
      Buffer.concat([int16(cells.length), ...cells.flatMap((text) => [int32(text.length), Buffer.from(text)])]),
    );
  const complete = message('C', Buffer.from('SELECT 1\0'));
  const ready = message('Z', Buffer.from('I'));
  const many = (count: number, bytes: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => bytes));

  /** What an honest server with one row `acme, 1` answers. */
  function honest(sql: string): Buffer {
    if (!sql.startsWith('SELECT')) return Buffer.concat([complete, ready]);
    const cells = sql.startsWith('SELECT "') ? ['acme', '1'] : ['1'];
    return Buffer.concat([columns(cells.length), row(...cells), complete, ready]);
  }

  async function openServer(answer: (sql: string) => Buffer): Promise<{ port: number; server: Server }> {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      socket.on('data', (data) => {
        // A query, or the start: statements of the tests fit into one chunk.
        if (data[0] === 'Q'.charCodeAt(0)) socket.write(answer(data.subarray(5, -1).toString('utf8')));
        else if (data[0] === 0) socket.write(Buffer.concat([message('R', int32(0)), ready]));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, server };
  }

  async function readFrom(answer: (sql: string) => Buffer): Promise<unknown> {
    const { port } = await openServer(answer);
    const logger = { info() {}, warn() {}, error() {} };
    const source = openPostgresRowSource({ logger, connectTimeoutMs: 2_000, statementTimeoutMs: 5_000 });
    closing.push(() => void source.close());
    const place = { host: '127.0.0.1', port, username: 'reader', database: 'nodes_db' };
    return source
      .read(aRequest({ type: 'postgres', place, password: 'canary' }), () => undefined)
      .catch((error: unknown) => error);
  }

  const lying = (start: string, answer: Buffer) => (sql: string) => (sql.startsWith(start) ? answer : honest(sql));

  it('is proven by an honest server', async () => {
    expect(await readFrom(honest)).toMatchObject({ rows: 1 });
  });

  it.each([
    [
      'rows without end to a question about itself',
      lying('SELECT pg_catalog.set_config', Buffer.concat([columns(1), many(100_000, row('x')), complete, ready])),
    ],
    [
      'many large rows to a question about itself',
      lying(
        'SELECT pg_catalog.set_config',
        Buffer.concat([columns(1), many(40, row('x'.repeat(2 ** 20))), complete, ready]),
      ),
    ],
    [
      'more columns than a question has',
      lying('SELECT pg_catalog.count', Buffer.concat([columns(1_000), complete, ready])),
    ],
    ['columns without end', lying('SELECT "', Buffer.concat([columns(30_000), complete, ready]))],
    ['results without end', lying('BEGIN', Buffer.concat([many(100, complete), ready]))],
    [
      'rows and results without end',
      lying('SELECT "', Buffer.concat([columns(2), many(100, Buffer.concat([row('acme', '1'), complete])), ready])),
    ],
  ])('hangs up on a server that answers with %s', async (_name, answer) => {
    expect(await readFrom(answer)).toMatchObject({ type: 'SourceShapeWrong', detail: { error: 'SESSION_TOO_MUCH' } });
  });
});
