import { ScheduleNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { conditionOf } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { configMap, openSmallWorld, type SmallWorld } from '../support/e2e/forms.ts';
import { type GrpcProxy, openGrpcProxy } from '../support/faults/grpc-proxy.ts';

/** What is seen of a hub that Temporal starts nothing for, as on Temporal Cloud before the search attributes are registered. */
describe('e2e/unscheduled', () => {
  const stack = inject('stack');
  let proxy: GrpcProxy;
  let world: SmallWorld;

  beforeAll(async () => {
    proxy = await openGrpcProxy(stack.temporalAddress);
    world = await openSmallWorld(stack, 'unscheduled', { TEMPORAL_ADDRESS: proxy.address });
    await world.putForm('plain', { configMaps: [configMap('map')] });
    await world.addRow('acme');
    await world.ready(['acme-plain']);
  });
  afterAll(async () => {
    await world?.close();
    await proxy?.close();
  });

  test('a worker that may not list the search attributes finds the missing ones, and ends with the commands to register them', async () => {
    const service = world.engine.client.workflowService;
    const namespace = 'without-attributes';
    const { config } = await service.describeNamespace({ namespace: 'default' });
    const retention = config?.workflowExecutionRetentionTtl ?? null;
    await service.registerNamespace({ namespace, workflowExecutionRetentionPeriod: retention });
    await eventually(`${namespace} is there`, async () =>
      service
        .countWorkflowExecutions({ namespace, query: "WorkflowId = 'none'" })
        .then(there, (error: unknown) => notYet(String(error))),
    );
    const rule = proxy.add({ methods: ['ListSearchAttributes'], fault: 'deny' });
    const worker = world.shifted({
      TEMPORAL_ADDRESS: proxy.address,
      TEMPORAL_NAMESPACE: namespace,
      LYNQ_TASK_QUEUE: 'e2e-unscheduled-other',
    });
    await worker.start();
    const output = await eventually('the worker has decided', () => {
      const text = worker.output();
      return /worker ready|^Error: /m.test(text) ? there(text) : notYet(text);
    });
    await worker.stop();
    rule.remove();
    expect(output).toContain(`Error: search attributes are missing in Temporal namespace ${namespace}; register them:`);
    for (const name of ['LynqHub', 'LynqForm', 'LynqUid', 'LynqNode', 'LynqPhase'])
      expect(output).toContain(`--namespace ${namespace} --name ${name} --type Keyword`);
  });

  test('one that may not list them goes on where all are there', async () => {
    const rule = proxy.add({ methods: ['ListSearchAttributes'], fault: 'deny' });
    await world.worker.stop();
    const before = world.worker.output().length;
    await world.worker.start();
    await world.addRow('beta');
    await world.ready(['beta-plain']);
    rule.remove();
    expect(rule.met()).toBe(1);
    expect(world.worker.output().slice(before)).not.toContain('search attributes cannot be listed');
  });

  test('a hub whose schedule cannot be made says so, and no more when it can', async () => {
    const schedule = world.engine.client.schedule.getHandle(`hub/${world.namespace}/${world.hubName}`);
    const rule = proxy.add({ methods: ['CreateSchedule'], fault: 'deny' });
    await schedule.delete();
    await expect(schedule.describe()).rejects.toThrow(ScheduleNotFoundError);
    const condition = await eventually('the hub says that it has no schedule', async () => {
      const found = conditionOf(await world.hub(world.hubName), 'NotScheduled');
      return found?.status === 'True' ? there(found) : notYet(found ?? 'no such condition');
    });
    expect(condition).toMatchObject({ reason: 'ScheduleRefused' });
    expect(condition.message).toContain('cannot be made in Temporal: ');
    rule.remove();
    await eventually('the hub says it no more', async () => {
      const found = conditionOf(await world.hub(world.hubName), 'NotScheduled');
      return found === undefined ? there(true) : notYet(found);
    });
    await world.addRow('gamma');
    await world.ready(['gamma-plain']);
  });
});
