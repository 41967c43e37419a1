import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RowSource } from '../../domain/ports.ts';
import { aRequest, readAll, rowSourceContract } from './row-source.contract.ts';
import {
  openPostgresServer,
  openPostgresSource,
  openPostgresWorld,
  type PostgresServer,
  type PostgresWorld,
} from './row-source.postgres.server.ts';

let server: PostgresServer;

beforeAll(async () => {
  server = await openPostgresServer();
}, 600_000);
afterAll(async () => {
  await server?.close();
});

rowSourceContract('postgres', '"', () => openPostgresWorld(server));

describe('adapters/postgres on a real server', () => {
  let world: PostgresWorld;
  const opened: RowSource[] = [];

  function worldWith(change: { connectTimeoutMs?: number; statementTimeoutMs?: number } = {}): PostgresWorld {
    const source = openPostgresSource(change);
    opened.push(source);
    return { ...world, source };
  }

  beforeAll(async () => {
    world = await openPostgresWorld(server);
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
    await world?.close();
  });

  const sql = (statement: string) => server.sql(statement);

  describe('read proof', () => {
    it('gives no proof wherever the connection breaks, to the last byte', async () => {
      const change = { extra: { plan: 'plan' } };
      await readAll(worldWith(), change);
      const total = world.proxy.carried();
      const positions = [
        ...Array.from({ length: 30 }, (_, index) => Math.floor((index * total) / 30)),
        ...Array.from({ length: 6 }, (_, index) => total - 1 - index),
      ];

      for (const position of positions) {
        world.proxy.limit(position, 'break');
        await expect(readAll(worldWith(), change), `cut after ${position} of ${total} bytes`).rejects.toMatchObject({
          type: expect.stringMatching(/^Source(Incomplete|Unreachable)$/),
        });
      }
      expect(total).toBeGreaterThan(500);
    });

    it('gives up on a server that falls silent', async () => {
      const before = worldWith();
      await readAll(before);
      await before.source.close();
      world.proxy.limit(world.proxy.carried() - 20, 'silence');

      await expect(readAll(worldWith({ statementTimeoutMs: 200 }))).rejects.toMatchObject({ type: 'SourceIncomplete' });
      await expect.poll(() => world.proxy.open()).toBe(0);
    });

    it('is cut by the server at the statement limit', async () => {
      await sql(
        'CREATE OR REPLACE VIEW lynq_contract.slow AS SELECT node_id, is_active FROM lynq_contract.nodes, pg_sleep(20)',
      );

      await expect(readAll(worldWith({ statementTimeoutMs: 300 }), { table: 'slow' })).rejects.toMatchObject({
        type: 'SourceIncomplete',
        detail: { error: '57014' },
      });
      await expect
        .poll(async () => (await sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'lynq_reader'"))[0]?.[0])
        .toBe('0');
    });

    it('gives no proof of a result with warnings', async () => {
      await sql(`CREATE OR REPLACE FUNCTION lynq_contract.warn(t text) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN RAISE WARNING 'canary'; RETURN t; END $$`);
      await sql(
        'CREATE OR REPLACE VIEW lynq_contract.warned AS SELECT lynq_contract.warn(node_id) AS node_id, is_active FROM lynq_contract.nodes',
      );

      await expect(readAll(worldWith(), { table: 'warned' })).rejects.toMatchObject({
        type: 'SourceIncomplete',
        message: expect.stringContaining('2 warnings'),
      });
    });

    it('takes no notice and no information for a warning', async () => {
      await sql(`CREATE OR REPLACE FUNCTION lynq_contract.speak(t text) RETURNS text LANGUAGE plpgsql AS
        $$ BEGIN RAISE NOTICE 'a notice'; RAISE INFO 'an information'; RETURN t; END $$`);
      await sql(
        'CREATE OR REPLACE VIEW lynq_contract.spoken AS SELECT lynq_contract.speak(node_id) AS node_id, is_active FROM lynq_contract.nodes',
      );

      expect((await readAll(worldWith(), { table: 'spoken' })).rows).toHaveLength(2);
    });

    it('fails where row-level security would hide rows, instead of losing them', async () => {
      await sql(`DROP TABLE IF EXISTS lynq_contract.guarded; CREATE TABLE lynq_contract.guarded (node_id text, is_active text);
        INSERT INTO lynq_contract.guarded VALUES ('a', '1'), ('b', '1');
        ALTER TABLE lynq_contract.guarded ENABLE ROW LEVEL SECURITY;
        CREATE POLICY only_a ON lynq_contract.guarded USING (node_id = 'a')`);

      await expect(readAll(worldWith(), { table: 'guarded' })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('row-level security'),
      });
    });

    it('sees one snapshot whatever others commit meanwhile', async () => {
      await sql(`DROP TABLE IF EXISTS lynq_contract.moving;
        CREATE TABLE lynq_contract.moving AS SELECT 'row-' || n AS node_id, '1' AS is_active, repeat('x', 1000) AS wide FROM generate_series(1, 20000) n`);
      let changed: Promise<unknown> | undefined;

      const proof = await worldWith().source.read(
        aRequest(world, { table: 'moving', extra: { wide: 'wide' } }),
        (row) => {
          changed ??= sql("UPDATE lynq_contract.moving SET is_active = '0'; DELETE FROM lynq_contract.moving");
          expect(row.activate).toBe('1');
        },
      );

      await changed;
      expect(proof.rows).toBe(20_000);
    });

    it('sends nothing but reads, and quotes every name', async () => {
      const hostile = '" FROM pg_authid; DROP TABLE nodes; -- ';
      await expect(readAll(worldWith(), { extra: { x: hostile } })).rejects.toMatchObject({ type: 'SourceShapeWrong' });

      expect((await readAll(worldWith())).rows).toHaveLength(2);
    });

    it('holds a small heap while 30,000 rows of 4 KB pass', async () => {
      await sql(`DROP TABLE IF EXISTS lynq_contract.big;
        CREATE TABLE lynq_contract.big AS SELECT 'row-' || n AS node_id, '1' AS is_active, repeat('x', 4000) AS wide FROM generate_series(1, 30000) n`);
      const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
      const before = used();
      let [highest, seen] = [0, 0];

      await worldWith().source.read(aRequest(world, { table: 'big', extra: { wide: 'wide' } }), () => {
        seen += 1;
        if (seen % 500 === 0) highest = Math.max(highest, used());
      });

      expect(seen).toBe(30_000);
      expect((highest - before) / 1024 / 1024).toBeLessThan(64);
    });

    it('refuses a row that is larger than any usable one', async () => {
      await sql(
        "CREATE OR REPLACE VIEW lynq_contract.huge AS SELECT 'a' AS node_id, repeat('x', 40000000) AS is_active",
      );

      await expect(readAll(worldWith(), { table: 'huge' })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('32 MiB'),
      });
    });
  });

  describe('text of the column types', () => {
    it.each([
      ['boolean', 'true', 'true'],
      ['boolean', 'false', 'false'],
      ['smallint', '-32768', '-32768'],
      ['integer', '7', '7'],
      ['bigint', '9223372036854775807', '9223372036854775807'],
      [
        'numeric(65,30)',
        "'12345678901234567890123456789012345.678901234567890123456789012345'",
        '12345678901234567890123456789012345.678901234567890123456789012345',
      ],
      ['numeric(10,2)', '10.5', '10.50'],
      ['real', '1.5', '1.5'],
      ['real', '0.1', '0.1'],
      ['double precision', '1000000', '1e+06'],
      ['double precision', '0.1', '0.1'],
      ['double precision', '1e308', '1e+308'],
      ['double precision', "'NaN'", 'NaN'],
      ['double precision', "'-Infinity'", '-Infinity'],
      ['text', "'žluť 😀'", 'žluť 😀'],
      ['varchar(20)', "'a  '", 'a  '],
      ['char(5)', "'a'", 'a'],
      ['uuid', "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
      ['json', `'{"a": 1}'`, '{"a": 1}'],
      ['jsonb', `'{"b":2,"a":1}'`, '{"a": 1, "b": 2}'],
      ['date', "'2025-01-02'", '2025-01-02T00:00:00Z'],
      ['date', "'infinity'", 'infinity'],
      ['date', "'0044-03-15 BC'", '0044-03-15 BC'],
      ['timestamp', "'2025-01-02 03:04:05.120000'", '2025-01-02T03:04:05.12Z'],
      ['timestamptz', "'2025-07-02 03:04:05+02'", '2025-07-02T01:04:05Z'],
      ['time', "'03:04:05'", '03:04:05'],
      ['interval', "'1 day 2 hours'", '1 day 02:00:00'],
      ['bytea', String.raw`'\x61c5be'`, 'až'],
      ['bytea', String.raw`'\xff00'`, '\u00ff\u0000'],
      ['bit(1)', "B'1'", '1'],
      ['bit(4)', "B'0101'", '0101'],
      ['integer[]', "'{1,2}'", '{1,2}'],
      ['inet', "'10.0.0.1/24'", '10.0.0.1/24'],
      ['text', 'NULL', ''],
    ])('%s %s is %j', async (type, value, text) => {
      await sql(`DROP TABLE IF EXISTS lynq_contract.typed;
        CREATE TABLE lynq_contract.typed (node_id text, is_active boolean, v ${type});
        INSERT INTO lynq_contract.typed VALUES ('acme', true, ${value})`);

      const { rows } = await readAll(worldWith(), { table: 'typed', extra: { v: 'v' } });

      expect(rows).toEqual([{ uid: 'acme', activate: 'true', hostOrUrl: '', extra: { v: text } }]);
    });

    it('is the same whatever the role is set to', async () => {
      const settings = {
        DateStyle: 'German',
        TimeZone: 'Asia/Tokyo',
        bytea_output: 'escape',
        extra_float_digits: '-10',
      };
      for (const [name, value] of Object.entries(settings))
        await sql(`ALTER ROLE lynq_reader SET ${name} = '${value}'`);
      await sql(`DROP TABLE IF EXISTS lynq_contract.typed;
        CREATE TABLE lynq_contract.typed (node_id text, is_active int, d date, t timestamptz, f float8, b bytea);
        INSERT INTO lynq_contract.typed VALUES ('acme', 1, '2025-01-02', '2025-01-02 03:04:05Z', 0.1, 'x')`);
      try {
        const { rows } = await readAll(worldWith(), { table: 'typed', extra: { d: 'd', t: 't', f: 'f', b: 'b' } });

        expect(rows[0]?.extra).toEqual({ d: '2025-01-02T00:00:00Z', t: '2025-01-02T03:04:05Z', f: '0.1', b: 'x' });
      } finally {
        await sql('ALTER ROLE lynq_reader RESET ALL');
      }
    });
  });

  describe('shape and identity', () => {
    const identity = async (table: string): Promise<string> => (await readAll(worldWith(), { table })).proof.identity;

    it('sees a table or view that was changed as another source, and rows as no change', async () => {
      await sql('DROP TABLE IF EXISTS lynq_contract.shape');
      await world.putTable('lynq_contract', 'shape', ['node_id', 'is_active'], []);
      const table = await identity('shape');
      await sql("INSERT INTO lynq_contract.shape VALUES ('a', '1')");
      const grown = await identity('shape');
      await sql('ALTER TABLE lynq_contract.shape ALTER is_active TYPE int USING 1');
      const altered = await identity('shape');
      await sql(
        'DROP TABLE lynq_contract.shape; CREATE VIEW lynq_contract.shape AS SELECT node_id, is_active FROM lynq_contract.nodes',
      );
      const view = await identity('shape');
      await sql(
        "CREATE OR REPLACE VIEW lynq_contract.shape AS SELECT node_id, is_active FROM lynq_contract.nodes WHERE node_id = 'acme'",
      );
      const narrowed = await identity('shape');
      await sql('DROP VIEW lynq_contract.shape');

      expect(grown).toBe(table);
      expect(new Set([table, altered, view, narrowed]).size).toBe(4);
    });

    it('is the same source after a restart of the server', async () => {
      const before = await identity('nodes');
      await server.running.restart('kill');

      expect(await identity('nodes')).toBe(before);
    });

    it('is one that a role can read which may not ask for the timeline', async () => {
      const timeline = 'FUNCTION pg_catalog.pg_current_wal_lsn()';
      await sql(`REVOKE EXECUTE ON ${timeline} FROM PUBLIC`);
      try {
        const { rows, proof } = await readAll(worldWith());

        expect(rows).toHaveLength(2);
        expect(await identity('nodes')).toBe(proof.identity);
      } finally {
        await sql(`GRANT EXECUTE ON ${timeline} TO PUBLIC`);
      }
    });

    it('asks for a grant when the role may not read the table, and names a column it may not read', async () => {
      await sql('REVOKE SELECT ON lynq_contract.nodes FROM lynq_reader');
      await expect(readAll(worldWith())).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('grant'),
      });
      await sql('GRANT SELECT (node_id, is_active) ON lynq_contract.nodes TO lynq_reader');
      expect((await readAll(worldWith())).rows).toHaveLength(2);
      await expect(readAll(worldWith(), { extra: { tier: 'plan' } })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        message: expect.stringContaining('plan (mapped to variable tier)'),
      });
      await sql('GRANT SELECT ON lynq_contract.nodes TO lynq_reader');
    });

    it('says that a value of a view cannot be computed', async () => {
      await sql(
        'CREATE OR REPLACE VIEW lynq_contract.failing AS SELECT node_id, (1 / (length(node_id) - 4))::text AS is_active FROM lynq_contract.nodes',
      );

      await expect(readAll(worldWith(), { table: 'failing' })).rejects.toMatchObject({
        type: 'SourceShapeWrong',
        detail: { error: '22012' },
      });
    });
  });

  describe('connections', () => {
    const connections = async (): Promise<readonly unknown[]> =>
      (await sql("SELECT pid FROM pg_stat_activity WHERE usename = 'lynq_reader'")).map(([pid]) => pid);

    it('keeps one connection between reads, outside any transaction', async () => {
      const kept = worldWith();
      await readAll(kept);
      const first = await connections();
      await readAll(kept);

      expect(first).toHaveLength(1);
      expect(await connections()).toEqual(first);
      expect(await sql("SELECT state FROM pg_stat_activity WHERE usename = 'lynq_reader'")).toEqual([['idle']]);
    });

    it('reads with a new connection when the server has dropped the kept one', async () => {
      const kept = worldWith();
      await readAll(kept);
      await sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'lynq_reader'");

      expect((await readAll(kept)).rows).toHaveLength(2);
    });

    it('leaves no connection behind after failures, aborts and throws', async () => {
      const used = worldWith();
      const controller = new AbortController();
      await readAll(used, { extra: { x: 'nope' } }).catch(() => undefined);
      await used.source
        .read(aRequest(world, { signal: controller.signal }), () => controller.abort())
        .catch(() => undefined);

      await expect.poll(connections).toHaveLength(0);
    });
  });
});
