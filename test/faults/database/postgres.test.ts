import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RowSource, TlsMaterial } from '../../../domain/ports.ts';
import { aRequest } from '../../contract/row-source.contract.ts';
import { flood } from '../../contract/row-source.fake-server.ts';
import {
  openPostgresServer,
  openPostgresSource,
  openPostgresWorld,
  type PostgresServer,
  type PostgresWorld,
} from '../../contract/row-source.postgres.server.ts';
import { testAuthority } from '../../support/certificates.ts';

/** What the MySQL source withstands, the PostgreSQL source does: untrusted servers and servers that lie. */
describe('faults/database/postgres', () => {
  const authority = testAuthority('authority of the test');
  const issued = authority.issue(['db.test']);
  let server: PostgresServer;
  let world: PostgresWorld;
  const closing: (() => void)[] = [];

  beforeAll(async () => {
    server = await openPostgresServer({ tls: { cert: `${issued.cert}${authority.cert}`, key: issued.key } });
    world = await openPostgresWorld(server);
    await world.putTable('lynq_contract', 'nodes', ['node_id', 'is_active'], [['acme', '1']]);
  }, 600_000);
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });
  afterAll(async () => {
    await world?.close();
    await server?.close();
  });

  async function read(
    tls: { readonly serverName?: string } | undefined,
    material: TlsMaterial = { ca: authority.cert },
    port?: number,
  ): Promise<unknown> {
    const source: RowSource = openPostgresSource({ connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 });
    const block = { ...(tls === undefined ? {} : { tls }), ...(port === undefined ? {} : { port }) };
    const password = port === undefined ? world.password : 'password-canary';
    try {
      return await source.read({ ...aRequest(world, { block, password }), tls: material }, () => undefined);
    } catch (error) {
      return error;
    } finally {
      await source.close();
    }
  }

  test('M27 a verified PostgreSQL server is read, encrypted, with TLS 1.2 or newer', async () => {
    const source = openPostgresSource();
    const tls = { serverName: 'db.test' };
    const proof = await source.read(
      { ...aRequest(world, { block: { tls } }), tls: { ca: authority.cert } },
      () => undefined,
    );
    const versions = await server.sql(
      "SELECT s.version FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename = 'lynq_reader' AND s.ssl",
    );
    await source.close();

    expect(proof).toMatchObject({ rows: 1, insecure: false });
    expect(versions).toEqual([[expect.stringMatching(/^TLSv1\.[23]$/)]]);
  });

  test.each([
    ['is for another name', { serverName: 'other.test' }, { ca: authority.cert }],
    ['is signed by nobody we know', { serverName: 'db.test' }, { ca: testAuthority('another').cert }],
    ['is signed by nobody we know', { serverName: 'db.test' }, {}],
  ])('M27 a PostgreSQL certificate that %s is refused', async (words, tls, material) => {
    expect(await read(tls, material)).toMatchObject({ type: 'SourceDenied', message: expect.stringContaining(words) });
  });

  /** What comes again and again behind an answer. */
  interface WithoutEnd {
    readonly bytes: Buffer;
    readonly flood: Buffer;
  }

  /** A server that answers every message with these bytes, one after the other. */
  async function fake(
    ...answers: readonly (Buffer | WithoutEnd)[]
  ): Promise<{ port: number; received: () => Buffer; connections: () => number }> {
    const chunks: Buffer[] = [];
    const sockets = new Set<Socket>();
    const listening = createServer((socket) => {
      let next = 0;
      sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => sockets.delete(socket))
        .on('data', (data) => {
          chunks.push(data);
          const answer = answers[next];
          next += 1;
          if (answer === undefined) return;
          socket.write('bytes' in answer ? answer.bytes : answer);
          if ('flood' in answer) flood(socket, answer.flood);
        });
    });
    await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      listening.close();
    });
    const address = listening.address();
    return {
      port: typeof address === 'object' && address !== null ? address.port : 0,
      received: () => Buffer.concat(chunks),
      connections: () => sockets.size,
    };
  }

  const message = (type: string, payload: Buffer): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeInt32BE(payload.length + 4, 1);
    return Buffer.concat([head, payload]);
  };
  const authentication = (kind: number): Buffer => message('R', Buffer.from([0, 0, 0, kind]));

  test('M27 a PostgreSQL server without TLS gets nothing but the question for it', async () => {
    const plain = await fake(Buffer.from('N'));

    expect(await read({ serverName: 'db.test' }, {}, plain.port)).toMatchObject({
      type: 'SourceDenied',
      message: expect.stringContaining('does not speak TLS'),
    });
    expect(plain.received()).toHaveLength(8);
  });

  test('M28 a PostgreSQL server that asks for the password in clear does not get it', async () => {
    const asking = await fake(authentication(3));

    expect(await read(undefined, {}, asking.port)).toMatchObject({
      type: 'SourceDenied',
      message: expect.stringContaining('in clear'),
    });
    expect(asking.received().includes('password-canary')).toBe(false);
  });

  test('M28 a PostgreSQL server that sends without end cannot fill the memory', async () => {
    const head = Buffer.alloc(5);
    head.write('D', 'latin1');
    head.writeInt32BE(2 ** 30, 1);
    const endless = await fake(Buffer.concat([authentication(0), message('Z', Buffer.from('I'))]), {
      bytes: head,
      flood: Buffer.alloc(2 ** 24),
    });
    const before = process.memoryUsage().rss;

    const outcome = await read(undefined, {}, endless.port);
    expect((process.memoryUsage().rss - before) / 1024 / 1024).toBeLessThan(256);
    expect(outcome).toMatchObject({ name: 'LynqFailure', detail: { error: 'SESSION_TOO_MUCH' } });
    await expect.poll(endless.connections).toBe(0);
  });

  test.each([
    ['an unknown message', message('!', Buffer.from('x'))],
    ['a message that is cut short', message('T', Buffer.from([0, 9, 1]))],
    ['an unknown authentication', authentication(99)],
    ['an error', message('E', Buffer.from('SFATAL\0C53300\0Mcanary\0\0'))],
    ['no protocol at all', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    [
      'rows that nobody asked for',
      Buffer.concat([authentication(0), message('D', Buffer.from([0, 1, 0, 0, 0, 1, 65]))]),
    ],
  ])('M28 a PostgreSQL server that answers with %s is a failed read and nothing else', async (_name, bytes) => {
    const lying = await fake(bytes);
    const outcome = await read(undefined, {}, lying.port);

    expect(outcome).toMatchObject({ name: 'LynqFailure', type: expect.stringMatching(/^Source/) });
    expect(String(outcome)).not.toContain('canary');
  });
});
