import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isActive } from '../../../domain/rows.ts';
import { readAll } from '../../contract/row-source.contract.ts';
import { openRealWorld } from '../../contract/row-source.server.ts';

/** What a read makes of odd values: the text that is documented, and every byte and digit of it. */
describe('faults/database/values', () => {
  let world: Awaited<ReturnType<typeof openRealWorld>>;
  const sql = (statement: string) => world.server.sql(statement);

  beforeAll(async () => {
    world = await openRealWorld();
  });
  afterAll(async () => {
    await world?.close();
  });

  test('M22 bytes that are no UTF-8, NUL and latin1 columns come through, each in its own way', async () => {
    await world.server.recreate(
      'lynq_contract.bytes',
      '(node_id VARCHAR(63), is_active INT, raw VARBINARY(20), western VARCHAR(20) CHARACTER SET latin1)',
    );
    await sql("INSERT INTO lynq_contract.bytes VALUES ('a', 1, X'FF00FE', 'é'), ('b', 1, X'C3A9', 'ü')");
    const { rows } = await readAll(world, { table: 'bytes', extra: { raw: 'raw', western: 'western' } });
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
      const { rows, proof } = await readAll(world, { table: 'dates', extra: { d: 'd', t: 't', w: 'w' } });
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
    const { rows } = await readAll(world, { table: 'numbers', extra: { a: 'a', b: 'b', c: 'c', d: 'd' } });
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
      ['BIT(1)', "b'0'", '0'],
      ['TINYINT(1)', '0', '0'],
      ['BOOL', 'FALSE', '0'],
      ["ENUM('true','false')", "'false'", 'false'],
      ["SET('yes','no')", "'no'", 'no'],
      ['JSON', "'false'", 'false'],
      ['BLOB', "'0'", '0'],
    ];
    for (const [type, value, text] of flags) {
      await world.server.recreate('lynq_contract.flag', `(node_id VARCHAR(63), is_active ${type})`);
      await sql(`INSERT INTO lynq_contract.flag VALUES ('a', ${value})`);
      const { rows } = await readAll(world, { table: 'flag' });
      expect(rows, type).toEqual([{ uid: 'a', activate: text, hostOrUrl: '', extra: {} }]);
      expect(isActive(text), type).toBe(text !== 'no' && text !== '0' && text !== 'false');
    }
  });

  test('M25 a GEOMETRY column gives its bytes, one character each where they are no UTF-8, and is no flag', async () => {
    await world.server.recreate('lynq_contract.places', '(node_id VARCHAR(63), is_active GEOMETRY, place GEOMETRY)');
    await sql("INSERT INTO lynq_contract.places VALUES ('a', POINT(1, 1), POINT(1, 0)), ('b', NULL, NULL)");
    const { rows } = await readAll(world, { table: 'places', extra: { place: 'place' } });
    const number = (value: number): Buffer => {
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleLE(value);
      return bytes;
    };
    // Reference system, little endian, a point.
    const bytes = Buffer.concat([Buffer.from([0, 0, 0, 0, 1, 1, 0, 0, 0]), number(1), number(0)]);
    expect(rows.map(({ extra }) => extra)).toEqual([{ place: bytes.toString('latin1') }, { place: '' }]);
    expect(rows.map(({ activate }) => isActive(activate))).toEqual([false, false]);
  });
});
