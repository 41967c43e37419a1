import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, mapOf, openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';
import type { WorkerProcess } from '../support/e2e/programs.ts';

/** An installation ends, and one with another task queue in the same Temporal namespace takes its hubs (docs/operations.md). */
describe('e2e/moving', () => {
  const firstQueue = 'e2e-moving';
  const nextQueue = 'e2e-moving-next';
  let world: SmallWorld;
  let next: WorkerProcess;

  /** Open runs of nodes and rollouts of the hub, with the queue of each. */
  async function openRuns(): Promise<ReadonlyMap<string, string>> {
    const query = `LynqHub = '${world.hubName}' AND ExecutionStatus = 'Running' AND WorkflowType != 'hubSync'`;
    const found = new Map<string, string>();
    for await (const { workflowId, taskQueue } of world.engine.client.workflow.list({ query })) {
      if (workflowId.includes(`/${world.namespace}/`)) found.set(workflowId.split('/').at(-1) ?? '', taskQueue);
    }
    return found;
  }
  const untilRunsOn = (queue: string, runs: readonly string[]) =>
    eventually(
      `${runs.join(', ')} run on ${queue}, and nothing else does`,
      async () => {
        const found = await openRuns();
        const isMoved = found.size === runs.length && runs.every((run) => found.get(run) === queue);
        return isMoved ? there(found) : notYet([...found]);
      },
      { withinMs: 90_000 },
    );
  const untilSize = (uid: string, size: string) =>
    eventually(`the object of ${uid} says ${size}`, async () => {
      const data = (await mapOf(world, `${uid}-map`))?.data;
      return data?.['size'] === size ? there(data) : notYet(data);
    });
  const uidsOf = async (uids: readonly string[]) => [
    ...(await Promise.all(uids.map((uid) => world.node(`${uid}-web`)))).map((node) => node?.metadata.uid),
    ...(await Promise.all(uids.map((uid) => mapOf(world, `${uid}-map`)))).map((map) => map?.metadata.uid),
  ];

  beforeAll(async () => {
    world = await openSmallWorld(inject('stack'), 'moving');
    next = world.shifted({ LYNQ_TASK_QUEUE: nextQueue });
    const configMaps = [configMap('map', {}, { size: '{{ .size }}' })];
    await world.putForm('web', { configMaps, rollout: { maxSkew: 1, paused: true } });
    for (const uid of ['one', 'two', 'three', 'four']) await world.addRow(uid);
    await world.ready(['one-web', 'two-web', 'three-web', 'four-web']);
    const edited = [configMap('map', {}, { size: '{{ .size }}', edited: 'yes' })];
    await world.putForm('web', { configMaps: edited });
    await untilRunsOn(firstQueue, ['one-web', 'two-web', 'three-web', 'four-web', 'web']);
  });
  afterAll(async () => {
    await next?.stop();
    await world?.close();
  });

  test('the worker with the other queue begins every run anew, and changed and removed rows are acted on; nothing else is touched', async () => {
    const before = await uidsOf(['one', 'two', 'three']);
    const place = world.audit.now();
    await world.worker.stop();
    await next.start();
    await untilRunsOn(nextQueue, ['one-web', 'two-web', 'three-web', 'four-web', 'web']);
    await world.dropRow('four');
    await world.gone(['four-web']);
    await world.putForm('web', { rollout: { maxSkew: 1, paused: false } });
    for (const uid of ['one', 'two', 'three'])
      await eventually(`the edited form reaches ${uid}`, async () => {
        const data = (await mapOf(world, `${uid}-map`))?.data;
        return data?.['edited'] === 'yes' ? there(data) : notYet(data);
      });
    await world.putForm('web', { rollout: null });
    await world.database.sql("UPDATE things SET size = 2 WHERE id = 'one'");
    await untilSize('one', '2');

    expect(await uidsOf(['one', 'two', 'three'])).toEqual(before);
    const deletes = world.audit.ofWorker(place).filter(({ verb }) => verb.startsWith('delete'));
    expect(deletes.map(describeRequest).filter((text) => !text.includes('four'))).toEqual([]);
  }, 240_000);

  test('the same when the worker before has crashed in the middle of a sync', async () => {
    const schedule = world.engine.client.schedule.getHandle(`hub/${world.namespace}/${world.hubName}`);
    await next.kill();
    await schedule.trigger();
    await world.database.sql("UPDATE things SET size = 3 WHERE id = 'one'");
    await world.dropRow('two');
    await world.worker.start();
    await untilSize('one', '3');
    await world.gone(['two-web']);
    await untilRunsOn(firstQueue, ['one-web', 'three-web']);
  }, 240_000);
});
