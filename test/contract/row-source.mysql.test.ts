import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RowSource } from '../../domain/ports.ts';
import { aRequest, type HubChange, readAll, rowSourceContract } from './row-source.contract.ts';
import { openRealWorld, openSource, sequence, serverUrl } from './row-source.server.ts';

/** One after the other in one file: both use the same databases and accounts of the server. */
describe.skipIf(serverUrl === undefined)('row source of a real server', () => {
  rowSourceContract('mysql', '`', openRealWorld);
});

describe.skipIf(serverUrl === undefined)('adapters/mysql on a real server', () => {
  let world: Awaited<ReturnType<typeof openRealWorld>>;
  const opened: RowSource[] = [];

  /** The world with a source of its own. */
  function worldWith(change: { connectTimeoutMs?: number; statementTimeoutMs?: number } = {}) {
    const source = openSource(change);
    opened.push(source);
    return { ...world, source };
  }

  beforeAll(async () => {
    world = await openRealWorld();
    await world.putTable(
      'lynq_contract',
      'nodes',
      ['node_id', 'is_active', 'plan'],
      [
        ['acme', '1', 'pro'],
        ['beta', '1', 'basic'],
      ],
    );
  });

  afterEach(async () => {
    world.proxy.limit(Number.POSITIVE_INFINITY, 'break');
    for (const source of opened.splice(0)) await source.close();
  });

  afterAll(async () => {
    await world.close();
  });

  const sql = (statement: string) => world.server.sql(statement);

  describe('read proof', () => {
    it('gives no proof wherever the connection breaks, to the last byte', async () => {
      const change = { extra: { plan: 'plan' } };
      // MySQL wants a longer exchange at the first login of an account.
      await readAll(worldWith(), change);
      await readAll(worldWith(), change);
      const total = world.proxy.carried();
      const positions = [
        ...Array.from({ length: 60 }, (_, index) => Math.floor((index * total) / 60)),
        ...Array.from({ length: 12 }, (_, index) => total - 1 - index),
      ];

      for (const position of positions) {
        world.proxy.limit(position, 'break');
        await expect(readAll(worldWith(), change), `cut after ${position} of ${total} bytes`).rejects.toMatchObject({
          type: expect.stringMatching(/^Source(Incomplete|Unreachable)$/),
        });
      }
      expect(total).toBeGreaterThan(1_000);
    });

    it('gives up on a server that falls silent', async () => {
      const before = worldWith();
      await readAll(before);
      await before.source.close();
      world.proxy.limit(world.proxy.carried() - 20, 'silence');

      await expect(readAll(worldWith({ statementTimeoutMs: 100 }))).rejects.toMatchObject({ type: 'SourceIncomplete' });
      await expect.poll(() => world.proxy.open()).toBe(0);
    });

    it('gives no proof when the server kills the connection during the read', async () => {
      await world.server.recreate('lynq_contract.killed', '(node_id INT, is_active INT, wide TEXT)');
      await sql(
        `INSERT INTO lynq_contract.killed SELECT seq, 1, REPEAT('x', 1000) FROM ${sequence} WHERE seq <= 50000`,
      );
      let seen = 0;
      let killed: Promise<unknown> | undefined;

      const failed = worldWith().source.read(aRequest(world, { table: 'killed', extra: { wide: 'wide' } }), () => {
        seen += 1;
        if (seen === 5) killed = world.server.endConnectionsOf('lynq_reader');
      });

      await expect(failed).rejects.toMatchObject({ type: expect.stringMatching(/^Source(Incomplete|Unreachable)$/) });
      await killed;
      expect(seen).toBeLessThan(50_000);
    });

    it('reads every row though the server limits selects for all sessions', async () => {
      await sql('SET GLOBAL sql_select_limit = 1');
      try {
        expect((await readAll(worldWith())).proof.rows).toBe(2);
      } finally {
        await sql('SET GLOBAL sql_select_limit = DEFAULT');
      }
    });

    it('gives no proof of a result with warnings', async () => {
      await sql(
        'CREATE OR REPLACE VIEW lynq_contract.warned AS SELECT node_id, CAST(plan AS SIGNED) AS is_active FROM lynq_contract.nodes',
      );

      await expect(readAll(worldWith(), { table: 'warned' })).rejects.toMatchObject({
        type: 'SourceIncomplete',
        message: expect.stringContaining('2 warnings'),
      });
    });

    it('is cut by the server at the statement limit', async () => {
      await sql(
        'CREATE OR REPLACE VIEW lynq_contract.slow AS SELECT node_id, SLEEP(5) AS is_active FROM lynq_contract.nodes',
      );

      // The number is the server's own for its limit: it was the server that ended the statement, before the client gave up.
      await expect(readAll(worldWith({ statementTimeoutMs: 300 }), { table: 'slow' })).rejects.toMatchObject({
        type: 'SourceIncomplete',
        detail: { error: world.server.isMariaDb ? 1969 : 3024 },
      });
    });

    it('sees one snapshot whatever others commit meanwhile', async () => {
      await world.putTable(
        'lynq_contract',
        'moving',
        ['node_id', 'is_active', 'wide'],
        Array.from({ length: 20_000 }, (_, index) => [`row-${index}`, '1', 'x'.repeat(1_000)]),
      );
      let changed: Promise<unknown> | undefined;
      let seen = 0;

      const proof = await worldWith().source.read(
        aRequest(world, { table: 'moving', extra: { wide: 'wide' } }),
        (row) => {
          seen += 1;
          changed ??= sql("UPDATE lynq_contract.moving SET is_active = '0'").then(() =>
            sql("INSERT INTO lynq_contract.moving VALUES ('late', '1', '')"),
          );
          expect(row.activate).toBe('1');
        },
      );

      await changed;
      expect(proof.rows).toBe(20_000);
      expect(seen).toBe(20_000);
    });

    it('sends nothing but reads, and quotes every name', async () => {
      await sql("SET GLOBAL log_output = 'TABLE'");
      await sql('SET GLOBAL general_log = 1');
      const hostile = '` FROM mysql.user; DROP TABLE nodes; -- ';
      try {
        await sql('TRUNCATE mysql.general_log');
        await readAll(worldWith(), { extra: { x: hostile } }).catch(() => undefined);
        await readAll(worldWith());
      } finally {
        await sql('SET GLOBAL general_log = 0');
      }
      const logged = await sql(
        "SELECT CONVERT(argument USING utf8mb4) AS text FROM mysql.general_log WHERE user_host LIKE 'lynq_reader%' AND command_type = 'Query'",
      );
      const statements = logged.map(({ text }) => String(text));

      expect(statements.length).toBeGreaterThan(10);
      for (const statement of statements)
        expect(statement).toMatch(/^(SELECT|SET (NAMES|SESSION)|START TRANSACTION|COMMIT)\b/);
      expect(statements).toContain(
        'SELECT `node_id`, `is_active`, ``` FROM mysql.user; DROP TABLE nodes; -- ` FROM `lynq_contract`.`nodes`',
      );
      expect((await readAll(worldWith())).proof.rows).toBe(2);
    });

    it('holds no row lock and writes nothing', async () => {
      const locked = worldWith();
      let checked: Promise<unknown> | undefined;

      await locked.source.read(aRequest(world), () => {
        checked ??= sql('SET SESSION innodb_lock_wait_timeout = 1').then(() =>
          sql("UPDATE lynq_contract.nodes SET plan = plan WHERE node_id = 'acme'"),
        );
      });

      await expect(checked).resolves.toBeDefined();
    });

    it('holds a small heap while 50,000 rows of 4 KB pass', async () => {
      await world.server.recreate('lynq_contract.big', '(node_id VARCHAR(63), is_active BOOL, wide TEXT)');
      await sql(
        `INSERT INTO lynq_contract.big SELECT CONCAT('row-', seq), 1, REPEAT('x', 4000) FROM ${sequence} WHERE seq <= 50000`,
      );
      const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
      const before = used();
      let highest = 0;
      let seen = 0;

      const proof = await worldWith().source.read(aRequest(world, { table: 'big', extra: { wide: 'wide' } }), (row) => {
        seen += 1;
        if (row.extra['wide']?.length !== 4_000) throw new Error('short value');
        if (seen % 500 === 0) highest = Math.max(highest, used());
      });

      expect(proof.rows).toBe(50_000);
      expect((highest - before) / 1024 / 1024).toBeLessThan(64);
    });
  });

  describe('accounts', () => {
    async function reader(name: string, ...grants: readonly string[]): Promise<HubChange> {
      await sql(`DROP USER IF EXISTS '${name}'@'%'`);
      await sql(`CREATE USER '${name}'@'%' IDENTIFIED BY 'pw'`);
      for (const grant of grants) await sql(`GRANT ${grant} TO '${name}'@'%'`);
      return { hub: name, block: { username: name }, password: 'pw' };
    }

    it('needs SELECT on the one table only', async () => {
      const change = await reader('lynq_one', 'SELECT ON lynq_contract.nodes');

      expect((await readAll(worldWith(), change)).rows).toHaveLength(2);
    });

    it('needs SELECT on the mapped columns only', async () => {
      const change = await reader('lynq_columns', 'SELECT (node_id, is_active) ON lynq_contract.nodes');

      expect((await readAll(worldWith(), change)).rows).toHaveLength(2);
    });

    it('names a column that the account may not read', async () => {
      const change = await reader('lynq_columns', 'SELECT (node_id, is_active) ON lynq_contract.nodes');

      await expect(readAll(worldWith(), { ...change, extra: { tier: 'plan' } })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('plan (mapped to variable tier) of table lynq_contract.nodes'),
      });
    });

    it('asks for a grant when the account may not read the table', async () => {
      await world.putTable('lynq_contract', 'empty_one', ['node_id', 'is_active'], []);
      const change = await reader('lynq_none', 'SELECT ON lynq_contract.empty_one');

      await expect(readAll(worldWith(), change)).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('grant SELECT'),
        detail: { error: 1142 },
      });
    });

    it('is denied when the account may not use the database', async () => {
      await expect(readAll(worldWith(), await reader('lynq_none'))).rejects.toMatchObject({
        type: 'SourceDenied',
        detail: { error: 1044 },
      });
    });

    it('tries a refused login once', async () => {
      const before = await world.server.refusedLogins();

      await readAll(worldWith(), { password: 'wrong' }).catch(() => undefined);

      expect((await world.server.refusedLogins()) - before).toBe(1);
    });

    it('calls a locked account denied', async () => {
      const change = await reader('lynq_locked', 'SELECT ON lynq_contract.nodes');
      await sql("ALTER USER 'lynq_locked'@'%' ACCOUNT LOCK");

      await expect(readAll(worldWith(), change)).rejects.toMatchObject({ type: 'SourceDenied' });
    });
  });

  describe('shape', () => {
    it('reads a view, and names the missing column of one', async () => {
      await sql('CREATE OR REPLACE VIEW lynq_contract.seen AS SELECT node_id, is_active FROM lynq_contract.nodes');

      expect((await readAll(worldWith(), { table: 'seen' })).rows).toHaveLength(2);
      await expect(readAll(worldWith(), { table: 'seen', extra: { p: 'plan' } })).rejects.toMatchObject({
        message: 'table lynq_contract.seen has no column plan (mapped to variable p)',
      });
    });

    it('calls a view over a dropped table broken', async () => {
      await world.putTable('lynq_contract', 'base', ['node_id', 'is_active'], []);
      await sql('CREATE OR REPLACE VIEW lynq_contract.broken AS SELECT * FROM lynq_contract.base');
      await sql('DROP TABLE lynq_contract.base');

      await expect(readAll(worldWith(), { table: 'broken' })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        detail: { error: 1356 },
      });
    });

    it('names a missing database', async () => {
      await sql("GRANT SELECT ON lynq_nowhere.* TO 'lynq_reader'@'%'");

      await expect(readAll(worldWith(), { block: { database: 'lynq_nowhere' } })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('lynq_nowhere'),
      });
    });

    it('reads columns whose names need quotes, in any case', async () => {
      await world.putTable('lynq_contract', 'o`dd tab.le', ['no`de', 'select', 'π'], [['acme', '1', 'x']]);

      const { rows } = await readAll(worldWith(), {
        table: '`o``dd tab.le`',
        columns: { uid: 'NO`DE', activate: 'SELECT' },
        extra: { p: 'π' },
      });

      expect(rows).toEqual([{ uid: 'acme', activate: '1', hostOrUrl: '', extra: { p: 'x' } }]);
    });

    it('sees a table or view that was changed as another source', async () => {
      const identity = async (table: string): Promise<string> => (await readAll(worldWith(), { table })).proof.identity;
      await world.putTable('lynq_contract', 'shape', ['node_id', 'is_active'], []);
      const table = await identity('shape');
      await sql("INSERT INTO lynq_contract.shape VALUES ('a', '1')");
      const grown = await identity('shape');
      await sql('ALTER TABLE lynq_contract.shape MODIFY is_active INT');
      const altered = await identity('shape');
      await sql('DROP TABLE lynq_contract.shape');
      await sql('CREATE VIEW lynq_contract.shape AS SELECT node_id, is_active FROM lynq_contract.nodes');
      const view = await identity('shape');

      expect(grown).toBe(table);
      expect(new Set([table, altered, view]).size).toBe(3);
    });

    it('sees a changed view text when the account has SHOW VIEW', async () => {
      await sql("GRANT SHOW VIEW ON lynq_contract.* TO 'lynq_reader'@'%'");
      const identity = async (): Promise<string> => (await readAll(worldWith(), { table: 'text' })).proof.identity;
      await sql('CREATE OR REPLACE VIEW lynq_contract.text AS SELECT node_id, is_active FROM lynq_contract.nodes');
      const before = await identity();
      await sql(
        'CREATE OR REPLACE VIEW lynq_contract.text AS SELECT node_id, is_active FROM lynq_contract.nodes WHERE 0',
      );

      expect(await identity()).not.toBe(before);
    });

    it('no longer warns of an engine that is another now, although the rows are the same', async () => {
      await world.server.recreate('lynq_contract.isam', '(node_id INT, is_active INT) ENGINE = MyISAM');
      const change = { table: 'isam' };
      const { proof } = await readAll(worldWith(), change);
      await sql('ALTER TABLE lynq_contract.isam ENGINE = InnoDB');

      const again = await readAll(worldWith(), { ...change, known: proof });
      expect(again.proof).toMatchObject({ identity: proof.identity, warnings: [] });
      expect(again.proof.unchanged).toBeUndefined();
    });

    it('warns of an engine without snapshots', async () => {
      await world.server.recreate('lynq_contract.isam', '(node_id INT, is_active INT) ENGINE = MyISAM');

      expect((await readAll(worldWith(), { table: 'isam' })).proof.warnings).toEqual([
        expect.stringContaining('engine MyISAM'),
      ]);
    });
  });

  describe('texts of column types', () => {
    it.each([
      ['TINYINT', '-128', '-128'],
      ['TINYINT(1)', '1', '1'],
      ['BOOLEAN', 'TRUE', '1'],
      ['BOOLEAN', 'FALSE', '0'],
      ['SMALLINT', '-32768', '-32768'],
      ['MEDIUMINT UNSIGNED', '16777215', '16777215'],
      ['INT', '-5', '-5'],
      ['INT(8) ZEROFILL', '42', '42'],
      ['BIGINT', '9223372036854775807', '9223372036854775807'],
      ['BIGINT', '-9223372036854775808', '-9223372036854775808'],
      ['BIGINT UNSIGNED', '18446744073709551615', '18446744073709551615'],
      ['YEAR', '2025', '2025'],
      ['YEAR', '0', '0'],
      ['FLOAT', '1.5', '1.5'],
      ['FLOAT', '1000000', '1e+06'],
      ['FLOAT', '3.14159', '3.14159'],
      ['FLOAT', '1e-7', '1e-07'],
      ['DOUBLE', '3', '3'],
      ['DOUBLE', '1000000', '1e+06'],
      ['DOUBLE', '123456', '123456'],
      ['DOUBLE', '0.1', '0.1'],
      ['DOUBLE', '-1.7976931348623157e308', '-1.7976931348623157e+308'],
      ['DOUBLE', '2.2250738585072014e-308', '2.2250738585072014e-308'],
      ['DECIMAL(10,2)', '10.5', '10.50'],
      [
        'DECIMAL(65,30)',
        '12345678901234567890123456789012345.123456789012345678901234567890',
        '12345678901234567890123456789012345.123456789012345678901234567890',
      ],
      ['CHAR(5)', "'ab'", 'ab'],
      ['VARCHAR(20)', "'žluť 😀'", 'žluť 😀'],
      ['VARCHAR(20) CHARACTER SET latin1', "'é'", 'é'],
      ['VARCHAR(20) CHARACTER SET utf16', "'日本'", '日本'],
      ['VARCHAR(20)', "'a\\0b'", 'a\u0000b'],
      ['TEXT', "''", ''],
      ['LONGTEXT', "REPEAT('x', 300000)", 'x'.repeat(300_000)],
      ["ENUM('small','large')", "'large'", 'large'],
      ["SET('a','b','c')", "'c,a'", 'a,c'],
      ['JSON', `'{"a": [1, "é"]}'`, '{"a": [1, "é"]}'],
      ['DATE', "'2025-01-02'", '2025-01-02T00:00:00Z'],
      ['DATE', "'9999-12-31'", '9999-12-31T00:00:00Z'],
      ['DATETIME', "'2025-01-02 03:04:05'", '2025-01-02T03:04:05Z'],
      ['DATETIME(6)', "'2025-01-02 03:04:05.120000'", '2025-01-02T03:04:05.12Z'],
      ['DATETIME(3)', "'2025-01-02 03:04:05.000'", '2025-01-02T03:04:05Z'],
      ['DATETIME', "'2025-03-30 02:30:00'", '2025-03-30T02:30:00Z'],
      ['TIMESTAMP NULL', "'2025-06-01 12:00:00'", '2025-06-01T09:00:00Z'],
      ['TIMESTAMP(6) NULL', "'2025-06-01 12:00:00.000001'", '2025-06-01T09:00:00.000001Z'],
      ['DATE', "'0000-00-00'", ''],
      ['DATETIME', "'0000-00-00 00:00:00'", ''],
      ['DATE', "'2025-00-10'", ''],
      ['TIME', "'-838:59:59'", '-838:59:59'],
      ['TIME(3)', "'12:00:00.5'", '12:00:00.500'],
      ['BIT(1)', "b'1'", '1'],
      ['BIT(1)', "b'0'", '0'],
      ['BIT(8)', "b'01000001'", 'A'],
      ['BIT(16)', "b'1111111100000001'", 'ÿ\u0001'],
      ['BINARY(3)', "X'616200'", 'ab\u0000'],
      ['VARBINARY(9)', "X'C3A9'", 'é'],
      ['BLOB', "X'FF00FE'", 'ÿ\u0000þ'],
      ['INT', 'NULL', ''],
      ['DATETIME', 'NULL', ''],
      ['BIT(1)', 'NULL', ''],
      ['JSON', 'NULL', ''],
    ])('reads %s %s', reads);

    it('reads the types that only MariaDB has', async () => {
      const types = [
        ['UUID', "'123e4567-e89b-12d3-a456-426614174000'", '123e4567-e89b-12d3-a456-426614174000'],
        ['INET6', "'::1'", '::1'],
      ] as const;
      for (const [type, value, text] of types) {
        if (world.server.isMariaDb) await reads(type, value, text);
        else await expect(reads(type, value, text)).rejects.toThrow('You have an error in your SQL syntax');
      }
    });

    async function reads(type: string, value: string, text: string): Promise<void> {
      await sql('DROP TABLE IF EXISTS lynq_contract.typed');
      await sql(`CREATE TABLE lynq_contract.typed (node_id INT, is_active INT, cell ${type}) CHARACTER SET utf8mb4`);
      await sql("SET SESSION sql_mode = '', SESSION time_zone = '+03:00'");
      await sql(`INSERT INTO lynq_contract.typed VALUES (1, 1, ${value})`);

      const { rows, proof } = await readAll(worldWith(), { table: 'typed', extra: { cell: 'cell' } });

      expect(rows[0]?.extra['cell']).toBe(text);
      const isZeroDate = text === '' && value.startsWith("'") && type.startsWith('DATE');
      expect(proof.warnings).toEqual(
        isZeroDate ? ['column cell (mapped to variable cell) has 1 zero dates, read as empty text'] : [],
      );
    }

    it('is active with a BIT(1) flag, under any time zone of the server', async () => {
      await world.server.recreate('lynq_contract.flags', '(node_id VARCHAR(63), is_active BIT(1), at TIMESTAMP NULL)');
      await sql("SET SESSION time_zone = '+00:00'");
      await sql("INSERT INTO lynq_contract.flags VALUES ('acme', b'1', '2025-01-01 00:00:00')");
      await sql("SET GLOBAL time_zone = '-07:00'");
      try {
        expect((await readAll(worldWith(), { table: 'flags', extra: { at: 'at' } })).rows).toEqual([
          { uid: 'acme', activate: '1', hostOrUrl: '', extra: { at: '2025-01-01T00:00:00Z' } },
        ]);
      } finally {
        await sql('SET GLOBAL time_zone = DEFAULT');
      }
    });
  });

  describe('connections', () => {
    const connectionIds = () => world.server.connectionsOf('lynq_reader');

    it('keeps one connection between reads, also for other tables of the hub', async () => {
      const kept = worldWith();
      await readAll(kept);
      const first = await connectionIds();
      await readAll(kept);

      expect(first).toHaveLength(1);
      expect(await connectionIds()).toEqual(first);
    });

    it('replaces the connection when the hub names another database', async () => {
      const kept = worldWith();
      await readAll(kept);
      const first = await connectionIds();
      await readAll(kept, { block: { database: 'lynq_elsewhere' }, table: 'lynq_contract.nodes' });

      await expect.poll(connectionIds).toHaveLength(1);
      expect(await connectionIds()).not.toEqual(first);
    });

    it('closes the connections of hubs that are gone and keeps the others', async () => {
      const kept = worldWith();
      await readAll(kept, { hub: 'a' });
      await readAll(kept, { hub: 'b' });

      await kept.source.retain(new Set(['b']));

      await expect.poll(connectionIds).toHaveLength(1);
      await kept.source.close();
      await expect.poll(connectionIds).toHaveLength(0);
    });

    it('reads with a new connection when the server has dropped the kept one', async () => {
      const kept = worldWith();
      await readAll(kept);
      await world.server.endConnectionsOf('lynq_reader');

      expect((await readAll(kept)).rows).toHaveLength(2);
    });

    it('leaves no connection behind after failures, aborts and throws', async () => {
      const used = worldWith();
      const controller = new AbortController();
      await readAll(used, { extra: { x: 'nope' } }).catch(() => undefined);
      await used.source
        .read(aRequest(world, { signal: controller.signal }), () => controller.abort())
        .catch(() => undefined);
      await used.source
        .read(aRequest(world), () => {
          throw new Error('mine');
        })
        .catch(() => undefined);

      await expect.poll(connectionIds).toHaveLength(0);
    });

    it('lets at most two reads of one hub run at a time', async () => {
      const used = worldWith();

      const outcomes = await Promise.allSettled([readAll(used), readAll(used), readAll(used)]);

      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'fulfilled', 'rejected']);
      expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { type: 'SourceUnreachable' },
      });
    });

    it('keeps the connection of a read under way open until it ends when its hub is gone', async () => {
      const used = worldWith();

      const read = readAll(used);
      await used.source.retain(new Set());

      expect((await read).rows).toHaveLength(2);
      await expect.poll(connectionIds).toHaveLength(0);
    });
  });
});
