import { type Connection, createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeRequest } from '../../support/e2e/audit.ts';
import { childPath, type Json, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMapForm } from '../../support/e2e/manifests.ts';
import { setSecret } from '../../support/e2e/world.ts';
import {
  expectDriftRepaired,
  type FaultWorld,
  nodeWrites,
  openAccount,
  openFaultWorld,
  untilCounted,
  withinR,
} from './support.ts';

/** What a hub makes of bad forms and a bad database: it acts on the good ones and says what is wrong with the rest. */
describe('faults/database/hub', () => {
  let faults: FaultWorld;

  beforeAll(async () => {
    faults = await openFaultWorld('hub');
  });
  afterAll(async () => {
    await faults?.close();
  });

  const dataOf = async (name: string) =>
    (await faults.world.cluster.find(childPath('ConfigMap', faults.world.namespace, name)))?.data;

  test('M1 a database that is down for ten syncs changes nothing but condition Ready, and drift is repaired meanwhile', async () => {
    const { world } = faults;
    const hub = await faults.open('m1', 3);
    await untilCounted(hub, 3);
    const before = await hub.nodes();
    const counted = ({ desired, ready, failed, rows, lastSyncTime }: Json) => [
      desired,
      ready,
      failed,
      rows,
      lastSyncTime,
    ];
    hub.proxy.retarget(1);

    const down = await hub.until('Ready', 'False/DatabaseConnectionFailed');
    expect(down.message).toContain(`127.0.0.1:${hub.proxy.port}`);
    const counts = await hub.status();
    expect(counts).toMatchObject({ desired: 3, ready: 3, failed: 0, rows: { seen: 3, active: 3 } });
    const place = world.audit.now();
    await hub.sql("DELETE FROM m1 WHERE id = 'row-2'; INSERT INTO m1 (id) VALUES ('fresh')");
    const path = childPath('ConfigMap', world.namespace, 'row-0-m1-form-map');
    await world.cluster.merge(path, { data: { size: 'drifted' } });
    await hub.untilTried(10);
    await eventually('drift is repaired', async () => {
      const data = await dataOf('row-0-m1-form-map');
      return data?.['size'] === '1' ? there(data) : notYet(data);
    });
    expect(await hub.condition('Ready')).toMatchObject({ status: 'False', reason: 'DatabaseConnectionFailed' });
    expect(counted(await hub.status())).toEqual(counted(counts));
    expect(await hub.nodes()).toEqual(before);
    const written = world.audit.ofWorker(place).filter(({ objectRef }) => objectRef?.name?.includes('-m1-form'));
    expect(new Set(written.map(describeRequest))).toEqual(new Set(['patch configmaps/row-0-m1-form-map']));

    hub.proxy.retarget(world.database.port);
    await hub.until('Ready', 'True', withinR);
    const after = await eventually('the changes are taken over', async () => {
      const nodes = await hub.nodes();
      return nodes.has('fresh-m1-form') && !nodes.has('row-2-m1-form') ? there(nodes) : notYet([...nodes.keys()]);
    });
    for (const name of ['row-0-m1-form', 'row-1-m1-form']) expect(after.get(name)).toBe(before.get(name));
  });

  test('M10 a dropped table and a renamed column are named in condition Ready, and the nodes stay', async () => {
    const hub = await faults.open('m10', 2);
    await untilCounted(hub, 2);
    const before = await hub.nodes();
    const place = faults.world.audit.now();
    for (const { harm, mend, says } of [
      { harm: 'RENAME TABLE m10 TO m10_away', mend: 'RENAME TABLE m10_away TO m10', says: 'has no table or view' },
      {
        harm: 'ALTER TABLE m10 RENAME COLUMN active TO enabled',
        mend: 'ALTER TABLE m10 RENAME COLUMN enabled TO active',
        says: 'has no column active (mapped to activate)',
      },
    ]) {
      await hub.sql(harm);
      const failed = await hub.until('Ready', 'False/DatabaseQueryFailed');
      expect(failed.message).toContain(says);
      const { lastSyncTime } = await hub.status();
      await expectDriftRepaired(faults, 'row-0-m10-form-map');
      await hub.untilTried(2);
      const now = await hub.status();
      expect(now).toMatchObject({ desired: 2, ready: 2, failed: 0, rows: { seen: 2, active: 2 }, lastSyncTime });
      await hub.sql(mend);
      await hub.until('Ready', 'True', withinR);
    }
    expect(await hub.nodes()).toEqual(before);
    expect(nodeWrites(faults, hub, place)).toEqual([]);
  });

  test('M26 a new password is taken from the Secret by the next sync, and a refused one is tried once a sync', async () => {
    const { database, cluster, namespace } = faults.world;
    const account = await openAccount(faults, 'm26_reader', [`SELECT ON \`${database.name}\`.*`]);
    const hub = await faults.open('m26', 1, { mysql: account.mysql });
    const before = await hub.nodes();
    const refused = async () => Number((await hub.sql("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'"))[0]?.['Value']);
    const syncs = () => faults.world.engine.syncsOf(namespace, 'm26');
    const place = faults.world.audit.now();
    const refusals = await refused();
    // One that is under way may be the first to be refused.
    const over = (await syncs()).filter(({ status }) => status !== 'RUNNING').length;
    await hub.sql(`ALTER USER ${account.name} IDENTIFIED BY 'rotated'; KILL CONNECTION USER ${account.name}`);

    await hub.until('Ready', 'False/DatabaseConnectionFailed');
    await hub.untilTried(5);
    const tried = (await refused()) - refusals;
    expect(tried).toBeGreaterThanOrEqual(5);
    expect(tried).toBeLessThanOrEqual((await syncs()).length - over);
    await setSecret(cluster, namespace, 'm26-reader-credentials', { password: 'rotated' });
    const late = await refused();
    await hub.until('Ready', 'True', withinR);
    // One sync may have had the old one in its hands.
    expect((await refused()) - late).toBeLessThanOrEqual(1);
    expect(await hub.nodes()).toEqual(before);
    expect(nodeWrites(faults, hub, place)).toEqual([]);
  });

  test('M26 a locked account and too many connections are said, and the nodes stay', async () => {
    const account = await openAccount(faults, 'm26_busy', [`SELECT ON \`${faults.world.database.name}\`.*`]);
    const hub = await faults.open('m26-busy', 1, { mysql: account.mysql });
    const before = await hub.nodes();
    const place = faults.world.audit.now();
    const others: Connection[] = [];
    const crowd = async (): Promise<void> => {
      await hub.sql(`ALTER USER ${account.name} WITH MAX_USER_CONNECTIONS 1; KILL CONNECTION USER ${account.name}`);
      await eventually('the only connection is taken', async () => {
        const { host, port } = faults.world.database;
        const access = { host, port, user: 'm26_busy', password: 'password of m26_busy' };
        return there(others.push(await createConnection(access)));
      });
    };
    const cases = [
      {
        harm: () => hub.sql(`ALTER USER ${account.name} ACCOUNT LOCK; KILL CONNECTION USER ${account.name}`),
        mend: () => hub.sql(`ALTER USER ${account.name} ACCOUNT UNLOCK`),
        says: 'locked',
      },
      {
        harm: crowd,
        mend: async () => {
          for (const other of others.splice(0)) other.destroy();
          await hub.sql(`ALTER USER ${account.name} WITH MAX_USER_CONNECTIONS 0`);
        },
        says: 'connections',
      },
    ];
    for (const { harm, mend, says } of cases) {
      await harm();
      try {
        expect((await hub.until('Ready', 'False/DatabaseConnectionFailed')).message).toContain(says);
        await hub.untilTried(2);
      } finally {
        await mend();
      }
      await hub.until('Ready', 'True', withinR);
    }
    expect(await hub.nodes()).toEqual(before);
    expect(nodeWrites(faults, hub, place)).toEqual([]);
  });

  test('a broken form beside a good one blocks nothing of the good one', async () => {
    const hub = await faults.open('broken', 1);
    const { cluster, namespace } = faults.world;
    const broken = configMapForm({ name: 'broken-bad', namespace, hub: 'broken' }, [
      { id: 'map', data: { x: '{{ .nowhere }}' } },
    ]);
    await cluster.create(lynqPath(namespace, 'lynqforms'), broken);
    await hub.sql("INSERT INTO broken (id) VALUES ('later')");
    const nodes = await hub.untilNodes(2);
    expect([...nodes.keys()].toSorted()).toEqual(['later-broken-form', 'row-0-broken-form']);
    await eventually('the rows wait for the broken form', async () => {
      const { rows } = await hub.status();
      return rows.waiting === 2 && rows.provisioned === 0 ? there(rows) : notYet(rows);
    });
    await cluster.remove(lynqPath(namespace, 'lynqforms', 'broken-bad'));
    await eventually('the rows are provisioned', async () => {
      const { rows } = await hub.status();
      return rows.provisioned === 2 ? there(rows) : notYet(rows);
    });
  });

  test('a hub that is pointed elsewhere holds what the new table lacks, until it has been read equal three times', async () => {
    const hub = await faults.open('moved', 3);
    const before = await hub.nodes();
    await hub.sql(
      "CREATE TABLE moved_new LIKE moved; INSERT INTO moved_new (id) VALUES ('row-0'), ('row-1'), ('extra')",
    );
    const path = lynqPath(faults.world.namespace, 'lynqhubs', 'moved');
    const place = faults.world.audit.now();
    await faults.world.cluster.merge(path, { spec: { source: { mysql: { table: 'moved_new' } } } });
    await hub.until('SourceChanged', 'True');
    await hub.until('DeletionHeld', 'True/SourceChanged');
    await hub.until('SourceChanged', 'False');
    await eventually('only the rows of the new table have nodes', async () => {
      const names = [...(await hub.nodes()).keys()].toSorted();
      return names.join() === 'extra-moved-form,row-0-moved-form,row-1-moved-form' ? there(names) : notYet(names);
    });
    expect((await hub.nodes()).get('row-0-moved-form')).toBe(before.get('row-0-moved-form'));
    const deleted = faults.world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.resource === 'lynqnodes')
      .map(({ objectRef }) => objectRef?.name);
    expect(deleted).toEqual(['row-2-moved-form']);
  });

  test('kubectl replace --force of a form keeps its nodes, as often as it is done', async () => {
    const hub = await faults.open('replaced', 2);
    const before = await hub.nodes();
    const { cluster, namespace } = faults.world;
    for (const more of ['x', 'y']) {
      await cluster.remove(lynqPath(namespace, 'lynqforms', 'replaced-form'));
      // As long as a sync takes to meet the gap.
      await window(1_500);
      const form = configMapForm({ name: 'replaced-form', namespace, hub: 'replaced' }, [
        { id: 'map', data: { size: '{{ .size }}', more } },
      ]);
      await cluster.create(lynqPath(namespace, 'lynqforms'), form);
      await eventually('the new form is applied', async () => {
        const data = await dataOf('row-0-replaced-form-map');
        return data?.['more'] === more ? there(data) : notYet(data);
      });
      // Longer than a form has to be absent for its nodes to go.
      if (more === 'x') await window(31_000);
    }
    expect(await hub.nodes()).toEqual(before);
  });

  test('a form that was made before its hub, and a hub whose Secret is missing, wait and then work', async () => {
    const { cluster, namespace, database } = faults.world;
    await database.sql(
      "CREATE TABLE early (id VARCHAR(63), active INT DEFAULT 1, size INT DEFAULT 1); INSERT INTO early (id) VALUES ('one')",
    );
    const form = configMapForm({ name: 'early-form', namespace, hub: 'early' }, [{ id: 'map' }]);
    await cluster.create(lynqPath(namespace, 'lynqforms'), form);
    const mysql = {
      host: database.host,
      port: database.port,
      database: database.name,
      table: 'early',
      username: database.reader,
      passwordRef: { name: 'early-secret', key: 'password' },
    };
    await cluster.create(lynqPath(namespace, 'lynqhubs'), {
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqHub',
      metadata: { name: 'early', namespace },
      spec: { source: { type: 'mysql', syncInterval: '1s', mysql }, valueMappings: { uid: 'id', activate: 'active' } },
    });
    await eventually('the hub names the missing Secret', async () => {
      const { status } = await cluster.get(lynqPath(namespace, 'lynqhubs', 'early'));
      const ready = (status?.conditions ?? []).find(({ type }: { type: string }) => type === 'Ready');
      return ready?.reason === 'InvalidConfiguration' && ready.message.includes('early-secret')
        ? there(ready)
        : notYet(status ?? 'no status');
    });
    await cluster.create(`/api/v1/namespaces/${namespace}/secrets`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'early-secret' },
      stringData: { password: database.password },
    });
    await faults.world.ready(['one-early-form']);
  });

  test('lynq notify reads the table of a hub without an interval', async () => {
    const hub = await faults.open('asked', 1, { syncInterval: '0s' });
    await hub.sql("INSERT INTO asked (id) VALUES ('second')");
    const ended = await faults.world.lynq(['notify', 'asked', '--uid', 'second']);
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('sync requested for row second') });
    expect([...(await hub.untilNodes(2)).keys()]).toContain('second-asked-form');
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await faults.expectRulesKept();
  });
});
