import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { confirmRuns, reviewRuns } from '../../../../activities/hub/births.ts';
import { claimHub } from '../../../../activities/hub/holding.ts';
import { readHub } from '../../../../activities/hub/read-hub.ts';
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

  const webOf = (hub: string): JsonObject => ({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { namespace: 'tenants', name: 'web' },
    spec: { hubId: hub },
  });

  interface World {
    readonly holder?: string;
    /** Nodes of the hub, each believed to have a run. */
    readonly names?: readonly string[];
    /** The hub that the form `web` names. */
    readonly formOf?: string | undefined;
  }

  /** A hub with nodes that are believed to have runs, and a visibility store that is asked. */
  async function askedOf(answers: Partial<RunDirectory>, world: World = {}) {
    const { holder = 'test', names = ['acme-web'], formOf } = world;
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind });
    cluster.seed(hubHeldBy(holder));
    if (formOf !== undefined) cluster.seed(webOf(formOf));
    const { deps } = await startProcess(cluster);
    const directory = { ...noRuns, ...answers };
    const missing: string[] = [];
    const own = names.map((name) => ({ namespace: 'tenants', name, hub: 'customers', form: 'web' }));
    const theirs = { namespace: 'tenants', name: 'their-web', hub: 'others', form: 'web' };
    const known: Deps = {
      ...deps,
      directory,
      nodes: Object.assign(Object.create(deps.nodes), {
        ofHub: () => own,
        get: (_: string, name: string) => [...own, theirs].find((node) => node.name === name),
      }),
      runs: Object.assign(Object.create(deps.runs), {
        isSettled: () => true,
        missing: (_: string, name: string) => missing.push(name),
      }),
    };
    return { known, missing };
  }

  it.each([
    [
      'wakes a run that was there before its LynqNode, which no pass has been about',
      { found: true },
      undefined,
      'woken',
    ],
    ['leaves a run alone that has just been started', {}, undefined, ''],
    ['leaves a run alone that is known to be about its LynqNode', { found: true }, 'some', ''],
  ] as const)('%s', async (_, birth, observedInput, expected) => {
    const { known } = await askedOf({});
    const said: string[] = [];
    const deps: Deps = {
      ...known,
      nodes: Object.assign(Object.create(known.nodes), { get: () => ({ observedInput }) }),
      wake: async (...message) => (said.push(message.join(' ')), 'woken'),
    };
    const births = [{ namespace: 'tenants', node: 'acme-web', ...birth }];
    await confirmRuns(deps, births, { signal: new AbortController().signal });
    expect(said).toEqual(expected === 'woken' ? ['tenants acme-web nodeChanged'] : []);
    expect(deps.runs.isRunning('tenants', 'acme-web')).toBe(true);
  });

  const review = (known: Deps): Promise<void> => reviewRuns(known, request, { signal: new AbortController().signal });

  const seconds = (count: number): void => void vi.setSystemTime(Date.now() + count * 1_000);

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
        listed: (_, signal) => (stalled === 'listed' ? stall(signal) : Promise.resolve(new Map())),
        elsewhere: (_, signal) => (stalled === 'elsewhere' ? stall(signal) : Promise.resolve([])),
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
      listed: async (_, __, onAnswer) => {
        for (let page = 0; page < 10; page += 1) {
          await new Promise((resolve) => setTimeout(resolve, 4_000));
          onAnswer();
        }
        return new Map();
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
    const { known } = await askedOf({ count: () => new Promise(() => undefined), listed: async () => new Map() });

    const review = reviewRuns(known, request, { signal: stop.signal });
    stop.abort(new Error('cancelled'));

    await expect(review).rejects.toThrow('cancelled');
    expect(vi.getTimerCount()).toBe(0);
  });

  describe('runs on the task queue of an installation that is gone', () => {
    const strayNode = (node: string, hub: string): StrayRun => ({
      workflowId: `node/tenants/${node}`,
      runId: `r-${node}`,
      hub,
      form: 'web',
      node,
    });
    const strayRollout = (hub: string): StrayRun => ({
      workflowId: 'rollout/tenants/web',
      runId: 'r-rollout',
      hub,
      form: 'web',
      node: undefined,
    });
    /** Reviews once, with a store that has these. */
    async function reviewed(strays: readonly StrayRun[], world: World = {}) {
      const ended: string[] = [];
      const { known, missing } = await askedOf(
        {
          count: async () => 2,
          elsewhere: async () => strays,
          end: async ({ workflowId, runId }, reason) => {
            ended.push(`${workflowId} ${runId}: ${reason}`);
            return runId !== 'r-beta-web';
          },
        },
        { names: ['acme-web', 'beta-web'], ...world },
      );
      await review(known);
      return { ended: ended.map((line) => line.replace(/:.*/, '')), reasons: new Set(ended.map(reasonOf)), missing };
    }
    const reasonOf = (line: string): string => line.replace(/^[^:]*: /, '');
    const all = [strayNode('acme-web', 'customers'), strayRollout('customers'), strayNode('beta-web', 'customers')];

    it('are ended with a reason, and their nodes are to be born again', async () => {
      expect(await reviewed(all)).toEqual({
        ended: [
          'node/tenants/acme-web r-acme-web',
          'node/tenants/beta-web r-beta-web',
          'rollout/tenants/web r-rollout',
        ],
        reasons: new Set(['the hub of this run is held by a worker with another task queue, which starts it anew']),
        missing: ['acme-web'],
      });
    });

    it('are ended too when they remove many nodes of the hub, and not those of another one', async () => {
      const strayRemovals = (hub: string): StrayRun => ({
        workflowId: `removals/tenants/${hub}`,
        runId: `r-${hub}`,
        hub,
        form: undefined,
        node: undefined,
      });
      const { ended } = await reviewed([strayRemovals('customers'), strayRemovals('others')]);
      expect(ended).toEqual(['removals/tenants/customers r-customers']);
    });

    it('are left alone when the other installation has taken the hub meanwhile', async () => {
      expect(await reviewed(all, { holder: 'other' })).toMatchObject({ ended: [], missing: [] });
    });

    it.each<readonly [string, StrayRun, World, boolean]>([
      ['of a node that was taken over from another hub', strayNode('acme-web', 'before'), {}, true],
      ['of a node that another hub has taken over', strayNode('their-web', 'customers'), {}, false],
      ['of a node of another hub', strayNode('their-web', 'others'), {}, false],
      ['of a node of the hub that is gone', strayNode('gone-web', 'customers'), {}, true],
      ['of a node of another hub that is gone', strayNode('gone-web', 'others'), {}, false],
      ['of a form that was taken over from another hub', strayRollout('before'), { formOf: 'customers' }, true],
      ['of a form that names another hub now', strayRollout('customers'), { formOf: 'others' }, false],
      ['of a form of another hub', strayRollout('others'), { formOf: 'others' }, false],
    ])('are told by what they are of: %s', async (_, stray, world, isEnded) => {
      expect((await reviewed([stray], world)).ended).toEqual(isEnded ? [`${stray.workflowId} ${stray.runId}`] : []);
    });

    it('are looked for once in five minutes, and when the hub was claimed again', async () => {
      let asked = 0;
      const { known } = await askedOf({ count: async () => 9, elsewhere: async () => ((asked += 1), []) });
      for (let round = 0; round < 10; round += 1) {
        await review(known);
        seconds(29);
      }
      expect(asked).toBe(1);
      seconds(10);
      await review(known);
      expect(asked).toBe(2);

      const read = await readHub(known, request);
      if (read === undefined) throw new Error('no hub');
      await claimHub({ ...known, installation: 'another' }, request, read);
      await review(known);
      expect(asked).toBe(3);
    });

    it('are looked for at the next review again when the look or an end failed', async () => {
      let asked = 0;
      const { known } = await askedOf({
        count: async () => 9,
        elsewhere: async () => {
          asked += 1;
          if (asked === 1) throw new Error('unavailable');
          return [strayNode('acme-web', 'customers')];
        },
        end: async () => {
          if (asked === 2) throw new Error('unavailable');
          return true;
        },
      });
      for (let round = 0; round < 5; round += 1) await review(known);
      expect(asked).toBe(3);
    });
  });

  it('asks for nothing but strays, and that seldom, where no run is believed to be', async () => {
    const asked: string[] = [];
    const { known } = await askedOf(
      {
        count: async () => (asked.push('count'), 0),
        listed: async () => (asked.push('listed'), new Map()),
        elsewhere: async () => (asked.push('elsewhere'), []),
      },
      { names: [] },
    );
    for (let round = 0; round < 3; round += 1) await review(known);
    expect(asked).toEqual(['elsewhere', 'count']);
  });

  describe('runs whose LynqNode is gone, of which nobody told them', () => {
    /** A store that shows these runs, each by its node and its hub. */
    async function shown(runs: Map<string, string>, leaving = 0) {
      const names = ['acme-web', ...Array.from({ length: leaving }, (_, at) => `leaving-${at}`)];
      const asked: string[] = [];
      const { known, missing } = await askedOf(
        {
          count: async (_, hub) => (asked.push('count'), [...runs.values()].filter((bears) => bears === hub).length),
          listed: async () => (asked.push('listed'), new Map(runs)),
        },
        { names },
      );
      const all = known.nodes.ofHub('tenants', 'customers').map((node) => ({ ...node, deleting: leaving > 0 }));
      const nodes = Object.assign(Object.create(known.nodes), {
        ofHub: (_: string, hub: string) => (hub === 'customers' ? all : hub === 'others' ? all.slice(0, 1) : []),
      });
      const woken: string[] = [];
      const failing = new Set<string>();
      const wake: Deps['wake'] = async (_, node, cause) => {
        if (failing.has(node)) throw new Error('unavailable');
        woken.push(`${node} ${cause}`);
        return 'woken';
      };
      return { known: { ...known, nodes, wake }, missing, asked, woken, failing };
    }
    const runsOf = (...names: readonly string[]) =>
      new Map<string, string>(['acme-web', ...names].map((name) => [name, 'customers']));

    it('are woken, to look for themselves, when they are still there after a minute, and not again at each sync', async () => {
      const runs = runsOf('gone-web');
      const { known, woken, asked, missing } = await shown(runs);
      for (let round = 0; round < 20; round += 1) {
        await review(known);
        if (round < 2) expect(woken).toEqual([]);
        seconds(30);
      }
      expect(woken).toEqual(['gone-web nodeChanged']);
      expect(missing).toEqual([]);
      expect(asked.filter((question) => question === 'listed').length).toBeLessThan(6);
    });

    it('are left alone when they end within the minute', async () => {
      const runs = runsOf('gone-web');
      const { known, woken } = await shown(runs);
      await review(known);
      runs.delete('gone-web');
      for (let round = 0; round < 4; round += 1) {
        seconds(30);
        await review(known);
      }
      expect(woken).toEqual([]);
    });

    it('are left to the removal of many that is still at it', async () => {
      const { known, woken, asked } = await shown(
        runsOf('gone-web', ...Array.from({ length: 17 }, (_, at) => `leaving-${at}`)),
        17,
      );
      for (let round = 0; round < 4; round += 1) {
        await review(known);
        seconds(60);
      }
      expect(woken).toEqual([]);
      expect(asked).not.toContain('listed');
    });

    it('do not hide for long that a node has lost its run, where a count shows neither', async () => {
      const runs = runsOf('gone-web');
      runs.delete('acme-web');
      const { known, woken, missing } = await shown(runs);
      await review(known);
      expect(missing).toEqual([]);
      seconds(3_600);
      await review(known);
      expect(missing).toEqual(['acme-web']);
      seconds(60);
      runs.set('acme-web', 'customers');
      await review(known);
      expect(woken).toEqual(['gone-web nodeChanged']);
    });

    it('do not have a node whose run has ended with its removal taken for one that has lost it', async () => {
      const { known, missing, asked } = await shown(runsOf('gone-web', 'past-web', 'former-web'), 1);
      await review(known);
      expect(asked).toContain('listed');
      expect(missing).toEqual([]);
    });

    it('are woken where their hub has no nodes any more, and not those of another hub', async () => {
      const runs = runsOf('gone-web').set('past-web', 'past').set('strange-web', 'others');
      const { known, woken } = await shown(runs);
      await review(known);
      seconds(60);
      await review(known);
      expect(woken).toEqual(['gone-web nodeChanged', 'past-web nodeChanged']);
    });

    it('are woken at the next look when that failed, which holds up no other one', async () => {
      const { known, woken, failing } = await shown(runsOf('bad-web', 'gone-web'));
      failing.add('bad-web');
      await review(known);
      seconds(60);
      await review(known);
      expect(woken).toEqual(['gone-web nodeChanged']);
      failing.clear();
      seconds(60);
      await review(known);
      expect(woken).toEqual(['gone-web nodeChanged', 'bad-web nodeChanged']);
    });
  });

  describe('runs of nodes that were taken over bear the name of the hub before', () => {
    /** A store that shows these runs, each by its node and its hub. */
    async function shown(runs: Map<string, string>) {
      const lists: number[] = [];
      const { known, missing } = await askedOf(
        {
          count: async (_, hub) => [...runs.values()].filter((bears) => bears === hub).length,
          listed: async () => (lists.push(runs.size), new Map(runs)),
        },
        { names: ['acme-web', 'beta-web', 'new-web'] },
      );
      return { known, missing, lists };
    }
    const taken = () =>
      new Map([
        ['acme-web', 'before'],
        ['beta-web', 'before'],
        ['new-web', 'customers'],
      ]);

    it('and are listed once in five minutes, not at every review', async () => {
      const { known, missing, lists } = await shown(taken());
      for (let round = 0; round < 10; round += 1) {
        await review(known);
        seconds(29);
      }
      expect(lists).toHaveLength(1);
      seconds(10);
      await review(known);
      expect(lists).toHaveLength(2);
      expect(missing).toEqual([]);
    });

    it('while a lost run of the hub itself is noticed at once', async () => {
      const runs = taken();
      const { known, missing } = await shown(runs);
      await review(known);
      runs.delete('new-web');
      await review(known);
      expect(missing).toEqual(['new-web']);
    });

    it('and a lost one of them when they are listed again', async () => {
      const runs = taken();
      const { known, missing } = await shown(runs);
      await review(known);
      runs.delete('acme-web');
      await review(known);
      expect(missing).toEqual([]);
      seconds(300);
      await review(known);
      expect(missing).toEqual(['acme-web']);
    });
  });

  it('takes a run as lost that a store which answers does not show', async () => {
    const { known, missing } = await askedOf({ count: async () => 0, listed: async () => new Map() });

    await reviewRuns(known, request, { signal: new AbortController().signal });

    expect(missing).toEqual(['acme-web']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
