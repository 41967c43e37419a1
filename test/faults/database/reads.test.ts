import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
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
import { openRealServer, openRealWorld, openSource, serverUrl } from '../../contract/row-source.server.ts';

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
    const stuck = worldWith({ connectTimeoutMs: 700 });
    const other = worldWith();
    const began = performance.now();

    const failed = expect(readAll(stuck, { hub: 'stuck', block: { port: fake.port } })).rejects.toMatchObject({
      type: 'SourceUnreachable',
    });

    expect((await readAll(other, { hub: 'other' })).proof.rows).toBe(500);
    const others = performance.now() - began;
    expect(fake.connections()).toBe(1);
    await failed;
    const taken = performance.now() - began;
    expect(others).toBeLessThan(taken);
    expect(taken).toBeGreaterThanOrEqual(690);
    expect(taken).toBeLessThan(2_000);
    await expect.poll(() => fake.connections()).toBe(0);
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

  test('M4 a server that dies after none, one, half, all but one or all of the rows, before their end is said, gives no proof', async () => {
    const rows = Array.from({ length: 500 }, (_, index) => [`row-${index}`, '1']);
    for (const count of [0, 1, 250, 499, 500]) {
      const sent = resultBytes({ columns: 2, rows: rows.slice(0, count) });
      const bytes = sent.subarray(0, sent.length - endOfRows.length);
      const fake = await openFakeServer({
        answer: (text) => (text.startsWith('SELECT `') ? { bytes, hangsUp: true } : honest(text)),
      });
      fakes.push(fake);
      const failed = readAll(worldWith(), { block: { port: fake.port } });
      await expect(failed, `after ${count} rows`).rejects.toMatchObject(noProof);
    }
  });

  test('M5 there are no pages: one SELECT reads the whole table, whatever its size', async () => {
    const fake = await openFakeServer({ answer: honest });
    fakes.push(fake);
    await readAll(worldWith(), { block: { port: fake.port } });
    const selects = fake.statements.filter((text) => text.startsWith('SELECT `'));
    expect(selects).toEqual(['SELECT `node_id`, `is_active` FROM `lynq_contract`.`nodes`']);
  });

  test('M5 a connection that dies between the two SELECTs of one read gives no proof, and the next read begins anew in a snapshot of its own', async () => {
    let selects = 0;
    const fake = await openFakeServer({
      answer: (text) => {
        if (!text.startsWith('SELECT `')) return honest(text);
        selects += 1;
        return selects === 2 ? { bytes: Buffer.alloc(0), hangsUp: true } : honest(text);
      },
    });
    fakes.push(fake);
    const reading = worldWith();
    const change: HubChange = {
      block: { port: fake.port },
      known: { digest: 'of other rows', identity: 'other', warnings: [] },
    };
    await expect(readAll(reading, change)).rejects.toMatchObject(noProof);
    const before = fake.statements.length;
    expect((await readAll(reading, change)).rows).toHaveLength(1);

    const [first, next] = [fake.statements.slice(0, before), fake.statements.slice(before)];
    const steps = (statements: readonly string[]) =>
      statements.filter((text) => /^(START|COMMIT|SELECT `)/.test(text)).map((text) => text.split(' ')[0]);
    expect(steps(first)).toEqual(['START', 'SELECT', 'SELECT']);
    expect(steps(next)).toEqual(['START', 'SELECT', 'SELECT', 'COMMIT']);
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

  test('M9 a right to one column and a view that has become invalid are named', async () => {
    await world.server.recreate('lynq_contract.partly', '(node_id VARCHAR(63), is_active INT, hidden INT)');
    await sql("DROP USER IF EXISTS 'lynq_partly'@'%'");
    await sql("CREATE USER 'lynq_partly'@'%' IDENTIFIED BY 'pw'");
    await sql("GRANT SELECT (node_id, is_active) ON lynq_contract.partly TO 'lynq_partly'@'%'");
    const change: HubChange = { hub: 'partly', table: 'partly', block: { username: 'lynq_partly' }, password: 'pw' };
    expect((await readAll(worldWith(), change)).proof.rows).toBe(0);
    await expect(readAll(worldWith(), { ...change, extra: { hidden: 'hidden' } })).rejects.toMatchObject({
      detail: { error: 1143 },
      message: expect.stringContaining('hidden'),
    });

    await sql('CREATE OR REPLACE VIEW lynq_contract.invalid AS SELECT * FROM lynq_contract.partly');
    await sql('DROP TABLE lynq_contract.partly');
    await expect(readAll(worldWith(), { table: 'invalid' })).rejects.toMatchObject({
      type: 'SourceShapeWrong',
      detail: { error: 1356 },
      message: expect.stringContaining('invalid'),
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
      // Whoever does not ask for all gets no more from here on.
      const plain = await openRealServer(serverUrl ?? '');
      expect(await plain.sql('SELECT node_id FROM lynq_contract.nodes')).toHaveLength(100);
      await plain.close();
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

  test('M29 a long read holds no row lock', async () => {
    // Nearly two seconds: the server shows a transaction that is under way, and its rows can be written meanwhile.
    await sql(
      'CREATE OR REPLACE VIEW lynq_contract.long_read AS SELECT node_id, is_active + SLEEP(0.003) AS is_active, wide FROM lynq_contract.nodes',
    );
    await sql('SET SESSION innodb_lock_wait_timeout = 1');
    const reading = readAll(worldWith(), { table: 'long_read', extra: { wide: 'wide' } });
    const [shown] = await untilShown(
      `SELECT trx_rows_locked AS locked, trx_isolation_level AS level FROM information_schema.innodb_trx
       JOIN information_schema.processlist ON id = trx_mysql_thread_id WHERE info LIKE 'SELECT %long\\_read%' AND user = 'lynq_reader'`,
    );
    expect(shown).toEqual({ locked: 0, level: 'REPEATABLE READ' });
    await sql("UPDATE lynq_contract.nodes SET wide = 'y' WHERE node_id = 'row-499'");
    // As of its beginning: the read was under way while the row was written.
    const { rows } = await reading;
    expect(rows).toHaveLength(500);
    expect(rows.find(({ uid }) => uid === 'row-499')?.extra['wide']).toBe('x'.repeat(200));
  });

  /** Asks until there is an answer. */
  async function untilShown(statement: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    for (let look = 0; look < 10; look += 1) {
      const rows = await sql(statement);
      if (rows.length > 0) return rows;
      // InnoDB shows the same again to who asks sooner.
      await setTimeout(150);
    }
    throw new Error('the read is never seen');
  }

  test('M30 rows that change during a read are read as of one moment', async () => {
    await world.putTable(
      'lynq_contract',
      'moving',
      ['node_id', 'is_active', 'wide'],
      Array.from({ length: 5_000 }, (_, index) => [`row-${index}`, '1', 'x'.repeat(500)]),
    );
    await sql(
      'CREATE OR REPLACE VIEW lynq_contract.moving_slowly AS SELECT node_id, is_active, CONCAT(wide, SLEEP(0.0002)) AS wide FROM lynq_contract.moving',
    );
    let changed: Promise<unknown> | undefined;
    let isChanged = false;
    let after = 0;
    const seen = new Set<string>();
    const proof = await worldWith().source.read(
      aRequest(world, { table: 'moving_slowly', extra: { wide: 'wide' } }),
      (row) => {
        changed ??= sql("UPDATE lynq_contract.moving SET is_active = '0'")
          .then(() => sql('DELETE FROM lynq_contract.moving'))
          .then(() => (isChanged = true));
        if (isChanged) after += 1;
        seen.add(row.activate);
      },
    );
    await changed;
    expect(proof.rows).toBe(5_000);
    expect([...seen]).toEqual(['1']);
    // Rows that were read when there was none left.
    expect(after).toBeGreaterThan(0);
  });
});
