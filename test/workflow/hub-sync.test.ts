import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Activities, NodeBirth } from '../../activities/contract.ts';
import { eventually, openWorkflowBench, type WorkflowBench } from '../support/temporal.ts';

const counts = { rows: 1, active: 1, frozen: 0, held: 0, created: 1, updated: 0, removed: 0 };

function birth(node: string): NodeBirth {
  return { namespace: 'lynq-system', node, hub: 'customers', form: 'web', uid: node };
}

describe('workflows/hub-sync', () => {
  let bench: WorkflowBench;

  beforeAll(async () => {
    bench = await openWorkflowBench(inject('stack').temporalAddress);
  });
  afterAll(() => bench.close());

  const resting: Activities['advanceNode'] = async () => ({
    kind: 'settled',
    progress: { entries: [], ready: 0, failed: 0, desired: 0 },
  });

  const sync = (hub: string) =>
    bench.client.workflow.execute('hubSync', {
      taskQueue: bench.taskQueue,
      workflowId: `hub-sync/lynq-system/${hub}`,
      args: [{ namespace: 'lynq-system', hub }],
    });

  it('starts a run for each node that has none, page by page, and the runs outlive it', async () => {
    const [first, second] = [`n-${randomUUID()}`, `n-${randomUUID()}`];
    const confirmed: string[] = [];
    const activities: Partial<Activities> = {
      advanceNode: resting,
      syncHub: async () => ({ kind: 'synced', counts, page: { births: [birth(first)], after: first } }),
      listBirths: async () => ({ births: [birth(second)] }),
      confirmRuns: async (births) => {
        confirmed.push(...births.map(({ node }) => node));
      },
    };

    await bench.run(activities, async () => {
      const hub = `hub-${randomUUID()}`;
      const result = await sync(hub);
      expect(result).toMatchObject({ outcome: 'synced', counts, started: 2 });
      // The second page has a run of its own, so that no run has more than a page of children open.
      const { events } = await bench.client.workflow.getHandle(`hub-sync/lynq-system/${hub}`).fetchHistory();
      const starts = events?.filter((event) => event.startChildWorkflowExecutionInitiatedEventAttributes != null);
      expect(starts).toHaveLength(1);
      const later = bench.client.workflow.getHandle(`hub-sync/lynq-system/${hub}`);
      const { currentDetails } = await later.query<{ currentDetails?: string }>('__temporal_workflow_metadata');
      expect(currentDetails).toMatch(new RegExp(`^# sync of hub ${hub}\n\nSync of hub \\*\\*${hub}\\*\\*`));
      expect(currentDetails).toContain('1 before these');
      for (const node of [first, second]) {
        const handle = bench.client.workflow.getHandle(`node/lynq-system/${node}`);
        await eventually('the run goes on', async () => (await handle.describe()).status.name === 'RUNNING');
        await handle.terminate();
      }
    });

    expect(confirmed).toEqual([first, second]);
  });

  it.each<readonly [string, Partial<Activities>, readonly string[]]>([
    ['ends with a glance that sees nothing to do', { glanceHub: async () => ({ kind: 'synced', counts }) }, []],
    ['is a whole one when a glance does not see that', { glanceHub: async () => ({ kind: 'due' }) }, ['syncHub']],
    ['is a whole one when a glance fails', { glanceHub: () => Promise.reject(new Error('no')) }, ['syncHub']],
    ['is a whole one on a worker that cannot glance', {}, ['syncHub']],
  ])('%s', async (_, glance, expected) => {
    const activities: Partial<Activities> = {
      ...glance,
      syncHub: async () => ({ kind: 'synced', counts, page: { births: [] } }),
    };
    await bench.run(activities, async () => {
      const hub = `hub-${randomUUID()}`;
      expect(await sync(hub)).toEqual({ outcome: 'synced', counts, started: 0 });
      const { events } = await bench.client.workflow.getHandle(`hub-sync/lynq-system/${hub}`).fetchHistory();
      const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: task }) =>
        task == null ? [] : [task.activityType?.name],
      );
      expect(scheduled).toEqual(expected);
      const steps = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes != null);
      expect(steps).toHaveLength(expected.length + 1);
    });
  });

  it('starts the runs of a page a few at a time, and all of them', async () => {
    const nodes = Array.from({ length: 45 }, () => `n-${randomUUID()}`);
    const activities: Partial<Activities> = {
      advanceNode: resting,
      syncHub: async () => ({ kind: 'synced', counts, page: { births: nodes.map(birth) } }),
      confirmRuns: async () => undefined,
    };

    await bench.run(activities, async () => {
      const hub = `hub-${randomUUID()}`;
      expect(await sync(hub)).toMatchObject({ started: nodes.length });
      const { events } = await bench.client.workflow.getHandle(`hub-sync/lynq-system/${hub}`).fetchHistory();
      let open = 0;
      let most = 0;
      for (const event of events ?? []) {
        if (event.startChildWorkflowExecutionInitiatedEventAttributes != null) open += 1;
        if (event.childWorkflowExecutionStartedEventAttributes != null) open -= 1;
        most = Math.max(most, open);
      }
      expect(open).toBe(0);
      expect(most).toBe(20);
      for (const node of nodes) await bench.client.workflow.getHandle(`node/lynq-system/${node}`).terminate();
    });
  });

  it('leaves a node alone that has a run already, and says so', async () => {
    const node = `n-${randomUUID()}`;
    const confirmed: unknown[] = [];
    const activities: Partial<Activities> = {
      advanceNode: resting,
      syncHub: async () => ({ kind: 'synced', counts, page: { births: [birth(node)] } }),
      confirmRuns: async (births) => void confirmed.push(...births),
    };

    await bench.run(activities, async () => {
      const hub = `hub-${randomUUID()}`;
      await sync(hub);
      const runId = (await bench.client.workflow.getHandle(`node/lynq-system/${node}`).describe()).runId;
      const again = await sync(hub);
      expect(again).toMatchObject({ started: 0 });
      const handle = bench.client.workflow.getHandle(`node/lynq-system/${node}`);
      expect((await handle.describe()).runId).toBe(runId);
      await handle.terminate();
    });

    const confirmation = { namespace: 'lynq-system', node };
    expect(confirmed).toEqual([confirmation, { ...confirmation, found: true }]);
  });
});
