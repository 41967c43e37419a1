import { randomUUID } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Activities, RemovalPage } from '../../activities/contract.ts';
import { removeSignal, workflowTypes } from '../../workflows/messages.ts';
import { removalsOptions } from '../../workflows/removals-options.ts';
import { eventually, openWorkflowBench, type WorkflowBench } from '../support/temporal.ts';

/** Removals that take this long, and what they and the messages to runs were about, in order. */
function removing(milliseconds = 0, fail: (page: RemovalPage, attempt: number) => boolean = () => false) {
  const noted = { pages: [] as (readonly string[])[], told: [] as (readonly string[])[], atWork: 0, most: 0 };
  const removeNodes: Activities['removeNodes'] = async (page) => {
    noted.pages.push(page.nodes);
    noted.atWork += 1;
    noted.most = Math.max(noted.most, noted.atWork);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    noted.atWork -= 1;
    if (fail(page, noted.pages.length)) throw ApplicationFailure.nonRetryable('refused', 'FormInvalid');
    return { removed: page.nodes.length, left: 0 };
  };
  const endRuns: Activities['endRuns'] = async ({ nodes }) => {
    noted.told.push(nodes);
  };
  return { noted, activities: { removeNodes, endRuns } };
}

/** What takes long, and hears of its cancellation. */
async function untilCancelled(): Promise<never> {
  const context = Context.current();
  const beats = setInterval(() => context.heartbeat(), 500);
  try {
    return await context.cancelled;
  } finally {
    clearInterval(beats);
  }
}

const names = (count: number, prefix = 'n'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(4, '0')}`);

describe('workflows/removals', () => {
  let bench: WorkflowBench;

  beforeAll(async () => {
    bench = await openWorkflowBench(inject('stack').temporalAddress);
  });
  afterAll(() => bench.close());

  const hand = (hub: string, nodes: unknown) =>
    bench.client.workflow.signalWithStart(workflowTypes.removals, {
      ...removalsOptions({ namespace: 'lynq-system', hub }),
      taskQueue: bench.taskQueue,
      signal: removeSignal,
      signalArgs: [{ nodes }] as never,
    });
  const aHub = () => `many-${randomUUID()}`;
  const resultOf = (handle: WorkflowHandle) => bench.client.workflow.getHandle(handle.workflowId).result();

  it('removes what it is handed page by page, then tells the runs, and ends', async () => {
    const { noted, activities } = removing(200);
    const hub = aHub();

    const result = await bench.run(activities, async () => resultOf(await hand(hub, names(250))));

    expect(result).toEqual({ hub, removed: 250, left: 0 });
    expect(noted.pages.flat()).toEqual(names(250));
    expect(noted.pages.map(({ length }) => length)).toEqual([100, 100, 50]);
    expect(noted.told.flat().toSorted()).toEqual(names(250));
  });

  it('has a few pages under way, and takes up what comes meanwhile before runs are told', async () => {
    const { noted, activities } = removing(1_000);
    const hub = aHub();

    await bench.run(activities, async () => {
      const handle = await hand(hub, names(1));
      await eventually('the first page', () => noted.pages.length === 1);
      await hand(hub, names(600, 'm'));
      await resultOf(handle);
    });

    expect(noted.most).toBe(4);
    expect(noted.pages.flat()).toHaveLength(601);
    expect(noted.told.flat()).toHaveLength(601);
  });

  it('removes a node that it was handed several times at once only once', async () => {
    const { noted, activities } = removing(500);
    const hub = aHub();

    await bench.run(activities, async () => {
      const handle = await hand(hub, [...names(3), ...names(3)]);
      await eventually('the page', () => noted.pages.length === 1);
      await hand(hub, names(3));
      await resultOf(handle);
    });

    expect(noted.pages).toEqual([names(3)]);
  });

  it.each<readonly [string, unknown]>([
    ['no list', 'all'],
    ['nothing', undefined],
    ['what are no names', [7, null, { name: 'a' }, '', '../../hubs', 'A_B', 'x'.repeat(254)]],
  ])('does nothing when it is handed %s', async (_, nodes) => {
    const { noted, activities } = removing();
    const hub = aHub();

    const result = await bench.run(activities, async () => resultOf(await hand(hub, nodes)));

    expect(result).toEqual({ hub, removed: 0, left: 0 });
    expect(noted).toMatchObject({ pages: [], told: [] });
  });

  it('takes no more than it can carry on, whatever it is handed', async () => {
    const { noted, activities } = removing();
    const long = Array.from({ length: 1_000 }, (_, at) => `${'x'.repeat(240)}-${at}`);

    await bench.run(activities, async () => resultOf(await hand(aHub(), long)));

    expect(noted.pages.flat().length).toBeGreaterThan(150);
    expect(noted.pages.flat().length).toBeLessThan(250);
  });

  it('leaves a page that fails for good to the runs of its nodes, and goes on', async () => {
    const { noted, activities } = removing(0, ({ nodes }) => nodes[0] === 'n-0000');
    const hub = aHub();

    const result = await bench.run(activities, async () => resultOf(await hand(hub, names(150))));

    expect(result).toEqual({ hub, removed: 50, left: 100 });
    expect(noted.told.flat()).toHaveLength(150);
  });

  it('leaves a page that keeps failing to the runs of its nodes, and tells those of the others', async () => {
    const { noted, activities } = removing();
    const removeNodes: Activities['removeNodes'] = async (page) => {
      if (page.nodes[0] !== 'n-0000') return activities.removeNodes(page);
      throw ApplicationFailure.retryable('no answer', 'ClusterUnreachable');
    };
    const hub = aHub();

    const run = async () => resultOf(await hand(hub, names(150)));
    const result = await bench.run({ ...activities, removeNodes }, run);

    expect(result).toEqual({ hub, removed: 50, left: 100 });
    expect(noted.told.flat().toSorted()).toEqual(names(150));
  });

  it('removes no more when it is cancelled, but tells the runs of what it was at and had removed before', async () => {
    const { noted, activities } = removing();
    const hub = aHub();
    const removeNodes: Activities['removeNodes'] = async (page) => {
      if (page.nodes.includes('n-0000')) return activities.removeNodes(page);
      noted.pages.push(page.nodes);
      return untilCancelled();
    };

    await bench.run({ ...activities, removeNodes }, async () => {
      const handle = await hand(hub, names(950));
      await eventually('pages that take long', () => noted.pages.length === 5);
      await bench.client.workflow.getHandle(handle.workflowId).cancel();
      await expect(resultOf(handle)).rejects.toThrow('cancelled');
    });

    expect(noted.pages).toHaveLength(5);
    expect(noted.told.flat().toSorted()).toEqual(names(500));
  });

  it('tells them too when it is cancelled while it tells', async () => {
    const { noted, activities } = removing();
    let told = 0;
    const endRuns: Activities['endRuns'] = async (page) => {
      told += 1;
      if (told > 1) return activities.endRuns(page);
      return untilCancelled();
    };

    await bench.run({ ...activities, endRuns }, async () => {
      const handle = await hand(aHub(), names(150));
      await eventually('messages', () => told === 1);
      await bench.client.workflow.getHandle(handle.workflowId).cancel();
      await expect(resultOf(handle)).rejects.toThrow('cancelled');
    });

    expect(noted.told.flat().toSorted()).toEqual(names(150));
  });

  it('starts afresh when its history has grown long, and loses no node', async () => {
    const { noted, activities } = removing();
    const hub = aHub();

    await bench.run(activities, async () => {
      const handle = await hand(hub, names(1, 'first'));
      const { runId: first } = await handle.describe();
      let sent = 1;
      await eventually(
        'a new run',
        async () => {
          await hand(hub, [`s-${sent}`]);
          sent += 1;
          return (await handle.describe()).runId !== first;
        },
        90,
      );
      const result = await resultOf(handle);
      expect(result).toEqual({ hub, removed: sent, left: 0 });
      expect(new Set(noted.told.flat()).size).toBe(sent);
    });
  }, 150_000);

  it('is told by hub and summary in the Temporal UI', async () => {
    const { activities } = removing(500);
    const hub = aHub();

    await bench.run(activities, async () => {
      const handle = await hand(hub, names(2));
      const { typedSearchAttributes, memo, staticSummary } = await handle
        .describe()
        .then(async (run) => ({ ...run, staticSummary: await run.staticSummary() }));
      expect(typedSearchAttributes.getAll().map(({ value }) => value)).toContain(hub);
      expect(memo).toEqual({ hub });
      expect(staticSummary).toBe(`removal of many LynqNodes of hub ${hub}`);
      await resultOf(handle);
    });
  });
});
