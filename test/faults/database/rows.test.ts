import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childPath, conditionOf } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { configMapForm } from '../../support/e2e/manifests.ts';
import { addsUp, type FaultHub, type FaultWorld, nodeWrites, openFaultWorld } from './support.ts';

/** What a hub makes of bad rows: those rows alone are left as they are and named, all others go on. */
describe('faults/database/rows', () => {
  let faults: FaultWorld;

  const reports = mkdtempSync(join(tmpdir(), 'lynqflow-reports-'));

  beforeAll(async () => {
    const report = '--report-on-signal --report-exclude-network --report-filename=report.json';
    const options = `--max-old-space-size=256 ${report} --report-directory=${reports}`;
    faults = await openFaultWorld('rows', { NODE_OPTIONS: options });
  });
  afterAll(async () => {
    await faults?.close();
    rmSync(reports, { recursive: true, force: true });
  });

  /** MiB of the worker's heap and of the buffers beside it, as it reports itself. */
  async function heap(): Promise<number> {
    const file = join(reports, 'report.json');
    rmSync(file, { force: true });
    process.kill(faults.world.worker.pid(), 'SIGUSR2');
    return eventually('the worker has reported', () => {
      const { javascriptHeap } = JSON.parse(readFileSync(file, 'utf8')) as {
        readonly javascriptHeap: { readonly usedMemory: number; readonly externalMemory: number };
      };
      return there((javascriptHeap.usedMemory + javascriptHeap.externalMemory) / 2 ** 20);
    });
  }

  /** The least heap over so many syncs: what is there when garbage has just been taken away. */
  async function leastHeap(hub: FaultHub, syncs: number): Promise<number> {
    let least = Number.POSITIVE_INFINITY;
    for (let sync = 0; sync < syncs; sync += 1) {
      await hub.untilSynced(1);
      least = Math.min(least, await heap());
    }
    return least;
  }

  /** Waits until the rows that are not acted on are these, as `uid reason`. */
  const untilFrozen = (hub: FaultHub, wanted: readonly string[]) =>
    eventually(`frozen rows of ${hub.name}`, async () => {
      const status = await hub.status();
      const found = ((status?.frozenRows ?? []) as readonly { uid: string; reason: string }[]).map(
        ({ uid, reason }) => `${uid} ${reason}`,
      );
      return JSON.stringify(found.toSorted()) === JSON.stringify([...wanted].toSorted())
        ? there(status)
        : notYet(found);
    });

  const untilWarned = (hub: FaultHub, wanted: readonly string[]) =>
    eventually(`what the status of ${hub.name} warns of`, async () => {
      const { warnings = [] } = await hub.status();
      return JSON.stringify(warnings) === JSON.stringify(wanted) ? there(true) : notYet(warnings);
    });

  const mapOf = (name: string) => faults.world.cluster.find(childPath('ConfigMap', faults.world.namespace, name));
  const dataOf = async (name: string) => (await mapOf(name))?.data;
  const untilData = (name: string, wanted: Readonly<Record<string, string>>) =>
    eventually(`${name} is as wanted`, async () => {
      const data = (await dataOf(name)) ?? {};
      return Object.entries(wanted).every(([key, value]) => data[key] === value) ? there(data) : notYet(data);
    });

  test('M17 M18 M19 M20 bad rows are named and frozen, and block no other', async () => {
    const hub = await faults.open('m17', 3);
    const before = await hub.nodes();
    await hub.sql(`INSERT INTO m17 (id, active, size) VALUES
      ('row-0', TRUE, 1), ('row-1', TRUE, 99), (NULL, TRUE, 1), ('', TRUE, 1), ('Row-2', TRUE, 1),
      ('under_score', TRUE, 1), ('fresh', TRUE, 5), ('nothing', NULL, 1), (NULL, FALSE, 1)`);

    const status = await untilFrozen(hub, [
      ' NullUid',
      'Row-2 CollidingUid',
      'row-1 DuplicateUid',
      'row-2 CollidingUid',
      'under_score InvalidUid',
    ]);
    // NULL and the empty text are one reason; row-0 twice with equal values is one row.
    expect(status.rows).toMatchObject({ seen: 12, active: 2, inactive: 2, repeated: 1, frozen: 7 });
    addsUp(status.rows);
    expect(status.warnings).toEqual([expect.stringContaining('row-0')]);
    await hub.untilNodes(4);
    const after = await hub.nodes();
    for (const [name, uid] of before) expect(after.get(name)).toBe(uid);
    expect([...after.keys()]).toContain('fresh-m17-form');
    expect([...after.keys()]).not.toContain('-m17-form');
    await eventually('the fresh row is provisioned', async () => {
      const data = await dataOf('fresh-m17-form-map');
      return data?.['size'] === '5' ? there(data) : notYet(data);
    });
    expect(await dataOf('row-1-m17-form-map')).toMatchObject({ size: '1' });

    await hub.sql("DELETE FROM m17 WHERE size = 99 OR BINARY id = 'Row-2'");
    await untilFrozen(hub, [' NullUid', 'under_score InvalidUid']);
    expect(await hub.nodes()).toEqual(after);
  });

  test('M18 a uid that differs from another one only in case, blanks or Unicode form is refused, and the one with nodes stays as it is', async () => {
    const hub = await faults.open('m18', 5);
    await hub.sql("INSERT INTO m18 (id) VALUES ('kilo')");
    const before = await hub.untilNodes(6);
    await untilData('kilo-m18-form-map', { size: '1' });
    const maps = await Promise.all(['row-0', 'row-1', 'kilo'].map((row) => mapOf(`${row}-m18-form-map`)));
    const place = faults.world.audit.now();
    // KELVIN SIGN is a `K` in both Unicode forms; cafe with one character for its accent, and with two.
    await hub.sql(
      `INSERT INTO m18 (id, size) VALUES ('Row-0', 7), ('row-1 ', 7), (_utf8mb4 X'E284AA696C6F', 7),
       (_utf8mb4 X'636166C3A9', 7), (_utf8mb4 X'63616665CC81', 7), ('fresh', 7)`,
    );
    // The row that has nodes changes too: which of the two is meant cannot be told.
    await hub.sql(
      "UPDATE m18 SET size = 8 WHERE id IN ('row-1', 'kilo') AND size = 1; UPDATE m18 SET size = 8 WHERE id = 'row-2'",
    );

    const status = await untilFrozen(hub, [
      'Row-0 CollidingUid',
      'cafe\u0301 CollidingUid',
      'caf\u00e9 CollidingUid',
      'kilo CollidingUid',
      'row-0 CollidingUid',
      'row-1 CollidingUid',
      'row-1  CollidingUid',
      '\u212ailo CollidingUid',
    ]);
    expect(status.rows).toMatchObject({ seen: 12, active: 4, frozen: 8, held: 0 });
    addsUp(status.rows);
    await untilData('fresh-m18-form-map', { size: '7' });
    await untilData('row-2-m18-form-map', { size: '8' });
    await hub.untilSynced(2);
    const after = await hub.nodes();
    expect(after).toEqual(new Map([...before, ['fresh-m18-form', after.get('fresh-m18-form')]]));
    const now = await Promise.all(['row-0', 'row-1', 'kilo'].map((row) => mapOf(`${row}-m18-form-map`)));
    expect(now).toEqual(maps);
    const writes = new Set(nodeWrites(faults, hub, place).map((write) => write.split(' ')[1]));
    expect(writes).toEqual(new Set(['fresh-m18-form', 'row-2-m18-form']));

    await hub.sql("DELETE FROM m18 WHERE size = 7 AND id != 'fresh'");
    await untilFrozen(hub, []);
    await untilData('row-1-m18-form-map', { size: '8' });
    await untilData('kilo-m18-form-map', { size: '8' });
    expect(await hub.nodes()).toEqual(after);
    await hub.sql("DELETE FROM m18 WHERE id = 'fresh'");
    await hub.untilNodes(6);
    await faults.world.gone(['fresh-m18-form']);
  });

  test('M20 a NULL is 0 where a form wants a number, as in the Go operator, and its node is Ready like the others', async () => {
    const form = configMapForm({ name: 'm20-form', namespace: faults.world.namespace, hub: 'm20' }, [
      { id: 'map', data: { size: '{{ .size | int }}', more: '{{ add (int .size) 1 }}' } },
    ]);
    const hub = await faults.open('m20', 2, { form });
    const before = await hub.nodes();
    await hub.sql("UPDATE m20 SET size = NULL WHERE id = 'row-0'; UPDATE m20 SET size = 5 WHERE id = 'row-1'");
    await untilData('row-0-m20-form-map', { size: '0', more: '1' });
    await untilData('row-1-m20-form-map', { size: '5', more: '6' });
    await faults.world.ready(['row-0-m20-form', 'row-1-m20-form']);
    expect(await hub.nodes()).toEqual(before);
    const said =
      'variable size is NULL or empty on 1 active rows, the first is row-0, and the number 0 in form m20-form';
    await untilWarned(hub, [said]);
    expect((await hub.status()).rows).toMatchObject({ seen: 2, active: 2, frozen: 0 });
    // It stays while the rows are the same, and goes when there is a number.
    await hub.untilSynced(3);
    await untilWarned(hub, [said]);
    await hub.sql("UPDATE m20 SET size = 3 WHERE id = 'row-0'");
    await untilWarned(hub, []);
    await untilData('row-0-m20-form-map', { size: '3', more: '4' });
  });

  test('M20 a form that refuses an empty number keeps what the node had, and the node is Degraded until there is one', async () => {
    const size = '{{ if eq .size "" }}{{ fail "no size" }}{{ end }}{{ .size | int }}';
    const form = configMapForm({ name: 'm20-strict-form', namespace: faults.world.namespace, hub: 'm20-strict' }, [
      { id: 'map', data: { size } },
    ]);
    const hub = await faults.open('m20-strict', 2, { form });
    await faults.world.ready(['row-0-m20-strict-form', 'row-1-m20-strict-form']);
    const before = await mapOf('row-0-m20-strict-form-map');
    await hub.sql('UPDATE m20_strict SET size = NULL');
    await hub.sql("UPDATE m20_strict SET size = 5 WHERE id = 'row-1'");

    const node = await eventually('the node is Degraded', async () => {
      const found = await faults.world.node('row-0-m20-strict-form');
      const degraded = found === undefined ? undefined : conditionOf(found, 'Degraded');
      return found !== undefined && degraded?.status === 'True' ? there(found) : notYet(found?.status ?? 'no status');
    });
    expect(JSON.stringify(node.status)).toContain('no size');
    await untilData('row-1-m20-strict-form-map', { size: '5' });
    await hub.untilSynced(2);
    expect(await mapOf('row-0-m20-strict-form-map')).toEqual(before);
    // A form that asks has thought of it.
    await untilWarned(hub, []);
    await hub.sql("UPDATE m20_strict SET size = 6 WHERE id = 'row-0'");
    await untilData('row-0-m20-strict-form-map', { size: '6' });
    await faults.world.ready(['row-0-m20-strict-form', 'row-1-m20-strict-form']);
  });

  test('M21 values of 256 KiB, 1 MiB and 16 MiB freeze their rows, nothing is tried with them, the heap of the worker stays small and the others settle', async () => {
    const hub = await faults.open('m21', 4, { columns: ', wide LONGTEXT', extra: { wide: 'wide' } });
    await hub.untilSynced(3);
    const before = await hub.nodes();
    const small = await leastHeap(hub, 10);
    const place = faults.world.audit.now();
    const sizes = { 'row-0': 2 ** 18, 'row-1': 2 ** 20, 'row-2': 2 ** 24, big: 2 ** 24 };
    for (const [row, size] of Object.entries(sizes))
      await hub.sql(
        row === 'big'
          ? `INSERT INTO m21 (id, wide) VALUES ('small', ''), ('big', REPEAT('x', ${size}))`
          : `UPDATE m21 SET wide = REPEAT('x', ${size}) WHERE id = '${row}'`,
      );

    const { rows } = await untilFrozen(
      hub,
      Object.keys(sizes).map((row) => `${row} TooLarge`),
    );
    addsUp(rows);
    expect(rows).toMatchObject({ seen: 6, active: 2, frozen: 4 });
    await untilData('small-m21-form-map', { size: '1', wide: '' });
    await faults.world.ready(['row-3-m21-form', 'small-m21-form']);
    expect((await leastHeap(hub, 20)) - small).toBeLessThan(64);

    const after = await hub.nodes();
    expect(after).toEqual(new Map([...before, ['small-m21-form', after.get('small-m21-form')]]));
    const written = nodeWrites(faults, hub, place).filter((write) => !/(small|row-3)-m21-form$/.test(write));
    expect(written).toEqual([]);
    await hub.until('Ready', 'True');
  });

  test('M22 uids that are no UTF-8, have a NUL or a lone surrogate freeze their rows, and the others go on', async () => {
    const hub = await faults.open('m22', 2);
    await hub.sql('ALTER TABLE m22 MODIFY id VARBINARY(63)');
    await hub.until('SourceChanged', 'True');
    await hub.until('SourceChanged', 'False');
    const before = await hub.nodes();
    const place = faults.world.audit.now();
    await hub.sql(
      "INSERT INTO m22 (id) VALUES (X'726FFF77'), (X'726F0077'), (X'726FEDA08077'), (X'726FE977'), ('fresh')",
    );

    // Bytes that are no UTF-8 are one character each.
    const broken = ['ro\u00ffw', 'ro\u0000w', 'ro\u00ed\u00a0\u0080w', 'ro\u00e9w'];
    const status = await untilFrozen(
      hub,
      broken.map((uid) => `${uid} InvalidUid`),
    );
    expect(status.rows).toMatchObject({ seen: 7, active: 3, frozen: 4 });
    addsUp(status.rows);
    await untilData('fresh-m22-form-map', { size: '1' });
    const after = await hub.nodes();
    expect(after).toEqual(new Map([...before, ['fresh-m22-form', after.get('fresh-m22-form')]]));
    expect(new Set(nodeWrites(faults, hub, place).map((write) => write.split(' ')[1]))).toEqual(
      new Set(['fresh-m22-form']),
    );
    await hub.until('Ready', 'True');

    await hub.sql("DELETE FROM m22 WHERE id NOT IN ('fresh', 'row-0', 'row-1')");
    await untilFrozen(hub, []);
    expect(await hub.nodes()).toEqual(after);
  });

  test('M22 a value of broken bytes comes into an object byte for byte, and fails its own entry where it reaches a name or a label', async () => {
    const { namespace } = faults.world;
    const place = { name: 'm22-raw-form', namespace, hub: 'm22-raw' };
    const form = configMapForm(place, [{ id: 'map', data: { raw: '{{ .raw }}' } }, { id: 'label' }, { id: 'name' }]);
    const [map, label, name] = form.spec['configMaps'] as readonly object[];
    const configMaps = [
      map,
      { ...label, labelsTemplate: { raw: '{{ .raw }}' } },
      { ...name, nameTemplate: '{{ .uid }}-{{ .raw }}-m22' },
    ];
    const hub = await faults.open('m22-raw', 0, {
      columns: ', raw VARBINARY(9)',
      extra: { raw: 'raw' },
      form: { ...form, spec: { ...form.spec, configMaps } },
    });
    await hub.sql("INSERT INTO m22_raw (id, raw) VALUES ('broken', X'FF00FE'), ('whole', 'plain')");
    await untilData('broken-m22-raw-form-map', { raw: '\u00ff\u0000\u00fe' });
    await faults.world.ready(['whole-m22-raw-form']);
    const { status } = await eventually('the entries with the value have failed', async () => {
      const node = await faults.world.node('broken-m22-raw-form');
      return node?.status?.failedResources === 2 ? there(node) : notYet(node?.status ?? 'no status');
    });
    const states = (status.resources as readonly { id: string; state: string; reason?: string }[]).map(
      ({ id, state, reason = '' }) => [id, state, reason].join(' '),
    );
    expect(states.toSorted()).toEqual(['label Failed Invalid', 'map Ready ', 'name Failed InvalidName']);
    expect(JSON.stringify(status)).not.toContain('\u00fe');
    await hub.sql("UPDATE m22_raw SET raw = 'whole' WHERE id = 'broken'");
    await faults.world.ready(['broken-m22-raw-form', 'whole-m22-raw-form']);
  });

  test('M22 M23 M24 M25 bytes, dates, digits and flags of every type reach the objects as they are, and flags decide', async () => {
    const columns = {
      western: "VARCHAR(20) CHARACTER SET latin1 DEFAULT 'ü'",
      raw: "VARBINARY(9) DEFAULT X'C3A9'",
      day: "DATE DEFAULT '9999-12-31'",
      moment: "DATETIME DEFAULT '2025-03-30 02:30:00'",
      large: 'BIGINT UNSIGNED DEFAULT 18446744073709551615',
      exact: "DECIMAL(65,30) DEFAULT '12345678901234567890123456789012345.123456789012345678901234567890'",
      chosen: "ENUM('small','large') DEFAULT 'large'",
      bit: "BIT(1) DEFAULT b'1'",
      nothing: 'INT NULL',
    };
    const hub = await faults.open('m23', 2, {
      columns: Object.entries(columns)
        .map(([name, definition]) => `, ${name} ${definition}`)
        .join(''),
      extra: Object.fromEntries(Object.keys(columns).map((name) => [name, name])),
    });
    const path = childPath('ConfigMap', faults.world.namespace, 'row-0-m23-form-map');
    const data = await eventually('the ConfigMap is there', async () => {
      const found = (await faults.world.cluster.find(path))?.data;
      return found === undefined ? notYet('none') : there(found);
    });
    expect(data).toEqual({
      size: '1',
      western: 'ü',
      raw: 'é',
      day: '9999-12-31T00:00:00Z',
      moment: '2025-03-30T02:30:00Z',
      large: '18446744073709551615',
      exact: '12345678901234567890123456789012345.123456789012345678901234567890',
      chosen: 'large',
      bit: '1',
      nothing: '',
    });
    const flags = ['BIT(1) NOT NULL', "ENUM('false','true') NOT NULL", 'VARCHAR(5) NOT NULL'];
    for (const flag of flags) {
      const off = flag.startsWith('BIT') ? "b'0'" : "'false'";
      const on = flag.startsWith('BIT') ? "b'1'" : "'true'";
      await hub.sql(`ALTER TABLE m23 DROP COLUMN active, ADD COLUMN active ${flag} DEFAULT ${on}`);
      await hub.until('SourceChanged', 'True');
      await hub.until('SourceChanged', 'False');
      await hub.sql(`UPDATE m23 SET active = ${off} WHERE id = 'row-1'`);
      await hub.untilNodes(1);
      await hub.sql(`UPDATE m23 SET active = ${on}`);
      await hub.untilNodes(2);
    }
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await faults.expectRulesKept();
  });
});
