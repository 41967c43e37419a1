import { type AddressInfo, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { type FaultHub, type FaultWorld, nodeWrites, openFaultWorld } from './support.ts';

/** What the whole program makes of a read that is no proof: the hub says why, no node is made, changed or removed, and the others go on. */
describe('faults/database/hub-reads', () => {
  let faults: FaultWorld;
  let silent: Server;

  beforeAll(async () => {
    faults = await openFaultWorld('hub-reads', { LYNQ_STATEMENT_SECONDS: '2' });
    silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await faults?.close();
    silent?.close();
  });

  /** A hub of three rows whose source then breaks in a way; two rows change meanwhile, which must not be acted on. */
  async function broken(
    name: string,
    fault: (hub: FaultHub) => Promise<void> | void,
    expected: string,
  ): Promise<{ hub: FaultHub; message: string; mend: (how: () => Promise<unknown> | void) => Promise<void> }> {
    const hub = await faults.open(name, 3);
    const table = name.replaceAll('-', '_');
    const before = await hub.nodes();
    const counts = await hub.status();
    await fault(hub);
    const { message } = await hub.until('Ready', expected);
    const place = faults.world.audit.now();
    await hub.sql(`DELETE FROM \`${table}\` WHERE id = 'row-0'`);
    await hub.sql(`INSERT INTO \`${table}\` (id) VALUES ('fresh')`);
    await untilTried(hub, 2);
    expect(nodeWrites(faults, hub, place)).toEqual([]);
    expect(await hub.nodes()).toEqual(before);
    const now = await hub.status();
    expect([now.desired, now.rows, now.lastSyncTime]).toEqual([counts.desired, counts.rows, counts.lastSyncTime]);
    return {
      hub,
      message,
      async mend(how) {
        await how();
        await hub.until('Ready', 'True');
        await eventually('the change is taken over', async () => {
          const names = [...(await hub.nodes()).keys()].toSorted();
          return names.join() === [`fresh`, 'row-1', 'row-2'].map((row) => `${row}-${name}-form`).join()
            ? there(names)
            : notYet(names);
        });
        for (const [node, uid] of await hub.nodes()) if (before.has(node)) expect(before.get(node)).toBe(uid);
      },
    };
  }

  /** Waits for so many further syncs of a hub to end, whatever they came to. */
  async function untilTried(hub: FaultHub, times: number): Promise<void> {
    const { engine, namespace } = faults.world;
    const ended = async () =>
      new Set(
        (await engine.syncsOf(namespace, hub.name))
          .filter(({ status }) => status !== 'RUNNING')
          .map(({ runId }) => runId),
      );
    const before = await ended();
    await eventually(
      `${times} further syncs of ${hub.name} have ended`,
      async () => {
        const more = [...(await ended())].filter((runId) => !before.has(runId)).length;
        return more >= times ? there(more) : notYet(more);
      },
      { withinMs: 120_000 },
    );
  }

  test.concurrent('M2 a server that accepts and never greets is a failed connection, and another hub does not notice', async () => {
    const other = await faults.open('m2-other', 1);
    const port = (silent.address() as AddressInfo).port;
    const { hub, mend } = await broken('m2', ({ proxy }) => proxy.retarget(port), 'False/DatabaseConnectionFailed');
    await other.untilSynced(3);
    await other.until('Ready', 'True');
    await mend(() => hub.proxy.retarget(faults.world.database.port));
  });

  test.concurrent('M3 a read that takes too long is cut, said, and leaves no thread on the server', async () => {
    const name = faults.world.database.name;
    const threads = async () =>
      (
        await faults.world.database.sql(
          "SELECT id AS id FROM information_schema.processlist WHERE info LIKE '%slow_m3%' AND info NOT LIKE '%processlist%'",
        )
      ).length;
    const { mend, message } = await broken(
      'm3',
      async (hub) => {
        await hub.sql('RENAME TABLE m3 TO slow_m3');
        await hub.sql('CREATE VIEW m3 AS SELECT id, active, size + SLEEP(30) AS size FROM slow_m3');
      },
      'False/DatabaseReadIncomplete',
    );
    expect(message).toContain(`${name}.m3`);
    await mend(async () => {
      await faults.world.database.sql('DROP VIEW m3; RENAME TABLE slow_m3 TO m3');
      await eventually('no thread is left', async () => {
        const left = await threads();
        return left === 0 ? there(left) : notYet(left);
      });
    });
  });

  test.concurrent('M4 M5 a connection that dies in the middle of the rows is an incomplete read, and the next one begins anew', async () => {
    // The login takes the first hundreds of bytes; what is left of the limit ends within the answers to the statements.
    const { hub, mend } = await broken(
      'm4',
      ({ proxy }) => {
        const whole = proxy.carried();
        proxy.limit(Math.max(300, Math.floor(whole / 3)), 'break');
        proxy.cut();
      },
      'False',
    );
    const reason = (await hub.condition('Ready'))?.reason;
    expect(['DatabaseReadIncomplete', 'DatabaseConnectionFailed']).toContain(reason);
    await mend(() => hub.proxy.limit(Number.POSITIVE_INFINITY, 'break'));
  });

  test('M9 a right that is revoked is said with what to grant', async () => {
    const { reader, name } = faults.world.database;
    const account = `'${reader}'@'%'`;
    const grant = () => faults.world.database.sql(`GRANT SELECT ON \`${name}\`.* TO ${account}`);
    const { mend, message } = await broken(
      'm9',
      async (hub) => {
        await hub.sql(`REVOKE SELECT ON \`${name}\`.* FROM ${account}`);
        // A session keeps what it had in its database until it ends; a new one is refused at the door.
        hub.proxy.cut();
      },
      'False/DatabaseConnectionFailed',
    ).catch(async (error: unknown) => {
      await grant();
      throw error;
    });
    expect(message).toContain('grant SELECT');
    await mend(grant);
  });

  test.concurrent('M12 a limit on selects for all sessions hides no row and removes no node', async () => {
    const hub = await faults.open('m12', 12);
    const before = await hub.nodes();
    await hub.sql('SET GLOBAL sql_select_limit = 3');
    try {
      hub.proxy.cut();
      await hub.untilSynced(2);
      expect((await hub.status()).rows).toMatchObject({ seen: 12, active: 12, held: 0 });
      expect(await hub.nodes()).toEqual(before);
    } finally {
      await hub.sql('SET GLOBAL sql_select_limit = DEFAULT');
    }
  });

  test.concurrent('M13 a result with nothing but a warning is an incomplete read', async () => {
    const { mend, message } = await broken(
      'm13',
      async (hub) => {
        await hub.sql('RENAME TABLE m13 TO m13_real');
        await hub.sql("CREATE VIEW m13 AS SELECT id, active, size + CAST('x' AS SIGNED) AS size FROM m13_real");
      },
      'False/DatabaseReadIncomplete',
    );
    expect(message).toContain('warnings');
    await mend(async () => {
      await faults.world.database.sql('DROP VIEW m13; RENAME TABLE m13_real TO m13');
    });
  });

  test.concurrent('M22 M23 M24 M25 bytes, dates, digits and flags of every type reach the objects as they are, and flags decide', async () => {
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
    const hub = await faults.open('m22', 2, {
      columns: Object.entries(columns)
        .map(([name, definition]) => `, ${name} ${definition}`)
        .join(''),
      extra: Object.fromEntries(Object.keys(columns).map((name) => [name, name])),
    });
    const path = childPath('ConfigMap', faults.world.namespace, 'row-0-m22-form-map');
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
      await hub.sql(`ALTER TABLE m22 DROP COLUMN active, ADD COLUMN active ${flag} DEFAULT ${on}`);
      await hub.until('SourceChanged', 'True');
      await hub.until('SourceChanged', 'False');
      await hub.sql(`UPDATE m22 SET active = ${off} WHERE id = 'row-1'`);
      await hub.untilNodes(1);
      await hub.sql(`UPDATE m22 SET active = ${on}`);
      await hub.untilNodes(2);
    }
  });

  test.concurrent('M30 rows that come and go while syncs read are seen as of one moment by each of them', async () => {
    const hub = await faults.open('m30', 10);
    const idle = (index: number) => `('idle-${index}', FALSE, 1)`;
    const indexes = Array.from({ length: 10 }, (_, index) => index);
    await hub.sql(`INSERT INTO m30 (id, active, size) VALUES ${indexes.map(idle).join(', ')}`);
    await hub.sql('RENAME TABLE m30 TO m30_real');
    // A read takes long enough for several changes to fall into it.
    await hub.sql('CREATE VIEW m30 AS SELECT id, active, size + SLEEP(0.02) AS size FROM m30_real');
    await hub.until('SourceChanged', 'True');
    await hub.until('SourceChanged', 'False');
    const before = await hub.nodes();
    const place = faults.world.audit.now();
    for (let round = 0; round < 60; round += 1)
      await hub.sql(
        `START TRANSACTION; DELETE FROM m30_real WHERE id = 'idle-${round}'; INSERT INTO m30_real (id, active, size) VALUES ${idle(round + 10)}; COMMIT`,
      );
    await hub.untilSynced(2);

    const reported = faults.world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.resource === 'lynqhubs' && objectRef.name === 'm30')
      .flatMap(({ responseObject }) =>
        responseObject?.status?.rows === undefined ? [] : [responseObject.status.rows],
      );
    expect(reported.length).toBeGreaterThan(1);
    for (const rows of reported) expect(rows).toMatchObject({ seen: 20, active: 10, inactive: 10 });
    expect(nodeWrites(faults, hub, place)).toEqual([]);
    expect(await hub.nodes()).toEqual(before);
  });

  test.concurrent('M29 an application that writes all the time is not held up by the syncs, and its last values arrive', async () => {
    const hub = await faults.open('m29', 20);
    await hub.sql('SET SESSION innodb_lock_wait_timeout = 1');
    for (let size = 2; size < 42; size += 1) await hub.sql(`UPDATE m29 SET size = ${size}`);
    const locks = await hub.sql(
      'SELECT COALESCE(SUM(trx_rows_locked), 0) AS locked FROM information_schema.innodb_trx',
    );
    expect(Number(locks[0]?.['locked'])).toBe(0);
    const { namespace, cluster } = faults.world;
    await eventually('the last values have arrived', async () => {
      const maps = await cluster.list(childPath('ConfigMap', namespace));
      const own = maps.filter(({ metadata }) => metadata.name.endsWith('-m29-form-map'));
      const sizes = new Set(own.map(({ data }) => data?.['size']));
      return own.length === 20 && sizes.size === 1 && sizes.has('41') ? there(true) : notYet([...sizes]);
    });
    await hub.until('Ready', 'True');
  });
});
