import { type AddressInfo, createServer, type Server } from 'node:net';
import { createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import {
  endOfRows,
  type FakeServer,
  greeting,
  honest,
  openFakeServer,
  resultBytes,
} from '../../contract/row-source.fake-server.ts';
import { testAuthority } from '../../support/certificates.ts';
import { childPath, conditionOf, type Json, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { setSecret } from '../../support/e2e/world.ts';
import {
  expectDriftRepaired,
  type FaultHub,
  type FaultHubOptions,
  type FaultWorld,
  nodeWrites,
  openAccount,
  openFaultWorld,
  untilCounted,
  withinR,
} from './support.ts';

/** What the whole program makes of a read that is no proof: the hub says why, no node is made, changed or removed, and the others go on. */
describe('faults/database/hub-reads', () => {
  let faults: FaultWorld;
  let silent: Server;
  /** Connections that wait for a greeting, or have waited for one. */
  let greeted = 0;
  const servers: FakeServer[] = [];

  beforeAll(async () => {
    faults = await openFaultWorld('hub-reads', { LYNQ_STATEMENT_SECONDS: '2' });
    silent = createServer((socket) => {
      greeted += 1;
      socket.on('error', () => undefined);
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    await faults?.close();
    silent?.close();
    for (const server of servers) await server.close();
  });

  /** A hub of three rows whose source then breaks in a way; two rows change meanwhile, in the table that is left, which must not be acted on. */
  async function broken(
    name: string,
    fault: (hub: FaultHub) => Promise<void> | void,
    expected: string,
    { changed = name.replaceAll('-', '_'), ...options }: FaultHubOptions & { readonly changed?: string } = {},
  ): Promise<{ hub: FaultHub; message: string; mend: (how: () => Promise<unknown> | void) => Promise<void> }> {
    const hub = await faults.open(name, 3, options);
    await untilCounted(hub, 3);
    const before = await hub.nodes();
    await fault(hub);
    const { message } = await hub.until('Ready', expected);
    const kept = ({ desired, ready, failed, rows, lastSyncTime }: Json) => [desired, ready, failed, rows, lastSyncTime];
    const counts = await hub.status();
    expect(counts).toMatchObject({ desired: 3, ready: 3, failed: 0, rows: { seen: 3, active: 3 } });
    const place = faults.world.audit.now();
    await hub.sql(`DELETE FROM \`${changed}\` WHERE id = 'row-0'`);
    await hub.sql(`INSERT INTO \`${changed}\` (id) VALUES ('fresh')`);
    await expectDriftRepaired(faults, `row-1-${name}-form-map`);
    await hub.untilTried(2);
    expect(nodeWrites(faults, hub, place)).toEqual([]);
    expect(await hub.nodes()).toEqual(before);
    expect(kept(await hub.status())).toEqual(kept(counts));
    return {
      hub,
      message,
      async mend(how) {
        await how();
        await hub.until('Ready', 'True', withinR);
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

  test.concurrent('M2 a server that accepts and never greets is a failed connection, and another hub does not notice', async () => {
    const other = await faults.open('m2-other', 1);
    const port = (silent.address() as AddressInfo).port;
    const from = Date.now();
    const { hub, mend } = await broken('m2', ({ proxy }) => proxy.retarget(port), 'False/DatabaseConnectionFailed');
    // Each waits for ten seconds and not longer; what it does beside that takes a moment.
    const { client } = faults.world.engine;
    const query = `TemporalScheduledById = "${workflowIds.schedule(faults.world.namespace, 'm2')}"`;
    const taken: number[] = [];
    for await (const { startTime, closeTime, status } of client.workflow.list({ query }))
      if (status.name === 'COMPLETED' && closeTime !== undefined && startTime.getTime() > from)
        taken.push(closeTime.getTime() - startTime.getTime());
    const waited = taken.filter((milliseconds) => milliseconds >= 9_900);
    expect(waited.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...taken)).toBeLessThan(13_000);
    expect(greeted).toBeGreaterThanOrEqual(waited.length);
    await other.untilSynced(3);
    await other.until('Ready', 'True');
    await mend(() => hub.proxy.retarget(faults.world.database.port));
  });

  test.concurrent('M3 a read that takes too long is cut, said, and leaves no thread on the server', async () => {
    const { name, reader } = faults.world.database;
    /** For how long each statement of ours that reads the table has been running, in milliseconds. */
    const running = async () =>
      (
        await faults.world.database.sql(
          `SELECT time_ms AS age FROM information_schema.processlist WHERE user = '${reader}' AND info LIKE 'SELECT %\`m3\`%'`,
        )
      ).map(({ age }) => Number(age));
    const { hub, mend, message } = await broken(
      'm3',
      async (hub) => {
        await hub.sql('RENAME TABLE m3 TO slow_m3');
        await hub.sql('CREATE VIEW m3 AS SELECT id, active, size + SLEEP(30) AS size FROM slow_m3');
      },
      'False/DatabaseReadIncomplete',
      { changed: 'slow_m3' },
    );
    expect(message).toContain(`${name}.m3`);
    // A pool has two connections at most, and the limit of the statement is two seconds: more than one read is watched from its beginning to its end.
    let seen = 0;
    for (let look = 0; look < 160; look += 1) {
      expect(hub.proxy.open()).toBeLessThanOrEqual(2);
      const ages = await running();
      seen += ages.length;
      for (const age of ages) expect(age).toBeLessThan(4_000);
      await window(50);
    }
    expect(seen).toBeGreaterThan(0);
    await mend(() => faults.world.database.sql('DROP VIEW m3; RENAME TABLE slow_m3 TO m3'));
    await eventually(
      'no thread is left',
      async () => {
        const left = (await running()).filter((age) => age > 1_000);
        return left.length === 0 ? there(true) : notYet(left);
      },
      withinR,
    );
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
    expect(hub.proxy.stopped()).toBeGreaterThanOrEqual(2);
    const reason = (await hub.condition('Ready'))?.reason;
    expect(['DatabaseReadIncomplete', 'DatabaseConnectionFailed']).toContain(reason);
    await mend(() => hub.proxy.limit(Number.POSITIVE_INFINITY, 'break'));
  });

  test.concurrent('M4 a server that dies after none, one, half, all but one or all of the rows is an incomplete read each time', async () => {
    const rows = Array.from({ length: 10 }, (_, index) => [`other-${index}`, '1', '1']);
    await Promise.all(
      [0, 1, 5, 9, 10].map(async (count) => {
        const sent = resultBytes({ columns: 3, rows: rows.slice(0, count) });
        const bytes = sent.subarray(0, sent.length - endOfRows.length);
        const server = await openFakeServer({
          answer: (sql) => (sql.startsWith('SELECT `') ? { bytes, hangsUp: true } : honest(sql)),
        });
        servers.push(server);
        const { hub, mend, message } = await broken(`m4-${count}`, ({ proxy }) => proxy.retarget(server.port), 'False');
        expect(message).toContain(`127.0.0.1:${hub.proxy.port}`);
        expect(server.statements.filter((sql) => sql.startsWith('SELECT `')).length).toBeGreaterThan(1);
        await mend(() => hub.proxy.retarget(faults.world.database.port));
      }),
    );
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

  test.concurrent('M9 a right to a table or to one column that is revoked is said with what to grant', async () => {
    const { name: database } = faults.world.database;
    for (const [kind, rest, says] of [
      ['table', undefined, 'grant SELECT'],
      ['column', 'SELECT (id, active)', 'size'],
    ] as const) {
      const table = `${database}.m9_${kind}`;
      // With a further right, so that the account still gets into the database when SELECT is gone.
      const account = await openAccount(faults, `m9_${kind}`, [`SELECT, CREATE ON ${table}`]);
      const { mend, message } = await broken(
        `m9-${kind}`,
        async (hub) => {
          await hub.sql(`REVOKE SELECT ON ${table} FROM ${account.name}`);
          if (rest !== undefined) await hub.sql(`GRANT ${rest} ON ${table} TO ${account.name}`);
        },
        'False/DatabaseQueryFailed',
        { mysql: account.mysql },
      );
      expect(message).toContain(says);
      await mend(() => faults.world.database.sql(`GRANT SELECT ON ${table} TO ${account.name}`));
    }
  });

  test.concurrent('M9 a view that has become invalid is said, and is read again when it is whole', async () => {
    const { mend, message } = await broken(
      'm9-view',
      async (hub) => {
        await hub.sql('RENAME TABLE m9_view TO m9_base; CREATE VIEW m9_view AS SELECT * FROM m9_base');
        await hub.sql('RENAME TABLE m9_base TO m9_away');
      },
      'False/DatabaseQueryFailed',
      { changed: 'm9_away' },
    );
    expect(message).toContain('is broken or its definer lacks rights');
    await mend(() => faults.world.database.sql('DROP VIEW m9_view; RENAME TABLE m9_away TO m9_view'));
  });

  test.concurrent('M27 a hub that asks for TLS reads nothing of a server without it, says so and keeps its nodes', async () => {
    const path = lynqPath(faults.world.namespace, 'lynqhubs', 'm27');
    const tlsOf = (tls: object | null) => faults.world.cluster.merge(path, { spec: { source: { mysql: { tls } } } });
    const { hub, mend, message } = await broken(
      'm27',
      async () => void (await tlsOf({ serverName: 'db.test' })),
      'False/DatabaseConnectionFailed',
    );
    expect(message).toContain('does not speak TLS');
    await mend(() => tlsOf(null));
    expect(await hub.condition('InsecureTransport')).toMatchObject({ status: 'True' });
  });

  test.concurrent('M27 a hub reads nothing of a server whose certificate has expired or is for another name, says which and keeps its nodes', async () => {
    const { namespace, cluster, database } = faults.world;
    const authority = testAuthority('authority of the test');
    await setSecret(cluster, namespace, 'm27-authority', { ca: authority.cert });
    for (const [kind, certificate, says] of [
      ['expired', authority.issue(['db.test'], { age: 100, days: 10 }), 'has expired'],
      ['other', authority.issue(['other.test']), 'is for another name'],
    ] as const) {
      const server = await openFakeServer({
        tls: certificate,
        greeting: greeting('8.0.36', { tls: true }),
        answer: honest,
      });
      servers.push(server);
      const path = lynqPath(namespace, 'lynqhubs', `m27-${kind}`);
      const tlsOf = (tls: object | null) => cluster.merge(path, { spec: { source: { mysql: { tls } } } });
      const { hub, mend, message } = await broken(
        `m27-${kind}`,
        async ({ proxy }) => {
          proxy.retarget(server.port);
          await tlsOf({ serverName: 'db.test', caRef: { name: 'm27-authority', key: 'ca' } });
        },
        'False/DatabaseConnectionFailed',
      );
      expect((await hub.until('Ready', 'False/DatabaseConnectionFailed')).message).toContain(says);
      expect(message).not.toContain(database.password);
      expect(server.statements).toEqual([]);
      await mend(async () => {
        hub.proxy.retarget(database.port);
        await tlsOf(null);
      });
    }
  });

  test.concurrent('M12 a limit on selects for all sessions hides no row and removes no node', async () => {
    const hub = await faults.open('m12', 12);
    const account = { user: faults.world.database.reader, password: faults.world.database.password };
    const before = await hub.nodes();
    await hub.sql('SET GLOBAL sql_select_limit = 3');
    try {
      const { host, port } = faults.world.database;
      const plain = await createConnection({ host, port, user: account.user, password: account.password });
      const [some] = await plain.query(`SELECT id FROM \`${faults.world.database.name}\`.m12`);
      await plain.end();
      expect(some).toHaveLength(3);
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
    let reading = 0;
    const more = "INSERT INTO m30_real (id, active, size) VALUES ('more-1', FALSE, 1), ('more-2', FALSE, 1)";
    const less = "DELETE FROM m30_real WHERE id IN ('more-1', 'more-2')";
    for (let round = 0; round < 60; round += 1) {
      // Rows with a node move to the end of the table, idle ones take the place of others, and two more come or go.
      const moved = `row-${round % 10}`;
      await hub.sql(
        `START TRANSACTION; DELETE FROM m30_real WHERE id IN ('${moved}', 'idle-${round}');
         INSERT INTO m30_real (id, active, size) VALUES ('${moved}', TRUE, 1), ${idle(round + 10)}; ${round % 2 === 0 ? more : less}; COMMIT`,
      );
      const reads = await hub.sql(
        "SELECT id AS id FROM information_schema.processlist WHERE info LIKE 'SELECT `id`%`m30`' AND info NOT LIKE '%processlist%'",
      );
      reading += reads.length;
      await window(50);
    }
    // So many of the changes fell into a read.
    expect(reading).toBeGreaterThan(5);
    await hub.untilSynced(2);

    const reported = faults.world.audit
      .ofWorker(place)
      .filter(({ objectRef }) => objectRef?.resource === 'lynqhubs' && objectRef.name === 'm30')
      .flatMap(({ responseObject }) => (responseObject?.status?.rows === undefined ? [] : [responseObject]));
    expect(reported.length).toBeGreaterThan(1);
    for (const report of reported) {
      const { seen, ...rows } = report.status.rows;
      expect([20, 22]).toContain(seen);
      expect(rows).toMatchObject({ active: 10, inactive: seen - 10, repeated: 0, frozen: 0 });
      // A read of more than one moment counts other rows than it has seen, and is no read.
      expect(conditionOf(report as KubeObject, 'Ready')).toMatchObject({ status: 'True' });
    }
    expect(nodeWrites(faults, hub, place)).toEqual([]);
    expect(await hub.nodes()).toEqual(before);
  });

  test.concurrent('M29 an application that writes all the time is not held up by the syncs, and its last values arrive', async () => {
    const hub = await faults.open('m29', 20);
    await hub.sql('SET SESSION innodb_lock_wait_timeout = 1');
    // Each sync reads for nearly half a second.
    await hub.sql('RENAME TABLE m29 TO m29_real');
    await hub.sql('CREATE VIEW m29 AS SELECT id, active, size + SLEEP(0.02) AS size FROM m29_real');
    await hub.until('SourceChanged', 'True');
    await hub.until('SourceChanged', 'False');
    const waits = async () => Number((await hub.sql("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_waits'"))[0]?.['Value']);
    const waited = await waits();
    let reading = 0;
    for (let size = 2; size < 42; size += 1) {
      await hub.sql(`UPDATE m29_real SET size = ${size}`);
      const transactions = await hub.sql(
        `SELECT trx_rows_locked AS locked, TIMESTAMPDIFF(SECOND, trx_started, NOW()) AS age, trx_tables_locked AS tables_locked
         FROM information_schema.innodb_trx JOIN information_schema.processlist ON id = trx_mysql_thread_id WHERE info LIKE '%m29%' AND info NOT LIKE '%innodb_trx%'`,
      );
      reading += transactions.length;
      for (const { locked, tables_locked: tables, age } of transactions) {
        expect([Number(locked), Number(tables)]).toEqual([0, 0]);
        expect(Number(age)).toBeLessThan(10);
      }
      // InnoDB shows the same again to who asks sooner.
      await window(150);
    }
    // A write that waits for a read is not seen beside it.
    expect((await waits()) - waited).toBe(0);
    expect(reading).toBeGreaterThan(0);
    const { namespace, cluster } = faults.world;
    await eventually('the last values have arrived', async () => {
      const maps = await cluster.list(childPath('ConfigMap', namespace));
      const own = maps.filter(({ metadata }) => metadata.name.endsWith('-m29-form-map'));
      const sizes = new Set(own.map(({ data }) => data?.['size']));
      return own.length === 20 && sizes.size === 1 && sizes.has('41') ? there(true) : notYet([...sizes]);
    });
    await hub.until('Ready', 'True');
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await faults.expectRulesKept();
  });
});
