import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../../support/e2e/audit.ts';
import { lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../../support/e2e/eventually.ts';
import { entryOf, suspendedJob } from '../../support/e2e/forms.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';
import { disturbances } from '../../support/faults/disturbances.ts';
import { bringInFleet, type Fleet, nodeWrites, sizes } from '../../support/faults/row-fleet.ts';
import { type ApiProxy, openProxy } from '../../support/faults/proxy.ts';
import { openStage, type Stage } from '../../support/faults/stage.ts';

const hour = 3_600_000;

/** Clocks that go wrong: of the worker's machine, and of the API server as its answers tell it. */
describe('faults/process/clocks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lynqflow-clocks-'));
  const clock = join(folder, 'clock');
  let proxy: ApiProxy;
  let stage: Stage;
  let begun = 0;

  const waitingForm = { jobs: [suspendedJob('job', { timeoutSeconds: 900 })] };

  beforeAll(async () => {
    const stack = inject('stack');
    proxy = await openProxy(stack.kubeconfig);
    stage = await openStage(stack, 'clocks', {
      through: { kubeconfig: proxy.kubeconfig() },
      settings: { [disturbances.clock]: clock },
    });
    begun = stage.audit.now();
  });
  afterAll(async () => {
    await stage?.close();
    await proxy?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const deletes = (fleet: Fleet, place: number) =>
    stage.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb === 'delete' && objectRef?.namespace === fleet.namespace)
      .map(describeRequest);

  const jobOf = async (fleet: Fleet, uid: string) => {
    const node = (await fleet.nodes()).get(uid);
    return node === undefined ? undefined : entryOf(node, 'job');
  };

  const untilWaiting = (fleet: Fleet, uid: string) =>
    eventually(`the job of ${uid} waits`, async () => {
      const state = await jobOf(fleet, uid);
      return state?.startsWith('Progressing') === true ? there(state) : notYet(state);
    });

  /** A pass of a node looks at its deadline, so one is asked for. */
  async function askForPass(fleet: Fleet, uid: string, value: string): Promise<void> {
    const path = lynqPath(fleet.namespace, 'lynqnodes', `${uid}-form`);
    const place = proxy.calls.length;
    await stage.cluster.merge(path, { metadata: { annotations: { 'lynq.sh/force-reconcile': value } } });
    await eventually('the node has been looked at', () => {
      const seen = proxy.calls.slice(place).filter(({ verb, name }) => verb !== 'watch' && name.startsWith(uid));
      return seen.length > 0 ? there(true) : notYet('not yet');
    });
  }

  test('Z1 a worker whose clock is an hour or a year ahead, or an hour behind, deletes nothing, gives nothing up and goes on', async () => {
    const waiting = await bringInFleet(stage, { name: 'clock-job', rows: sizes(['slow']), form: waitingForm });
    const fleet = await bringInFleet(stage, { name: 'clock', rows: sizes(['one', 'two']), syncInterval: '2s' });
    await fleet.untilSettled(sizes(['one', 'two']));
    await untilWaiting(waiting, 'slow');
    const place = stage.audit.now();
    const rows: Record<string, number> = sizes(['one', 'two']);
    for (const [index, ahead] of [hour, -hour, 365 * 24 * hour, 0].entries()) {
      writeFileSync(clock, String(ahead));
      await fleet.sql(
        `INSERT INTO clock (id, size) VALUES ('ahead-${index}', 1); UPDATE clock SET size = size + 1 WHERE id = 'one'`,
      );
      rows[`ahead-${index}`] = 1;
      rows['one'] = (rows['one'] ?? 0) + 1;
      await fleet.untilSettled(rows);
      await askForPass(waiting, 'slow', `round-${index}`);
      expect(await jobOf(waiting, 'slow')).toMatch(/^Progressing/);
    }
    expect(deletes(fleet, place)).toEqual([]);
    expect(deletes(waiting, place)).toEqual([]);
    expect(nodeWrites(fleet, place).filter((write) => write.startsWith('create'))).toHaveLength(4);
  }, 300_000);

  test('Z1 a worker that is restarted in another time zone and with another clock changes nothing', async () => {
    const fleet = await bringInFleet(stage, { name: 'zones', rows: sizes(['one', 'two']), syncInterval: '2s' });
    await fleet.untilSettled(sizes(['one', 'two']));
    const before = new Map([...(await fleet.nodes())].map(([uid, { metadata }]) => [uid, metadata.uid]));
    for (const [zone, ahead] of [
      ['Pacific/Kiritimati', hour],
      ['America/St_Johns', -hour],
    ] as const) {
      await stage.kill();
      writeFileSync(clock, String(ahead));
      const place = stage.audit.now();
      stage.start(undefined, { TZ: zone });
      await fleet.sql('UPDATE zones SET size = size + 1');
      await fleet.untilSettled(sizes(['one', 'two'], zone.startsWith('P') ? 2 : 3));
      expect(deletes(fleet, place)).toEqual([]);
    }
    writeFileSync(clock, '0');
    expect(new Map([...(await fleet.nodes())].map(([uid, { metadata }]) => [uid, metadata.uid]))).toEqual(before);
  }, 300_000);

  test('T15 a server whose clock goes an hour ahead and back again leads to no deletion and fails nothing that is fresh', async () => {
    const waiting = await bringInFleet(stage, { name: 'server-job', rows: sizes(['early']), form: waitingForm });
    const fleet = await bringInFleet(stage, {
      name: 'server',
      rows: sizes(Array.from({ length: 30 }, (_, index) => `row-${index}`)),
      syncInterval: '2s',
    });
    await fleet.untilSettled(sizes(Array.from({ length: 30 }, (_, index) => `row-${index}`)));
    await untilWaiting(waiting, 'early');
    const place = stage.audit.now();
    proxy.ahead(hour);
    await fleet.sql("UPDATE server SET size = 2 WHERE id = 'row-0'");
    await fleet.untilSettled({ ...sizes(Array.from({ length: 30 }, (_, index) => `row-${index}`)), 'row-0': 2 });
    await waiting.sql("INSERT INTO `server-job` (id, size) VALUES ('fresh', 1)");
    await waiting.sync();
    await untilWaiting(waiting, 'fresh');
    await askForPass(waiting, 'fresh', 'ahead');
    expect(await jobOf(waiting, 'fresh')).toMatch(/^Progressing/);

    proxy.ahead(0);
    await fleet.sql("UPDATE server SET size = 3 WHERE id = 'row-0'");
    await fleet.untilSettled({ ...sizes(Array.from({ length: 30 }, (_, index) => `row-${index}`)), 'row-0': 3 });
    await askForPass(waiting, 'fresh', 'back');
    expect(await jobOf(waiting, 'fresh')).toMatch(/^Progressing/);
    expect(deletes(fleet, place)).toEqual([]);
    expect(deletes(waiting, place)).toEqual([]);
  }, 300_000);

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept(stage, begun, { least: { deletes: 0 } });
  });
});
