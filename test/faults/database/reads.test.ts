import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openMySqlRowSource } from '../../../adapters/mysql/index.ts';
import type { RowSource } from '../../../domain/ports.ts';
import { aRequest, type HubChange, readAll } from '../../contract/row-source.contract.ts';
import {
  endOfRows,
  type FakeServer,
  honest,
  openFakeServer,
  packet,
  resultBytes,
} from '../../contract/row-source.fake-server.ts';
import { openRealWorld, openSource, silentLogger } from '../../contract/row-source.server.ts';

/** What a read makes of a database that misbehaves: a proof of everything, or no proof. The hub's part is in hub.test.ts and guard.test.ts. */
describe('faults/database/reads', () => {
  let world: Awaited<ReturnType<typeof openRealWorld>>;
  const opened: RowSource[] = [];
  const fakes: FakeServer[] = [];
  const noProof = { type: expect.stringMatching(/^Source(Incomplete|Unreachable)$/) };
  const sql = (statement: string) => world.server.sql(statement);

  function worldWith(change: { connectTimeoutMs?: number; statementTimeoutMs?: number } = {}) {
    const source = openSource(change);
    opened.push(source);
    return { ...world, source };
  }

  beforeAll(async () => {
    world = await openRealWorld();
    const rows = Array.from({ length: 500 }, (_, index) => [`row-${index}`, '1', 'x'.repeat(200)]);
    await world.putTable('lynq_contract', 'nodes', ['node_id', 'is_active', 'wide'], rows);
  });
  afterEach(async () => {
    world.proxy.limit(Number.POSITIVE_INFINITY, 'break');
    for (const source of opened.splice(0)) await source.close();
    for (const fake of fakes.splice(0)) await fake.close();
  });
  afterAll(async () => {
    await world?.close();
  });

  test('M2 a server that accepts and never greets is given up at the connect timeout', async () => {
    const fake = await openFakeServer({ greeting: Buffer.alloc(0) });
    fakes.push(fake);
    const stuck = worldWith({ connectTimeoutMs: 300 });
    const other = worldWith();

    const failed = readAll(stuck, { hub: 'stuck', block: { port: fake.port } });

    expect((await readAll(other, { hub: 'other' })).proof.rows).toBe(500);
    await expect(failed).rejects.toMatchObject({ type: 'SourceUnreachable' });
  });

  test('M3 a query without end is cut by the server and leaves no thread behind', async () => {
    await sql(
      'CREATE OR REPLACE VIEW lynq_contract.slow AS SELECT node_id, SLEEP(600) AS is_active FROM lynq_contract.nodes',
    );

    await expect(readAll(worldWith({ statementTimeoutMs: 300 }), { table: 'slow' })).rejects.toMatchObject({
      type: 'SourceIncomplete',
      detail: { error: world.server.isMariaDb ? 1969 : 3024 },
    });
    await expect.poll(() => world.server.connectionsOf('lynq_reader')).toEqual([]);
  });

  test('M3 a query that the server does not cut either is cut here, and the connection closed', async () => {
    const fake = await openFakeServer({
      answer: (text) => (text.startsWith('SELECT `') ? { kind: 'silence' } : honest(text)),
    });
    fakes.push(fake);
    await expect(readAll(worldWith({ statementTimeoutMs: 200 }), { block: { port: fake.port } })).rejects.toMatchObject(
      {
        type: 'SourceIncomplete',
        detail: { error: 'SESSION_OVERTIME' },
      },
    );
  });

  test('M4 a connection that dies after k of n rows gives no proof, for every k tried', async () => {
    const change: HubChange = { extra: { wide: 'wide' } };
    await readAll(worldWith(), change);
    const total = world.proxy.carried();
    for (const part of [0.02, 0.1, 0.5, 0.9, 0.97, 0.995]) {
      world.proxy.limit(Math.floor(total * part), 'break');
      await expect(readAll(worldWith(), change), `cut at ${part}`).rejects.toMatchObject(noProof);
    }
    world.proxy.limit(total - 1, 'break');
    await expect(readAll(worldWith(), change), 'cut before the last byte').rejects.toMatchObject(noProof);
  });

  test('M5 there are no pages: one SELECT reads the whole table, whatever its size', async () => {
    const fake = await openFakeServer({ answer: honest });
    fakes.push(fake);
    await readAll(worldWith(), { block: { port: fake.port } });
    const selects = fake.statements.filter((text) => text.startsWith('SELECT `'));
    expect(selects).toEqual(['SELECT `node_id`, `is_active` FROM `lynq_contract`.`nodes`']);
  });

  test('M9 a revoked right is a clear failure of the shape', async () => {
    await sql("DROP USER IF EXISTS 'lynq_revoked'@'%'");
    await sql("CREATE USER 'lynq_revoked'@'%' IDENTIFIED BY 'pw'");
    await sql("GRANT SELECT ON lynq_contract.* TO 'lynq_revoked'@'%'");
    const change: HubChange = { hub: 'revoked', block: { username: 'lynq_revoked' }, password: 'pw' };
    expect((await readAll(worldWith(), change)).proof.rows).toBe(500);
    await sql("REVOKE SELECT ON lynq_contract.* FROM 'lynq_revoked'@'%'");

    await expect(readAll(worldWith(), change)).rejects.toMatchObject({
      type: expect.stringMatching(/^Source(ShapeWrong|Denied)$/),
      message: expect.stringContaining('grant SELECT'),
    });
  });

  test('M10 a dropped table and a renamed column are named', async () => {
    await world.putTable('lynq_contract', 'going', ['node_id', 'is_active'], [['a', '1']]);
    await sql('ALTER TABLE lynq_contract.going RENAME COLUMN is_active TO enabled');
    await expect(readAll(worldWith(), { table: 'going' })).rejects.toMatchObject({
      type: 'SourceShapeWrong',
      message: 'table lynq_contract.going has no column is_active (mapped to activate)',
    });
    await sql('DROP TABLE lynq_contract.going');
    await expect(readAll(worldWith(), { table: 'going' })).rejects.toMatchObject({
      type: 'SourceShapeWrong',
      detail: { error: 1146 },
    });
  });

  test('M12 a limit on selects for all sessions takes no row away', async () => {
    await sql('SET GLOBAL sql_select_limit = 100');
    try {
      const { rows, proof } = await readAll(worldWith());
      expect(proof.rows).toBe(500);
      expect(rows).toHaveLength(500);
    } finally {
      await sql('SET GLOBAL sql_select_limit = DEFAULT');
    }
  });

  test('M13 a result with nothing but a warning is incomplete', async () => {
    await sql(
      'CREATE OR REPLACE VIEW lynq_contract.warned AS SELECT node_id, CAST(wide AS SIGNED) AS is_active FROM lynq_contract.nodes',
    );
    await expect(readAll(worldWith(), { table: 'warned' })).rejects.toMatchObject({
      type: 'SourceIncomplete',
      message: expect.stringContaining('warnings'),
    });
  });

  test('M21 a value larger than any row is refused, and the heap stays small', async () => {
    await sql(
      "CREATE OR REPLACE VIEW lynq_contract.huge AS SELECT 'a' AS node_id, 1 AS is_active, CONCAT(REPEAT('x', 16000000), REPEAT('y', 15000000)) AS a, REPEAT('z', 15000000) AS b",
    );
    const before = process.memoryUsage().rss;
    await expect(readAll(worldWith(), { table: 'huge', extra: { a: 'a', b: 'b' } })).rejects.toMatchObject({
      type: 'SourceShapeWrong',
      message: expect.stringContaining('32 MiB'),
    });
    expect((process.memoryUsage().rss - before) / 1024 / 1024).toBeLessThan(256);
  });

  test('M22 bytes that are no UTF-8, NUL and latin1 columns come through, each in its own way', async () => {
    await world.server.recreate(
      'lynq_contract.bytes',
      '(node_id VARCHAR(63), is_active INT, raw VARBINARY(20), western VARCHAR(20) CHARACTER SET latin1)',
    );
    await sql("INSERT INTO lynq_contract.bytes VALUES ('a', 1, X'FF00FE', 'é'), ('b', 1, X'C3A9', 'ü')");
    const { rows } = await readAll(worldWith(), { table: 'bytes', extra: { raw: 'raw', western: 'western' } });
    expect(rows.map(({ extra }) => extra)).toEqual([
      { raw: '\u00ff\u0000\u00fe', western: 'é' },
      { raw: 'é', western: 'ü' },
    ]);
  });

  test('M23 dates at the edges have a text, under any time zone of the server', async () => {
    await world.server.recreate(
      'lynq_contract.dates',
      '(node_id VARCHAR(63), is_active INT, d DATE, t TIMESTAMP NULL, w DATETIME)',
    );
    await sql("SET SESSION sql_mode = '', time_zone = '+00:00'");
    await sql(
      "INSERT INTO lynq_contract.dates VALUES ('a', 1, '0000-00-00', '2025-03-30 01:30:00', '2025-03-30 02:30:00'), ('b', 1, '9999-12-31', '1970-01-01 00:00:01', '9999-12-31 23:59:59')",
    );
    await sql("SET GLOBAL time_zone = '+05:45'");
    try {
      const { rows, proof } = await readAll(worldWith(), { table: 'dates', extra: { d: 'd', t: 't', w: 'w' } });
      expect(rows.map(({ extra }) => extra)).toEqual([
        { d: '', t: '2025-03-30T01:30:00Z', w: '2025-03-30T02:30:00Z' },
        { d: '9999-12-31T00:00:00Z', t: '1970-01-01T00:00:01Z', w: '9999-12-31T23:59:59Z' },
      ]);
      expect(proof.warnings).toEqual([expect.stringContaining('1 zero dates')]);
    } finally {
      await sql('SET GLOBAL time_zone = DEFAULT');
    }
  });

  test('M24 every digit of the largest numbers survives', async () => {
    await sql(
      "CREATE OR REPLACE VIEW lynq_contract.numbers AS SELECT 'a' AS node_id, 1 AS is_active, 9223372036854775807 AS a, 18446744073709551615 AS b, CAST('12345678901234567890123456789012345.123456789012345678901234567890' AS DECIMAL(65,30)) AS c, CAST(1e308 AS DOUBLE) AS d",
    );
    const { rows } = await readAll(worldWith(), { table: 'numbers', extra: { a: 'a', b: 'b', c: 'c', d: 'd' } });
    expect(rows[0]?.extra).toEqual({
      a: '9223372036854775807',
      b: '18446744073709551615',
      c: '12345678901234567890123456789012345.123456789012345678901234567890',
      d: '1e+308',
    });
  });

  test('M25 flags of every type are active as the documentation says', async () => {
    const flags: readonly (readonly [string, string, string])[] = [
      ['BIT(1)', "b'1'", '1'],
      ['TINYINT(1)', '1', '1'],
      ['BOOL', 'TRUE', '1'],
      ["ENUM('true','false')", "'true'", 'true'],
      ["SET('yes','no')", "'yes'", 'yes'],
      ['JSON', "'true'", 'true'],
      ['BLOB', "'1'", '1'],
    ];
    for (const [type, value, text] of flags) {
      await world.server.recreate('lynq_contract.flag', `(node_id VARCHAR(63), is_active ${type})`);
      await sql(`INSERT INTO lynq_contract.flag VALUES ('a', ${value})`);
      const { rows } = await readAll(worldWith(), { table: 'flag' });
      expect(rows, type).toEqual([{ uid: 'a', activate: text, hostOrUrl: '', extra: {} }]);
    }
  });

  test('M26 a refused login is tried once for one read, and the new password is taken at the next', async () => {
    const before = await world.server.refusedLogins();
    const reading = worldWith();
    await world.setPassword('rotated');
    try {
      await expect(readAll(reading)).rejects.toMatchObject({ type: 'SourceDenied' });
      expect((await world.server.refusedLogins()) - before).toBe(1);
      expect((await readAll(reading, { password: 'rotated' })).proof.rows).toBe(500);
    } finally {
      await world.setPassword(world.password);
    }
  });

  test('M26 too many connections and a locked account are told apart', async () => {
    for (const [errno, type] of [
      [1040, 'SourceUnreachable'],
      [1203, 'SourceUnreachable'],
      [4151, 'SourceDenied'],
    ] as const) {
      const number = Buffer.alloc(2);
      number.writeUInt16LE(errno);
      const login = packet(2, Buffer.concat([Buffer.from([0xff]), number, Buffer.from('#HY000canary')]));
      const fake = await openFakeServer({ login });
      fakes.push(fake);
      const failed = await readAll(worldWith(), { block: { port: fake.port } }).catch((error: unknown) => error);
      expect(failed).toMatchObject({ type, detail: { error: errno } });
      expect(String(failed)).not.toContain('canary');
    }
  });

  test('M28 a hostile server gets no file and no password in clear, and cannot fill the memory', async () => {
    const wantsFile = packet(1, Buffer.from('\u00fb/etc/passwd', 'latin1'));
    const clear = packet(2, Buffer.concat([Buffer.from([0xfe]), Buffer.from('mysql_clear_password\0salt')]));
    const head = resultBytes({ columns: 2, rows: [] });
    const frames = [5, 6, 7].map((sequence) => packet(sequence, Buffer.alloc(2 ** 24 - 1, 'x')));
    const endless = Buffer.concat([head.subarray(0, head.length - endOfRows.length), ...frames]);
    const lies = {
      file: { answer: (text: string) => (text.startsWith('SELECT `') ? { bytes: wantsFile } : honest(text)) },
      clear: { login: clear },
      endless: { answer: (text: string) => (text.startsWith('SELECT `') ? { bytes: endless } : honest(text)) },
    };
    for (const [name, behaviour] of Object.entries(lies)) {
      const fake = await openFakeServer(behaviour);
      fakes.push(fake);
      const source = openMySqlRowSource({ logger: silentLogger, connectTimeoutMs: 2_000, statementTimeoutMs: 2_000 });
      opened.push(source);
      const request = aRequest(world, { block: { port: fake.port }, password: 'password-canary' });
      const before = process.memoryUsage().rss;
      await expect(
        source.read(request, () => undefined),
        name,
      ).rejects.toMatchObject({ name: 'LynqFailure' });
      expect(fake.received().includes('password-canary'), name).toBe(false);
      expect(fake.received().includes('root:'), name).toBe(false);
      expect((process.memoryUsage().rss - before) / 1024 / 1024, name).toBeLessThan(256);
    }
  });

  test('M29 a long read holds no row lock', async () => {
    let checked: Promise<unknown> | undefined;
    await worldWith().source.read(aRequest(world, { extra: { wide: 'wide' } }), () => {
      checked ??= sql('SET SESSION innodb_lock_wait_timeout = 1').then(async () => {
        const locks = await sql('SELECT SUM(trx_rows_locked) AS locked FROM information_schema.innodb_trx');
        await sql("UPDATE lynq_contract.nodes SET wide = 'y' WHERE node_id = 'row-1'");
        return Number(locks[0]?.['locked'] ?? 0);
      });
    });
    await expect(checked).resolves.toBe(0);
  });

  test('M30 rows that change during a read are read as of one moment', async () => {
    await world.putTable(
      'lynq_contract',
      'moving',
      ['node_id', 'is_active', 'wide'],
      Array.from({ length: 5_000 }, (_, index) => [`row-${index}`, '1', 'x'.repeat(500)]),
    );
    let changed: Promise<unknown> | undefined;
    const seen = new Set<string>();
    const proof = await worldWith().source.read(
      aRequest(world, { table: 'moving', extra: { wide: 'wide' } }),
      (row) => {
        changed ??= sql("UPDATE lynq_contract.moving SET is_active = '0'").then(() =>
          sql('DELETE FROM lynq_contract.moving'),
        );
        seen.add(row.activate);
      },
    );
    await changed;
    expect(proof.rows).toBe(5_000);
    expect([...seen]).toEqual(['1']);
  });
});
