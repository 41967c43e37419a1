import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type FakeBehaviour, type FakeServer, honest, openFakeServer } from '../../contract/row-source.fake-server.ts';
import { describeRequest } from '../../support/e2e/audit.ts';
import { childPath, conditionOf, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { addsUp, type FaultHub, type FaultWorld, listOf, nodeWrites, openFaultWorld, rowNames } from './support.ts';

const approve = 'lynq.sh/approve-deletions';

/** A MySQL server with other rows, as a failover may bring up. */
function serverWith(rows: readonly (readonly string[])[]): FakeBehaviour {
  return {
    answer: (sql) => {
      if (sql.startsWith('SELECT COUNT')) return { columns: 1, rows: [[String(rows.length)]] };
      if (sql.startsWith('SELECT `')) return { columns: 3, rows };
      return honest(sql);
    },
  };
}

describe('faults/database/guard', () => {
  let faults: FaultWorld;
  const servers: FakeServer[] = [];

  beforeAll(async () => {
    faults = await openFaultWorld('guard');
  });
  afterAll(async () => {
    for (const server of servers) await server.close();
    await faults?.close();
  });

  async function failover(hub: FaultHub, rows: readonly (readonly string[])[]): Promise<FakeServer> {
    const server = await openFakeServer(serverWith(rows));
    servers.push(server);
    hub.proxy.retarget(server.port);
    return server;
  }

  /** Every report since a place that lacks all rows, the first included, says that the deletions are held. */
  function expectHeldFromTheFirst(hub: FaultHub, place: number): void {
    const reports = faults.world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.resource === 'lynqhubs' && objectRef.name === hub.name)
      .flatMap(({ responseObject }) => (responseObject?.status?.rows?.active === 0 ? [responseObject] : []));
    expect(reports.length).toBeGreaterThan(0);
    for (const report of reports)
      expect(conditionOf(report as KubeObject, 'DeletionHeld')).toMatchObject({ status: 'True' });
    expect(nodeWrites(faults, hub, place)).toEqual([]);
  }

  const planHashOf = (message: string): string => /plan hash ([0-9a-f]+)/.exec(message)?.[1] ?? '';

  test('M6 failover to an empty server is held, and clears by itself when the rows return', async () => {
    const hub = await faults.open('m6', 12);
    const before = await hub.nodes();
    const place = faults.world.audit.now();

    await failover(hub, []);
    const held = await hub.until('DeletionHeld', 'True/SourceChanged');
    expect(held.message).toContain('12 rows');
    expect(await hub.condition('SourceChanged')).toMatchObject({ status: 'True' });
    await hub.until('DeletionHeld', 'True/EmptyResult');
    await hub.untilSynced(2);
    expect(await hub.nodes()).toEqual(before);
    const { rows } = await hub.status();
    expect(rows).toMatchObject({ seen: 0, held: 12 });
    addsUp(rows);
    expectHeldFromTheFirst(hub, place);

    hub.proxy.retarget(faults.world.database.port);
    await hub.until('DeletionHeld', 'False');
    await hub.until('SourceChanged', 'False');
    expect(await hub.nodes()).toEqual(before);
  });

  test('M7 failover to a lagging replica removes nothing and takes over no older value', async () => {
    const hub = await faults.open('m7', 20);
    const before = await hub.nodes();
    await hub.sql('UPDATE m7 SET size = 2');
    const sizes = async () => {
      const maps = await faults.world.cluster.list(childPath('ConfigMap', faults.world.namespace));
      const own = maps.filter(({ metadata }) => metadata.name.endsWith('-m7-form-map'));
      return own.map(({ data }) => data?.['size']);
    };
    await eventually('all objects have the newer value', async () => {
      const found = await sizes();
      return found.length === 20 && found.every((size) => size === '2') ? there(true) : notYet(found);
    });
    await hub.untilSynced(2);

    const lagging = rowNames(19).map((row, index) => [row, '1', index < 5 ? '1' : '2']);
    const place = faults.world.audit.now();
    const server = await failover(hub, lagging);
    await hub.until('SourceChanged', 'True');
    expect(server.statements.some((sql) => sql.startsWith('SELECT `'))).toBe(true);
    expect(await hub.condition('DeletionHeld')).toMatchObject({ status: 'True', reason: 'SourceChanged' });
    hub.proxy.retarget(faults.world.database.port);
    await hub.until('SourceChanged', 'False');

    expect(await hub.nodes()).toEqual(before);
    const writes = faults.world.audit.ofWorker(place).filter(({ objectRef }) => objectRef?.name?.includes('-m7-form'));
    expect(writes.map(describeRequest)).toEqual([]);
    expect(new Set(await sizes())).toEqual(new Set(['2']));
  });

  test('M8 a view that filters everything away is held', async () => {
    const hub = await faults.open('m8', 11);
    const before = await hub.nodes();
    await hub.sql('RENAME TABLE m8 TO m8_base; CREATE VIEW m8 AS SELECT * FROM m8_base');
    await hub.until('SourceChanged', 'True');
    await hub.until('SourceChanged', 'False');
    const place = faults.world.audit.now();

    await hub.sql('CREATE OR REPLACE VIEW m8 AS SELECT * FROM m8_base WHERE FALSE');
    await hub.until('DeletionHeld', 'True/EmptyResult');
    await hub.untilSynced(2);
    expect(await hub.nodes()).toEqual(before);
    expectHeldFromTheFirst(hub, place);

    await hub.sql('CREATE OR REPLACE VIEW m8 AS SELECT * FROM m8_base');
    await hub.until('DeletionHeld', 'False');
    expect(await hub.nodes()).toEqual(before);
  });

  const insert = (table: string, rows: readonly string[]): string =>
    `INSERT INTO ${table} (id) VALUES ${rows.map((row) => `('${row}')`).join(', ')}`;

  test('M11 TRUNCATE with a slow reload loses no node, also where the budget would let the last rows go', async () => {
    const hub = await faults.open('m11', 60);
    const before = await hub.nodes();
    const place = faults.world.audit.now();

    await hub.sql('TRUNCATE m11');
    await hub.until('DeletionHeld', 'True/EmptyResult');
    // 60 rows allow 12: with 50 and 57 back the budget would do.
    const steps = [
      { back: 1, reason: 'BudgetSpent' },
      { back: 25, reason: 'BudgetSpent' },
      { back: 50, reason: 'NotAllBack' },
      { back: 57, reason: 'NotAllBack' },
    ];
    let from = 0;
    for (const { back, reason } of steps) {
      await hub.sql(insert('m11', rowNames(back - from, from)));
      from = back;
      await hub.untilSynced(2);
      expect(await hub.condition('DeletionHeld')).toMatchObject({ status: 'True', reason });
      expect((await hub.status()).rows).toMatchObject({ seen: back, held: 60 - back });
    }
    await hub.sql(insert('m11', rowNames(60 - from, from)));
    await hub.until('DeletionHeld', 'False');
    expect(await hub.nodes()).toEqual(before);
    const { deletionGuard } = await hub.status();
    expect(deletionGuard.window).toEqual([]);
    expect(deletionGuard.hold).toBeUndefined();
    expect(nodeWrites(faults, hub, place)).toEqual([]);
  });

  test('what is still missing after a hold goes when spec.deletionGuard is edited to allow it', async () => {
    const hub = await faults.open('edited', 30);
    await hub.sql(`DELETE FROM edited WHERE id IN (${listOf(rowNames(20))})`);
    await hub.until('DeletionHeld', 'True/BudgetSpent');
    await hub.sql(insert('edited', rowNames(12)));
    const held = await hub.until('DeletionHeld', 'True/NotAllBack');
    expect(held.message).toContain('8 rows');
    await hub.untilSynced(2);
    expect(await hub.nodes()).toHaveProperty('size', 30);

    const path = lynqPath(faults.world.namespace, 'lynqhubs', 'edited');
    await faults.world.cluster.merge(path, { spec: { deletionGuard: { maxRows: 11 } } });
    const left = await hub.untilNodes(22);
    expect([...left.keys()]).not.toContain('row-12-edited-form');
    await hub.until('DeletionHeld', 'False');
    expect((await hub.status()).deletionGuard).toMatchObject({ window: [{ rows: 8 }] });
    expect((await hub.status()).deletionGuard.hold).toBeUndefined();
  });

  test('M14 rows that are all made inactive are held', async () => {
    const hub = await faults.open('m14', 11);
    const before = await hub.nodes();
    const place = faults.world.audit.now();

    await hub.sql('UPDATE m14 SET active = 0');
    await hub.until('DeletionHeld', 'True/EmptyResult');
    await hub.untilSynced(1);
    expect((await hub.status()).rows).toMatchObject({ seen: 11, inactive: 11, active: 0, held: 11 });
    expect(await hub.nodes()).toEqual(before);
    expectHeldFromTheFirst(hub, place);
  });

  test('M15 an approval by hash lets go exactly the approved set, once', async () => {
    const hub = await faults.open('m15', 15);
    await hub.sql(`DELETE FROM m15 WHERE id IN (${listOf(rowNames(11))})`);
    const held = await hub.until('DeletionHeld', 'True/BudgetSpent');

    // The set changes after the approval was decided on: held again, under another hash.
    await hub.sql("DELETE FROM m15 WHERE id = 'row-11'");
    await hub.untilSynced(2);
    await hub.annotate(approve, planHashOf(held.message));
    await hub.untilSynced(2);
    expect(await hub.nodes()).toHaveProperty('size', 15);
    expect((await hub.hub()).metadata.annotations?.[approve]).toBeUndefined();

    const again = await hub.until('DeletionHeld', 'True/BudgetSpent');
    expect(planHashOf(again.message)).not.toBe(planHashOf(held.message));
    await hub.annotate(approve, planHashOf(again.message));
    const left = await hub.untilNodes(3);
    expect([...left.keys()].toSorted()).toEqual(rowNames(3, 12).map((row) => `${row}-m15-form`));
    await hub.until('DeletionHeld', 'False');
    expect((await hub.hub()).metadata.annotations?.[approve]).toBeUndefined();
    expect((await hub.status()).deletionGuard.window).toEqual([expect.objectContaining({ rows: 12 })]);
  });

  test('M16 15 % of the rows after the other are held when the budget of the hour is spent', async () => {
    const hub = await faults.open('m16', 60);
    const before = await hub.nodes();
    let gone = 0;
    for (let sync = 0; sync < 8; sync += 1) {
      const part = Math.round((60 - gone) * 0.15);
      await hub.sql(`DELETE FROM m16 WHERE id IN (${listOf(rowNames(part, gone))})`);
      gone += part;
      await hub.untilSynced(2);
    }
    await hub.until('DeletionHeld', 'True/BudgetSpent');

    // 60 rows allow 12: the first 9 went, the next 8 did not, nor did those of them that the budget still had.
    const left = await hub.nodes();
    expect([...left.keys()].toSorted()).toEqual(
      rowNames(51, 9)
        .map((row) => `${row}-m16-form`)
        .toSorted(),
    );
    for (const [name, uid] of left) expect(before.get(name)).toBe(uid);
    const { rows } = await hub.status();
    expect(rows).toMatchObject({ seen: 60 - gone, active: 60 - gone, held: gone - 9 });
    addsUp(rows);
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await faults.expectRulesKept();
  });
});
