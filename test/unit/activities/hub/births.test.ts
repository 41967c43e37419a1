import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reviewRuns } from '../../../../activities/hub/births.ts';
import type { Deps } from '../../../../activities/deps.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import type { RunDirectory, StrayRun } from '../../../../domain/watching.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { noRuns, startProcess } from '../../../support/node-deps.ts';

const request = { namespace: 'tenants', hub: 'customers' };

const hubHeldBy = (holder: string): JsonObject => ({
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqHub',
  metadata: { namespace: 'tenants', name: 'customers', annotations: { 'lynq.sh/controller-id': holder } },
  spec: {
    source: {
      type: 'mysql',
      mysql: { host: 'db', port: 3306, username: 'reader', database: 'shop', table: 'customers' },
      syncInterval: '30s',
    },
    valueMappings: { uid: 'id', activate: 'active' },
  },
});

describe('activities/hub/births', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A hub with one node that is believed to have a run, and a visibility store that is asked. */
  async function askedOf(answers: Partial<RunDirectory>, holder = 'test') {
    const cluster = createFakeCluster();
    cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqHub' });
    cluster.seed(hubHeldBy(holder));
    const { deps } = await startProcess(cluster);
    const directory = { ...noRuns, ...answers };
    const missing: string[] = [];
    const node = { namespace: 'tenants', name: 'acme-web' };
    const known: Deps = {
      ...deps,
      directory,
      nodes: Object.assign(Object.create(deps.nodes), { ofHub: () => [node] }),
      runs: Object.assign(Object.create(deps.runs), {
        isSettled: () => true,
        missing: (_: string, name: string) => missing.push(name),
      }),
    };
    return { known, missing };
  }

  it.each(['count', 'listed', 'elsewhere'] as const)(
    'gives up a visibility store that stalls at %s, and changes nothing',
    async (stalled) => {
      const signals: AbortSignal[] = [];
      const stall = (signal: AbortSignal): Promise<never> => {
        signals.push(signal);
        return new Promise(() => undefined);
      };
      const { known, missing } = await askedOf({
        count: (_, __, signal) => (stalled === 'count' ? stall(signal) : Promise.resolve(0)),
        listed: (_, __, signal) => (stalled === 'listed' ? stall(signal) : Promise.resolve(new Set<string>())),
        elsewhere: (_, __, signal) => (stalled === 'elsewhere' ? stall(signal) : Promise.resolve([])),
      });

      let ended = false;
      const review = reviewRuns(known, request, { signal: new AbortController().signal }).then(() => (ended = true));
      await vi.advanceTimersByTimeAsync(5_000);

      expect(ended).toBe(true);
      await review;
      expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
      expect(missing).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
    },
  );

  it('waits for a long list as long as answers come', async () => {
    const { known, missing } = await askedOf({
      count: async () => 0,
      listed: async (_, __, ___, onAnswer) => {
        for (let page = 0; page < 10; page += 1) {
          await new Promise((resolve) => setTimeout(resolve, 4_000));
          onAnswer();
        }
        return new Set<string>();
      },
    });

    const review = reviewRuns(known, request, { signal: new AbortController().signal });
    await vi.advanceTimersByTimeAsync(40_000);
    await review;

    expect(missing).toEqual(['acme-web']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends at once when the sync is given up', async () => {
    const stop = new AbortController();
    const { known } = await askedOf({ count: () => new Promise(() => undefined), listed: async () => new Set() });

    const review = reviewRuns(known, request, { signal: stop.signal });
    stop.abort(new Error('cancelled'));

    await expect(review).rejects.toThrow('cancelled');
    expect(vi.getTimerCount()).toBe(0);
  });

  describe('runs on the task queue of an installation that is gone', () => {
    const strays: readonly StrayRun[] = [
      { workflowId: 'node/tenants/acme-web', runId: 'r-1', node: 'acme-web' },
      { workflowId: 'rollout/tenants/web', runId: 'r-2', node: undefined },
      { workflowId: 'node/tenants/beta-web', runId: 'r-3', node: 'beta-web' },
    ];
    async function reviewed(holder: string) {
      const ended: string[] = [];
      const { known, missing } = await askedOf(
        {
          count: async () => 1,
          elsewhere: async () => strays,
          end: async ({ workflowId, runId }, reason) => {
            ended.push(`${workflowId} ${runId}: ${reason}`);
            return runId !== 'r-3';
          },
        },
        holder,
      );
      await reviewRuns(known, request, { signal: new AbortController().signal });
      return { ended, missing };
    }

    it('are ended with a reason, and their nodes are to be born again', async () => {
      const { ended, missing } = await reviewed('test');

      const reason = 'the hub of this run is held by a worker with another task queue, which starts it anew';
      expect(ended).toEqual([
        `node/tenants/acme-web r-1: ${reason}`,
        `rollout/tenants/web r-2: ${reason}`,
        `node/tenants/beta-web r-3: ${reason}`,
      ]);
      expect(missing).toEqual(['acme-web']);
    });

    it('are left alone when the other installation has taken the hub meanwhile', async () => {
      expect(await reviewed('other')).toEqual({ ended: [], missing: [] });
    });
  });

  it('takes a run as lost that a store which answers does not show', async () => {
    const { known, missing } = await askedOf({ count: async () => 0, listed: async () => new Set() });

    await reviewRuns(known, request, { signal: new AbortController().signal });

    expect(missing).toEqual(['acme-web']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
