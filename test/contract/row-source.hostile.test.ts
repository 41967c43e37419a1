import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openMySqlRowSource } from '../../adapters/mysql/index.ts';
import type { RowSource } from '../../domain/ports.ts';
import { aRequest } from './row-source.contract.ts';
import {
  type Answer,
  endOfRows,
  errorPayload,
  type FakeBehaviour,
  type FakeServer,
  greeting,
  honest,
  okWithMore,
  openFakeServer,
  packet,
  resultBytes,
} from './row-source.fake-server.ts';

/** Servers that lie, and MySQL 8 where it differs from MariaDB. Whatever they send, the answer is a LynqFailure and never a proof. */
describe('adapters/mysql with a server that lies', () => {
  const servers: FakeServer[] = [];
  const sources: RowSource[] = [];

  afterEach(async () => {
    for (const source of sources.splice(0)) await source.close();
    for (const server of servers.splice(0)) await server.close();
  });

  function openSource(statementTimeoutMs = 200, connectTimeoutMs = 300): RowSource {
    const logger = { info() {}, warn() {}, error() {} };
    const source = openMySqlRowSource({ logger, connectTimeoutMs, statementTimeoutMs });
    sources.push(source);
    return source;
  }

  async function readFrom(behaviour: FakeBehaviour, statementTimeoutMs?: number) {
    const server = await openFakeServer(behaviour);
    servers.push(server);
    const rows: unknown[] = [];
    const place = { host: '127.0.0.1', port: server.port, username: 'reader', database: 'nodes_db' };
    const request = aRequest({ place, password: 'password-canary' });
    const outcome = await openSource(statementTimeoutMs)
      .read(request, (row) => rows.push(row))
      .catch((error: unknown) => error);
    return { server, rows, outcome };
  }

  /** Honest but for one statement. */
  function lying(start: string, answer: Answer): FakeBehaviour {
    return { answer: (sql) => (sql.startsWith(start) ? answer : honest(sql)) };
  }

  /** Honest, without variables that have this in their names. */
  function lacking(variable: string): FakeBehaviour {
    return { answer: (sql) => (sql.includes(`SESSION ${variable}`) ? { errno: 1193 } : honest(sql)) };
  }

  it('is proven by an honest MySQL 8, whose limit is in milliseconds', async () => {
    const { server, rows, outcome } = await readFrom({});

    expect(outcome).toMatchObject({ rows: 1, insecure: true, warnings: [] });
    expect(rows).toHaveLength(1);
    expect(server.statements).toEqual([
      'SELECT VERSION()',
      "SET NAMES utf8mb4, SESSION sql_select_limit = 18446744073709551615, SESSION time_zone = '+00:00', SESSION max_execution_time = 200, SESSION transaction_isolation = 'REPEATABLE-READ'",
      'START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY',
      'SELECT `node_id`, `is_active` FROM `nodes_db`.`nodes`',
      'SELECT @@warning_count',
      'SELECT COUNT(*) FROM `nodes_db`.`nodes`',
      'SELECT @@server_uuid',
      expect.stringContaining('FROM information_schema.tables'),
      expect.stringContaining('FROM information_schema.columns'),
      'COMMIT',
    ]);
  });

  it('is not asked for a login by the question whether rows are still the same, nor after it has dropped the connection', async () => {
    const server = await openFakeServer({});
    servers.push(server);
    const place = { host: '127.0.0.1', port: server.port, username: 'reader', database: 'nodes_db' };
    const request = aRequest({ place, password: 'password-canary' });
    const source = openSource();
    const known = { digest: 'd', identity: 'i', warnings: [] };
    expect(await source.recheck({ ...request, known })).toEqual({ kind: 'unconnected' });
    expect(server.statements).toEqual([]);

    const proof = await source.read(request, () => undefined);
    expect(await source.recheck({ ...request, password: 'of before', known: proof })).toEqual({ kind: 'unconnected' });
    expect(await source.recheck({ ...request, known: proof })).toEqual({
      kind: 'same',
      proof: { ...proof, unchanged: true },
    });
    expect(server.statements.filter((sql) => sql === 'SELECT VERSION()')).toHaveLength(1);
    const asked = server.statements.length;
    server.cut();
    expect(await source.recheck({ ...request, known: proof })).toEqual({ kind: 'unconnected' });
    expect(server.statements).toHaveLength(asked);
  });

  it('sets the limit of MariaDB when MySQL text hides a MariaDB', async () => {
    const { server, outcome } = await readFrom(lacking('max_execution_time'));

    expect(outcome).toMatchObject({ rows: 1, warnings: [] });
    expect(server.statements).toContain(
      "SET NAMES utf8mb4, SESSION sql_select_limit = 18446744073709551615, SESSION time_zone = '+00:00', SESSION max_statement_time = 0.200",
    );
  });

  it('sets the isolation by itself where it has no variable of that name, as in MariaDB before 11.1', async () => {
    const { server, outcome } = await readFrom(lacking('transaction_isolation'));

    expect(outcome).toMatchObject({ rows: 1, warnings: [] });
    expect(server.statements.slice(2, 4)).toEqual([
      "SET NAMES utf8mb4, SESSION sql_select_limit = 18446744073709551615, SESSION time_zone = '+00:00', SESSION max_execution_time = 200",
      'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ',
    ]);
  });

  it('says so when the server has no statement limit, and sets the rest all the same', async () => {
    const { server, outcome } = await readFrom(lacking('max_'));

    expect(server.statements).toContain(
      "SET NAMES utf8mb4, SESSION sql_select_limit = 18446744073709551615, SESSION time_zone = '+00:00'",
    );
    expect(outcome).toMatchObject({ rows: 1, warnings: [expect.stringContaining('no statement limit')] });
  });

  it.each([
    ['fewer rows than COUNT', lying('SELECT COUNT', { columns: 1, rows: [['2']] })],
    ['more rows than COUNT', lying('SELECT COUNT', { columns: 1, rows: [['0']] })],
    ['no count at all', lying('SELECT COUNT', { columns: 1, rows: [] })],
    ['a NULL count', lying('SELECT COUNT', { columns: 1, rows: [[null]] })],
    ['warnings', lying('SELECT @@warning_count', { columns: 1, rows: [['1']] })],
    ['an empty answer to the warning count', lying('SELECT @@warning_count', { columns: 1, rows: [] })],
    ['OK instead of rows', lying('SELECT `', { kind: 'ok' })],
    ['other columns', lying('SELECT `', { columns: 1, rows: [['acme']] })],
    ['an error to COMMIT', lying('COMMIT', { errno: 1317 })],
    ['an unknown error', lying('START TRANSACTION', { errno: 4242 })],
    ['a packet out of order', lying('SELECT `', { bytes: packet(9, Buffer.from([2])) })],
    ['a request for a local file', lying('SELECT `', { bytes: packet(1, Buffer.from('\u00fb/etc/passwd', 'latin1')) })],
  ])('gives no proof of %s', async (_name, behaviour) => {
    const { outcome } = await readFrom(behaviour);

    expect(outcome).toMatchObject({ name: 'LynqFailure', type: 'SourceIncomplete' });
  });

  it('sends no file that the server asks for', async () => {
    const { server } = await readFrom(
      lying('SELECT `', { bytes: packet(1, Buffer.from('\u00fb/etc/passwd', 'latin1')) }),
    );

    expect(server.received().includes('root:')).toBe(false);
  });

  it.each(['mysql_clear_password', 'dialog', 'client_ed25519', 'nonsense'])(
    'sends no password when the server wants method %s',
    async (method) => {
      const login = packet(2, Buffer.concat([Buffer.from([0xfe]), Buffer.from(`${method}\0salt`)]));

      const { server, outcome } = await readFrom({ login });

      expect(outcome).toMatchObject({ type: 'SourceDenied' });
      expect(server.received().includes('password-canary')).toBe(false);
    },
  );

  it('never sends the password as it is', async () => {
    expect((await readFrom({})).server.received().includes('password-canary')).toBe(false);
  });

  it('gives up on a server that accepts and never greets', async () => {
    const { outcome } = await readFrom({ greeting: Buffer.alloc(0) });

    expect(outcome).toMatchObject({ type: 'SourceUnreachable', message: expect.stringContaining('127.0.0.1:') });
  });

  it('stops waiting for a greeting when the signal aborts', async () => {
    const server = await openFakeServer({ greeting: Buffer.alloc(0) });
    servers.push(server);
    const place = { host: '127.0.0.1', port: server.port, username: 'reader', database: 'nodes_db' };
    const longerThanTheTest = 600_000;

    const read = openSource(longerThanTheTest, longerThanTheTest).read(
      aRequest({ place, password: 'password-canary' }, { signal: AbortSignal.timeout(20) }),
      () => undefined,
    );

    await expect(read).rejects.toMatchObject({ type: 'SourceIncomplete' });
  });

  it('gives up on a server that never answers the login', async () => {
    expect((await readFrom({ login: Buffer.alloc(0) })).outcome).toMatchObject({ type: 'SourceUnreachable' });
  });

  it.each([1040, 1045])(
    'hangs up on a server that refuses the login with %i and leaves the line open',
    async (errno) => {
      const { server, outcome } = await readFrom({ login: packet(2, errorPayload(errno)), stays: true });

      expect(outcome).toMatchObject({ name: 'LynqFailure' });
      await vi.waitFor(() => expect(server.connections()).toBe(0), { timeout: 2_000 });
    },
  );

  it('hangs up on a server that refuses instead of greeting and leaves the line open', async () => {
    const { server, outcome } = await readFrom({ greeting: packet(0, errorPayload(1129)), stays: true });

    expect(outcome).toMatchObject({ name: 'LynqFailure' });
    await vi.waitFor(() => expect(server.connections()).toBe(0), { timeout: 2_000 });
  });

  it('reads only so much of an endless row', async () => {
    const head = resultBytes({ columns: 2, rows: [] });
    const frames = [5, 6, 7].map((sequence) => packet(sequence, Buffer.alloc(2 ** 24 - 1, 'x')));
    const bytes = Buffer.concat([head.subarray(0, head.length - endOfRows.length), ...frames]);

    const { outcome } = await readFrom(lying('SELECT `', { bytes }));

    expect(outcome).toMatchObject({ type: 'SourceShapeWrong', message: expect.stringContaining('32 MiB') });
  });

  const version = (rows: readonly (readonly string[])[], columns = 1): FakeBehaviour =>
    lying('SELECT VERSION', { columns, rows });

  it.each([
    ['rows without end to a question about itself', version(Array.from({ length: 100_000 }, () => ['8.0.36']))],
    ['many large rows to a question about itself', version(Array.from({ length: 40 }, () => ['8'.repeat(2 ** 20)]))],
    ['more columns than a question has', version([], 1_000)],
    ['one column more', lying('SELECT `', { columns: 3, rows: [['acme', '1', 'x']] })],
    ['columns without end', lying('SELECT `', { columns: 60_000, rows: [] })],
    [
      'results without end',
      lying('SET NAMES', { bytes: Buffer.concat(Array.from({ length: 100 }, (_, at) => packet(at + 1, okWithMore))) }),
    ],
  ])('hangs up on a server that answers with %s', async (_name, behaviour) => {
    const { server, outcome } = await readFrom(behaviour, 20_000);

    expect(outcome).toMatchObject({ type: 'SourceShapeWrong', detail: { error: 'SESSION_TOO_MUCH' } });
    await vi.waitFor(() => expect(server.connections()).toBe(0), { timeout: 2_000 });
  });

  it('takes as many rows to a question as a table can have columns', async () => {
    const rows = Array.from({ length: 4_096 }, (_, index) => [`c${index}`, 'x'.repeat(1_000), 'YES', null]);
    const answer = (sql: string): Answer =>
      sql.includes('information_schema.columns') ? { columns: 4, rows } : honest(sql);

    const { outcome } = await readFrom({ answer }, 20_000);

    expect(outcome).toMatchObject({ rows: 1 });
  });

  it('answers any bytes with a failure and keeps the process clean', async () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const noise = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes));
    const step = fc.constantFrom('greeting', 'login', 'SELECT VERSION', 'START', 'SELECT `', 'COMMIT');

    await fc.assert(
      fc.asyncProperty(step, noise, fc.boolean(), async (at, bytes, isFramed) => {
        const sent = isFramed ? packet(at === 'greeting' ? 0 : at === 'login' ? 2 : 1, bytes) : bytes;
        const behaviour =
          at === 'greeting' ? { greeting: sent } : at === 'login' ? { login: sent } : lying(at, { bytes: sent });

        const { outcome } = await readFrom(behaviour);

        // Bytes that happen to be an OK are an honest answer to a statement without rows.
        const isOk = at !== 'SELECT `' && typeof outcome === 'object' && outcome !== null && 'identity' in outcome;
        if (!isOk) expect(outcome).toMatchObject({ name: 'LynqFailure' });
      }),
      { numRuns: 40, timeout: 10_000 },
    );

    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  }, 120_000);

  it('answers any mutation of a true greeting with a failure or a proof', async () => {
    const true_ = greeting('8.0.36');

    await fc.assert(
      fc.asyncProperty(fc.nat(true_.length - 1), fc.nat(255), async (position, byte) => {
        const mutated = Buffer.from(true_);
        mutated[position] = byte;

        const { outcome, server } = await readFrom({ greeting: mutated });

        expect(outcome).toSatisfy(
          (value: object) => 'identity' in value || ('name' in value && value.name === 'LynqFailure'),
        );
        expect(server.received().includes('password-canary')).toBe(false);
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
