import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { childPath, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMapForm } from '../../support/e2e/manifests.ts';
import { addsUp, type FaultHub, type FaultWorld, openFaultWorld } from './support.ts';

/** What a hub makes of bad rows, bad forms and a bad database: it acts on the good ones and says what is wrong with the rest. */
describe('faults/database/hub', () => {
  let faults: FaultWorld;

  beforeAll(async () => {
    faults = await openFaultWorld('hub');
  });
  afterAll(async () => {
    await faults?.close();
  });

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

  const dataOf = async (name: string) =>
    (await faults.world.cluster.find(childPath('ConfigMap', faults.world.namespace, name)))?.data;

  test('M1 a database that is down changes nothing but condition Ready, and drift is repaired meanwhile', async () => {
    const hub = await faults.open('m1', 2);
    const before = await hub.nodes();
    const counts = await hub.status();
    hub.proxy.retarget(1);

    const down = await hub.until('Ready', 'False/DatabaseConnectionFailed');
    expect(down.message).toContain(`127.0.0.1:${hub.proxy.port}`);
    const path = childPath('ConfigMap', faults.world.namespace, 'row-0-m1-form-map');
    await faults.world.cluster.merge(path, { data: { size: 'drifted' } });
    await eventually('drift is repaired', async () => {
      const data = await dataOf('row-0-m1-form-map');
      return data?.['size'] === '1' ? there(data) : notYet(data);
    });
    const now = await hub.status();
    expect([now.desired, now.rows]).toEqual([counts.desired, counts.rows]);
    expect(await hub.nodes()).toEqual(before);

    hub.proxy.retarget(faults.world.database.port);
    await hub.until('Ready', 'True');
    expect(await hub.nodes()).toEqual(before);
  });

  test('M10 a dropped table is named in condition Ready, and its nodes stay', async () => {
    const hub = await faults.open('m10', 2);
    const before = await hub.nodes();
    await hub.sql('RENAME TABLE m10 TO m10_away');

    const failed = await hub.until('Ready', 'False/DatabaseQueryFailed');
    expect(failed.message).toContain('has no table or view');
    expect(await hub.nodes()).toEqual(before);
    await hub.sql('RENAME TABLE m10_away TO m10');
    await hub.until('Ready', 'True');
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

  test('M21 a value that no object can hold freezes its row, and the others settle', async () => {
    const hub = await faults.open('m21', 2, { columns: ', wide LONGTEXT', extra: { wide: 'wide' } });
    const before = await hub.nodes();
    await hub.sql("UPDATE m21 SET wide = REPEAT('x', 262144) WHERE id = 'row-0'");
    await hub.sql("INSERT INTO m21 (id, wide) VALUES ('big', REPEAT('x', 1048576)), ('small', 'y')");

    const status = await untilFrozen(hub, ['big TooLarge', 'row-0 TooLarge']);
    addsUp(status.rows);
    await hub.untilNodes(3);
    for (const [name, uid] of before) expect((await hub.nodes()).get(name)).toBe(uid);
    await hub.until('Ready', 'True');
  });

  test('M26 a new password is taken from the Secret by the next sync', async () => {
    const hub = await faults.open('m26', 1);
    const before = await hub.nodes();
    const secret = `/api/v1/namespaces/${faults.world.namespace}/secrets/mysql-credentials`;
    const { password } = faults.world.database;
    await faults.world.database.setPassword('rotated');
    try {
      await hub.until('Ready', 'False/DatabaseConnectionFailed');
      await faults.world.cluster.merge(secret, { stringData: { password: 'rotated' } });
      await hub.until('Ready', 'True');
    } finally {
      await faults.world.database.setPassword(password);
      await faults.world.cluster.merge(secret, { stringData: { password } });
    }
    await hub.until('Ready', 'True');
    expect(await hub.nodes()).toEqual(before);
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
});
