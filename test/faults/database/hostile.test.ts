import { deflateSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { openMySqlRowSource } from '../../../adapters/mysql/index.ts';
import type { RowSource } from '../../../domain/ports.ts';
import { aRequest } from '../../contract/row-source.contract.ts';
import {
  type Answer,
  endOfRows,
  type FakeBehaviour,
  type FakeServer,
  greeting,
  honest,
  okPayload,
  openFakeServer,
  packet,
  resultBytes,
} from '../../contract/row-source.fake-server.ts';
import { silentLogger } from '../../contract/row-source.server.ts';
import { testAuthority } from '../../support/certificates.ts';

/** Servers that want what they must not have, and how an account of MySQL's own method logs in. */
describe('faults/database/hostile', () => {
  const authority = testAuthority('authority of the test');
  const certificate = authority.issue(['db.test']);
  const fakes: FakeServer[] = [];
  const opened: RowSource[] = [];

  afterEach(async () => {
    for (const source of opened.splice(0)) await source.close();
    for (const fake of fakes.splice(0)) await fake.close();
  });

  interface Read {
    readonly fake: FakeServer;
    readonly outcome: unknown;
    readonly grownMiB: number;
  }

  /** One read of such a server, with a `tls` block where there is an authority to trust. */
  async function read(behaviour: FakeBehaviour, ca?: string): Promise<Read> {
    const fake = await openFakeServer(behaviour);
    fakes.push(fake);
    const source = openMySqlRowSource({ logger: silentLogger, connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 });
    opened.push(source);
    const place = { host: '127.0.0.1', port: fake.port, username: 'reader', database: 'nodes_db' };
    const block = ca === undefined ? {} : { tls: { serverName: 'db.test', caRef: { name: 's', key: 'ca' } } };
    const request = aRequest({ place, password: 'password-canary' }, { block });
    const before = process.memoryUsage().rss;
    const outcome = await source
      .read({ ...request, ...(ca === undefined ? {} : { tls: { ca } }) }, () => undefined)
      .catch((error: unknown) => error);
    return { fake, outcome, grownMiB: (process.memoryUsage().rss - before) / 1024 / 1024 };
  }

  const instead = (answer: Answer): FakeBehaviour => ({
    answer: (sql) => (sql.startsWith('SELECT `') ? answer : honest(sql)),
  });
  const rowsHead = (): Buffer => {
    const head = resultBytes({ columns: 2, rows: [] });
    return head.subarray(0, head.length - endOfRows.length);
  };
  const text = (value: string): Buffer => Buffer.from(value, 'latin1');

  /** 1 GiB of one character in packets of the compressed protocol. */
  function bomb(): Buffer {
    const content = 2 ** 24 - 1;
    const squeezed = deflateSync(Buffer.alloc(content, 'x'));
    const frames = Array.from({ length: 64 }, (_, sequence) => {
      const header = Buffer.alloc(7);
      header.writeUIntLE(squeezed.length, 0, 3);
      header[3] = sequence;
      header.writeUIntLE(content, 4, 3);
      return Buffer.concat([header, squeezed]);
    });
    return Buffer.concat(frames);
  }

  test('M28 a hostile server gets no file and no password, and cannot fill the memory', async () => {
    const flood = packet(5, Buffer.alloc(2 ** 24 - 1, 'x'));
    const gibibyte = Buffer.from([0xfe, 0, 0, 0, 0x40, 0, 0, 0, 0]);
    const [asked, atLogin] = [true, false];
    const compression = greeting('8.0.36', { compression: true });
    const lies: Readonly<Record<string, readonly [FakeBehaviour, boolean, string]>> = {
      'wants a file': [instead({ bytes: packet(1, text('\u00fb/etc/passwd')) }), asked, 'SESSION_OVERTIME'],
      'wants the password in clear': [
        { login: packet(2, text('\u00femysql_clear_password\0salt')) },
        atLogin,
        'MYSQL_CLEAR_PASSWORD_NOT_ENABLED',
      ],
      'sends a row without end': [instead({ bytes: rowsHead(), flood }), asked, 'SESSION_ROW_TOO_LARGE'],
      'announces a value of 1 GiB': [
        instead({ bytes: Buffer.concat([rowsHead(), packet(5, gibibyte)]) }),
        asked,
        'unknown',
      ],
      'announces a packet and sends nothing of it': [
        instead({ bytes: Buffer.from([0xff, 0xff, 0xff, 1]) }),
        asked,
        'SESSION_OVERTIME',
      ],
      'compresses 1 GiB': [{ greeting: compression, ...instead({ bytes: bomb() }) }, asked, 'SESSION_OUT_OF_ORDER'],
      'compresses 1 GiB in place of a login': [
        { greeting: compression, login: bomb() },
        atLogin,
        'SESSION_OUT_OF_ORDER',
      ],
    };
    for (const [name, [behaviour, when, error]] of Object.entries(lies)) {
      const { fake, outcome, grownMiB } = await read(behaviour);
      // The flags of the login say what the client understands: nothing is compressed, and no file is given.
      expect((fake.received()[4] ?? 0) & (0x20 | 0x80), name).toBe(0);
      // The lie was told: the table was asked for, or the login was there and nothing was asked.
      expect(
        fake.statements.some((sql) => sql.startsWith('SELECT `')),
        name,
      ).toBe(when);
      expect(fake.received().includes('reader'), name).toBe(true);
      expect(fake.received().includes('password-canary'), name).toBe(false);
      expect(fake.received().includes('root:'), name).toBe(false);
      expect(grownMiB, name).toBeLessThan(256);
      expect(outcome, name).toMatchObject({ name: 'LynqFailure', detail: { error } });
    }
  });

  const tls = { tls: certificate, greeting: greeting('8.0.36', { method: 'caching_sha2_password', tls: true }) };
  const fullLogin = packet(3, Buffer.from([1, 4]));
  /** What mysql2 sends to be given the server's key. */
  const keyRequest = packet(4, Buffer.from([2]));

  test('M28 a password goes to a server of MySQL whole only within verified TLS, and no key is asked for there', async () => {
    const login = [fullLogin, packet(5, okPayload)];
    const { fake, outcome } = await read({ ...tls, login }, authority.cert);

    expect(outcome).toMatchObject({ rows: 1, insecure: false });
    expect(fake.received().includes('password-canary\0')).toBe(true);
    expect(fake.received().includes(keyRequest)).toBe(false);
  });

  test.each([
    ['is not trusted', { ...tls, login: [fullLogin, packet(5, okPayload)] }, testAuthority('another').cert],
    ['wants it by the method for clear text', { ...tls, login: packet(3, text('\u00femysql_clear_password\0')) }],
    ['sends a key that nobody asked for', { ...tls, login: packet(3, text('\u0001-----BEGIN PUBLIC KEY-----\n')) }],
    ['does not speak TLS', { greeting: greeting('8.0.36', { method: 'caching_sha2_password' }) }],
  ])(
    'M28 a server that %s gets no password of a hub with a tls block',
    async (_words, behaviour, ca = authority.cert) => {
      const { fake, outcome } = await read(behaviour, ca);

      expect(outcome).toMatchObject({ type: 'SourceDenied' });
      expect(fake.received().includes('password-canary')).toBe(false);
      expect(fake.received().includes(keyRequest)).toBe(false);
      expect(fake.statements).toEqual([]);
    },
  );
});
