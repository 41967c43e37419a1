import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { conditionOf, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../../support/e2e/manifests.ts';
import { type FaultHub, type FaultWorld, nodeWrites, openFaultWorld } from '../database/support.ts';

/** That of which a twentieth takes longer. */
const late = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.ceil(numbers.length * 0.95) - 1] ?? 0;
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0;

/** When syncs run: never two of one hub, not while paused, as the hub's interval says, once after a downtime; and what is said of one that hangs. */
describe('faults/hub/runs', () => {
  let faults: FaultWorld;

  beforeAll(async () => {
    faults = await openFaultWorld('runs', { LYNQ_STUCK_SECONDS: '5' });
  });
  afterAll(() => faults?.close());

  const scheduleOf = (hub: FaultHub) =>
    faults.world.engine.client.schedule.getHandle(workflowIds.schedule(faults.world.namespace, hub.name));
  const pathOf = (hub: FaultHub) => lynqPath(faults.world.namespace, 'lynqhubs', hub.name);
  const edit = (hub: FaultHub, spec: unknown) => faults.world.cluster.merge(pathOf(hub), { spec });

  /** From when to when each sync of a hub ran. */
  async function spansOf(hub: FaultHub): Promise<readonly { id: string; from: number; to: number }[]> {
    const spans: { id: string; from: number; to: number }[] = [];
    const query = `TemporalScheduledById = "${workflowIds.schedule(faults.world.namespace, hub.name)}"`;
    for await (const { runId, startTime, closeTime } of faults.world.engine.client.workflow.list({ query }))
      spans.push({ id: runId, from: startTime.getTime(), to: closeTime?.getTime() ?? Number.POSITIVE_INFINITY });
    return spans;
  }

  /** How long the next syncs of each hub take, in milliseconds; only such as begin from now on. */
  async function nextSyncs(hubs: readonly FaultHub[], times: number): Promise<readonly number[]> {
    const from = Date.now();
    const taken = hubs.map((hub) =>
      eventually(
        `${times} syncs of ${hub.name}`,
        async () => {
          const ended = (await spansOf(hub)).filter((span) => span.from > from && Number.isFinite(span.to));
          return ended.length >= times ? there(ended) : notYet(ended.length);
        },
        { everyMs: 1_000 },
      ),
    );
    return (await Promise.all(taken)).flat().map((span) => span.to - span.from);
  }

  test('M2 ten hubs of which one hangs: the others go on as fast as before, and nothing is done for the one that hangs', async () => {
    const hubs = await Promise.all(Array.from({ length: 10 }, (_, index) => faults.open(`ten-${index}`, 1)));
    const [hanging, ...others] = hubs as [FaultHub, ...FaultHub[]];
    const rounds: { readonly quiet: number; readonly during: number; readonly ratio: number }[] = [];
    let syncs = 0;
    const place = faults.world.audit.now();
    // By turns, so that whatever else the machine does weighs on both alike.
    for (let round = 0; round < 5; round += 1) {
      const quiet = await nextSyncs(others, 6);
      const stopped = hanging.proxy.stopped();
      hanging.proxy.limit(0, 'silence');
      hanging.proxy.cut();
      await eventually('a sync of the first hub runs', async () => {
        const { info } = await scheduleOf(hanging).describe();
        return info.runningActions.length > 0 ? there(true) : notYet('none');
      });
      const during = await nextSyncs(others, 6);
      // It hung all that time: nothing has come of it, and it waits still or again.
      expect(hanging.proxy.stopped()).toBeGreaterThan(stopped);
      syncs += quiet.length + during.length;
      rounds.push({ quiet: late(quiet), during: late(during), ratio: late(during) / late(quiet) });
      hanging.proxy.limit(Number.POSITIVE_INFINITY, 'break');
      hanging.proxy.cut();
      await hanging.untilSynced(1);
    }
    const ratio = median(rounds.map((round) => round.ratio));
    process.stdout.write(`figures: ${JSON.stringify({ hubs: 10, syncs, p95: rounds, ratio: ratio.toFixed(2) })}\n`);
    expect(ratio).toBeLessThanOrEqual(1.2);

    expect(nodeWrites(faults, hanging, place)).toEqual([]);
    for (const hub of others) expect(conditionOf(await hub.hub(), 'SyncStuck')).toBeUndefined();
    await Promise.all(
      hubs.map(async (hub) => {
        await hub.sql(`INSERT INTO \`${hub.table}\` (id) VALUES ('second')`);
        await hub.untilNodes(2);
        await edit(hub, { source: { syncInterval: '1h' } });
      }),
    );
  }, 300_000);

  test.concurrent('a sync that hangs is named in condition SyncStuck, and the condition goes with the next one that ends', async () => {
    const hub = await faults.open('stuck', 2);
    const before = await hub.nodes();
    await hub.sql('RENAME TABLE stuck TO stuck_slow');
    await hub.sql('CREATE VIEW stuck AS SELECT id, active, size + SLEEP(60) AS size FROM stuck_slow');
    const { message } = await hub.until('SyncStuck', 'True/RunsTooLong');
    expect(message).toMatch(/^The sync that began at \d{4}-/);
    expect(await hub.nodes()).toEqual(before);
    // The server ends the statement at its limit, or somebody does.
    await hub.sql('DROP VIEW stuck; RENAME TABLE stuck_slow TO stuck').catch(() => undefined);
    for (const { id } of await hub.sql(
      "SELECT id AS id FROM information_schema.processlist WHERE info LIKE '%FROM %stuck%' AND info NOT LIKE '%processlist%'",
    ))
      await hub.sql(`KILL ${Number(id)}`).catch(() => undefined);
    await eventually(
      'the condition is gone',
      async () => {
        const found = await hub.hub();
        return conditionOf(found, 'SyncStuck') === undefined ? there(true) : notYet(found.status);
      },
      { withinMs: 120_000 },
    );
    await hub.until('Ready', 'True');
    expect(await hub.nodes()).toEqual(before);
  });

  test.concurrent('syncs of a slow database never overlap, whatever the interval and however often somebody asks', async () => {
    const hub = await faults.open('slow', 2);
    await hub.sql('RENAME TABLE slow TO slow_real');
    await hub.sql('CREATE VIEW slow AS SELECT id, active, size + SLEEP(1) AS size FROM slow_real');
    await hub.untilSynced(1);
    for (let asked = 0; asked < 5; asked += 1) {
      await faults.world.lynq(['notify', 'slow']);
      await window(500);
    }
    await hub.untilSynced(2);
    const spans = await spansOf(hub);
    const overlaps = spans.filter((one) =>
      spans.some((other) => other.id !== one.id && other.from < one.to && one.from < other.to),
    );
    expect(overlaps).toEqual([]);
    await edit(hub, { source: { syncInterval: '1h' } });
  });

  test.concurrent('a paused hub reads nothing, its nodes go on, and it reads at once when it is not paused any more', async () => {
    const hub = await faults.open('halted', 1);
    await edit(hub, { paused: true });
    await eventually('the schedule is paused', async () => {
      const { state } = await scheduleOf(hub).describe();
      return state.paused ? there(true) : notYet('it runs');
    });
    await window(1_500);
    const place = faults.world.audit.now();
    const { lastSyncTime } = await hub.status();
    await hub.sql("INSERT INTO halted (id) VALUES ('second')");
    await faults.world.lynq(['notify', 'halted']);
    await window(4_000);
    expect((await hub.status()).lastSyncTime).toBe(lastSyncTime);
    expect(nodeWrites(faults, hub, place)).toEqual([]);
    const map = `/api/v1/namespaces/${faults.world.namespace}/configmaps/row-0-halted-form-map`;
    await faults.world.cluster.merge(map, { data: { size: 'drifted' } });
    await eventually('drift is repaired', async () => {
      const { data } = await faults.world.cluster.get(map);
      return data?.['size'] === '1' ? there(true) : notYet(data);
    });

    await edit(hub, { paused: false });
    await hub.untilNodes(2);
  });

  test.concurrent('the schedule follows every edit of syncInterval, also to none and back', async () => {
    const hub = await faults.open('edited', 1);
    for (const [interval, every] of [
      ['45s', [45_000]],
      ['0s', []],
      ['2h', [7_200_000]],
      ['2s', [2_000]],
    ] as const) {
      await edit(hub, { source: { syncInterval: interval } });
      await eventually(`the schedule has the interval ${interval}`, async () => {
        const { spec, policies } = await scheduleOf(hub).describe();
        const found = (spec.intervals ?? []).map((one) => one.every);
        const window = Math.max(10_000, every[0] ?? 0);
        return JSON.stringify(found) === JSON.stringify(every) && policies.catchupWindow === window
          ? there(true)
          : notYet({ found, policies });
      });
    }
    await hub.sql("INSERT INTO edited (id) VALUES ('second')");
    await hub.untilNodes(2);
  });

  test('after a downtime of the worker at most one sync is made up for', async () => {
    const hub = await faults.open('down', 1);
    await faults.world.worker.kill();
    await hub.sql("INSERT INTO down (id) VALUES ('second')");
    const from = Date.now();
    await window(12_000);
    const waiting = (await spansOf(hub)).filter((span) => span.from >= from || span.to === Number.POSITIVE_INFINITY);
    expect(waiting.length).toBeLessThanOrEqual(1);
    await faults.world.worker.start();
    await hub.untilNodes(2);
    const spans = await spansOf(hub);
    const overlaps = spans.filter((one) =>
      spans.some((other) => other.id !== one.id && other.from < one.to && one.from < other.to),
    );
    expect(overlaps).toEqual([]);
    await hub.until('Ready', 'True');
  });

  test.concurrent('kubectl replace --force of a hub takes its nodes away and makes them anew, none twice', async () => {
    const hub = await faults.open('replaced', 2);
    const before = await hub.nodes();
    const { cluster, namespace, database } = faults.world;
    await cluster.remove(pathOf(hub));
    await eventually('the hub is gone', async () => {
      const found = await cluster.find(pathOf(hub));
      return found === undefined ? there(true) : notYet(found.status);
    });
    expect((await hub.nodes()).size).toBe(0);
    const again = hubObject({
      name: 'replaced',
      namespace,
      database: { ...database, port: hub.proxy.port },
      table: 'replaced',
      extra: { size: 'size' },
      syncInterval: '1s',
    });
    await cluster.create(lynqPath(namespace, 'lynqhubs'), again);
    const after = await hub.untilNodes(2);
    expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
    for (const [name, uid] of after) expect(before.get(name)).not.toBe(uid);
    await faults.world.ready([...after.keys()]);
  });

  test.concurrent('hub, form, table and Secret that come in the opposite order are put together all the same', async () => {
    const { cluster, namespace, database } = faults.world;
    const hub = hubObject({
      name: 'late',
      namespace,
      database,
      table: 'late',
      extra: { size: 'size' },
      syncInterval: '1s',
    });
    await cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
    const condition = async () => conditionOf(await cluster.get(lynqPath(namespace, 'lynqhubs', 'late')), 'Ready');
    await eventually('the hub names the missing table', async () => {
      const found = await condition();
      return found?.reason === 'DatabaseQueryFailed' && found.message.includes('late') ? there(found) : notYet(found);
    });
    await database.sql(
      "CREATE TABLE late (id VARCHAR(63), active INT DEFAULT 1, size INT DEFAULT 1); INSERT INTO late (id) VALUES ('one')",
    );
    await eventually('the hub has read it', async () => {
      const found = await condition();
      return found?.status === 'True' ? there(found) : notYet(found);
    });
    const form = configMapForm({ name: 'late-form', namespace, hub: 'late' }, [{ id: 'map' }]);
    await cluster.create(lynqPath(namespace, 'lynqforms'), form);
    await faults.world.ready(['one-late-form']);
  });

  test('the status says when, how long and how much, and the real error without a secret', async () => {
    const hub = await faults.open('told', 3);
    const status = await hub.status();
    expect(status).toMatchObject({ desired: 3, referencingTemplates: 1 });
    expect(status.lastSyncTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(status.lastSyncDuration).toMatch(/^\d+\.\ds$/);
    expect(status.rows).toMatchObject({ seen: 3, active: 3, inactive: 0, repeated: 0, frozen: 0, held: 0 });
    const { password } = faults.world.database;
    await faults.world.database.setPassword('another one');
    try {
      const { message } = await hub.until('Ready', 'False/DatabaseConnectionFailed');
      expect(message).toContain(faults.world.database.reader);
      expect(JSON.stringify(await hub.hub())).not.toContain(password);
    } finally {
      await faults.world.database.setPassword(password);
    }
    await hub.until('Ready', 'True');
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await faults.expectRulesKept();
  });
});
