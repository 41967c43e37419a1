import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { workerProcess } from '../../support/e2e/programs.ts';
import { type FaultWorld, openFaultWorld } from './support.ts';

const syncInterval = '0s';

/** What a hub without an interval looks at a second time by itself. */
describe('faults/database/hub-follow-ups', () => {
  let faults: FaultWorld;

  beforeAll(async () => {
    faults = await openFaultWorld('follow-ups');
  });
  afterAll(async () => {
    await faults?.close();
  });

  test.concurrent('a request that met a database that was away is made good when it is back', async () => {
    const hub = await faults.open('blip', 1, { syncInterval });
    hub.proxy.retarget(1);
    await hub.sql("INSERT INTO blip (id) VALUES ('second')");
    expect(await faults.world.lynq(['notify', 'blip', '--uid', 'second'])).toMatchObject({ code: 0 });
    await hub.until('Ready', 'False/DatabaseConnectionFailed');
    hub.proxy.retarget(faults.world.database.port);
    await hub.until('Ready', 'True');
    expect([...(await hub.untilNodes(2)).keys()]).toContain('second-blip-form');
  });

  test.concurrent('another source is read until it is believed', async () => {
    const hub = await faults.open('other', 2, { syncInterval });
    await hub.sql("CREATE TABLE other_new LIKE other; INSERT INTO other_new (id) VALUES ('row-0')");
    const path = lynqPath(faults.world.namespace, 'lynqhubs', 'other');
    await faults.world.cluster.merge(path, { spec: { source: { mysql: { table: 'other_new' } } } });
    await hub.until('SourceChanged', 'True');
    const nodes = await hub.untilNodes(1);
    expect([...nodes.keys()]).toEqual(['row-0-other-form']);
    await hub.until('SourceChanged', 'False');
  });

  test('nodes of a deleted form go half a minute later, also when another worker takes over meanwhile', async () => {
    const { world } = faults;
    const hub = await faults.open('deleted', 2, { syncInterval });
    const second = workerProcess(world.stack, { LYNQ_TASK_QUEUE: 'e2e-follow-ups' });
    await second.start();
    try {
      await world.cluster.remove(lynqPath(world.namespace, 'lynqforms', 'deleted-form'));
      const [record] = await eventually('the absence is on record', async () => {
        const found = (await hub.status()).absentForms as readonly { since: string }[] | undefined;
        return found?.length === 1 ? there(found) : notYet(found ?? 'no record');
      });
      await world.worker.kill();
      await window(10_000);
      expect((await hub.nodes()).size).toBe(2);
      await hub.untilNodes(0);
      expect(Date.now() - Date.parse(record?.since ?? '')).toBeGreaterThan(29_000);
    } finally {
      await world.worker.start();
      await second.stop();
    }
  }, 180_000);

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await faults.expectRulesKept();
  });
});
