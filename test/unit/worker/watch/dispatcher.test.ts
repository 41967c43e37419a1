import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { inputHash } from '../../../../domain/node-digest.ts';
import { childSignature } from '../../../../domain/node-plan.ts';
import type { Logger } from '../../../../domain/ports.ts';
import { needMark } from '../../../../domain/retain.ts';
import { openChanges } from '../../../../worker/watch/changes.ts';
import { WatchedChildren } from '../../../../worker/watch/child-index.ts';
import { Dispatcher } from '../../../../worker/watch/dispatcher.ts';
import { WatchedNodes } from '../../../../worker/watch/node-index.ts';
import { LocalRuns } from '../../../../worker/watch/run-registry.ts';
import { silentLogger } from '../../../contract/row-source.server.ts';

let version = 0;

function node(uid: string, status: JsonObject = {}): JsonObject {
  version += 1;
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqNode',
    metadata: {
      name: `${uid}-web`,
      namespace: 'ns',
      uid: `${uid}-web`,
      resourceVersion: String(version),
      labels: { 'lynq.sh/hub': 'hub' },
    },
    spec: { uid, templateRef: 'web', formRevision: 'web-1' },
    status,
  };
}

/** One of the Go operator that no sync has given a revision. */
function withoutRevision(uid: string): JsonObject {
  return { ...node(uid), spec: { uid, templateRef: 'web' } };
}

const hubKey = new Uint8Array(32).fill(7);

interface Opened {
  readonly runs?: LocalRuns;
  readonly onWoken?: () => void;
  readonly logger?: Logger;
}

function open(
  key?: Uint8Array,
  { runs = new LocalRuns(() => undefined), onWoken = () => undefined, logger = silentLogger }: Opened = {},
) {
  const changes = openChanges();
  const nodes = new WatchedNodes(changes);
  const stop = new AbortController();
  const reflector = { run: async () => undefined };
  const children = new WatchedChildren({ reflector, changes, isRecorded: () => true, signal: stop.signal });
  const woken: string[] = [];
  const missed: string[] = [];
  const handed: string[] = [];
  const dispatcher = new Dispatcher({
    nodes,
    children,
    runs,
    hubKey: () => key,
    wake: async (_namespace, name) => {
      woken.push(name);
      onWoken();
      return runs.isRunning('ns', name) ? 'woken' : 'missing';
    },
    removeMany: async ({ nodes: names }) => void handed.push(...names),
    onMissing: ({ name }) => missed.push(name),
    logger,
  });
  return { nodes, children, runs, woken, missed, handed, dispatcher };
}

describe('worker/watch/dispatcher', () => {
  beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => vi.useRealTimers());

  it('leaves a node that has just been made to the sync that made it: no message without a receiver, no further sync', async () => {
    const { nodes, woken, missed, dispatcher } = open();
    dispatcher.start();
    nodes.observe(node('a'));
    await vi.advanceTimersByTimeAsync(1_000);
    dispatcher.stop();

    expect({ woken, missed }).toEqual({ woken: [], missed: [] });
  });

  it('asks for a sync when the run of a new node has not been started after half a minute', async () => {
    const { nodes, missed, dispatcher } = open();
    dispatcher.start();
    nodes.observe(node('a'));
    await vi.advanceTimersByTimeAsync(31_000);
    dispatcher.stop();

    expect(missed).toEqual(['a-web']);
  });

  it('looks at once at a node that was there before it began', async () => {
    const { nodes, missed, dispatcher } = open();
    nodes.observe(node('a'));
    dispatcher.start();
    await vi.advanceTimersByTimeAsync(0);
    dispatcher.stop();

    expect(missed).toEqual(['a-web']);
  });

  it('says of a node that it cannot wake which it is, and by which run its other lines are found', async () => {
    const warn = vi.fn();
    const onWoken = (): void => {
      throw new Error('away');
    };
    const { nodes, dispatcher } = open(undefined, { onWoken, logger: { ...silentLogger, warn } });
    nodes.observe(node('a'));
    dispatcher.start();
    await vi.advanceTimersByTimeAsync(0);
    dispatcher.stop();

    expect(warn).toHaveBeenCalledWith(
      expect.stringContaining('waking a node failed'),
      expect.objectContaining({ workflowId: 'node/ns/a-web', namespace: 'ns', node: 'a-web' }),
    );
  });

  it('wakes the run of a node that a person lets go on, although it is what its last pass was about', async () => {
    const { nodes, runs, woken, dispatcher } = open();
    runs.running('ns', 'a-web');
    const still = node('a');
    const status = { observedInput: inputHash(still) };
    nodes.observe({ ...still, status });
    dispatcher.start();
    const paused = node('a', status);
    nodes.observe({ ...paused, spec: { ...(paused['spec'] as JsonObject), paused: true } });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(woken).toEqual([]);

    nodes.observe(node('a', status));
    await vi.advanceTimersByTimeAsync(31_000);

    dispatcher.stop();
    expect(woken).toEqual(['a-web']);
  });

  describe('when many nodes are deleted at once', () => {
    const deleted = (uid: string): JsonObject => {
      const found = node(uid, { observedInput: inputHash(node(uid)) });
      const metadata = { ...(found['metadata'] as JsonObject), deletionTimestamp: '2026-11-20T12:00:00Z' };
      return { ...found, metadata };
    };
    const uids = Array.from({ length: 40 }, (_, at) => `n${String(at).padStart(2, '0')}`);
    const deleteAll = () => {
      const world = open();
      for (const uid of uids) world.runs.running('ns', `${uid}-web`);
      world.dispatcher.start();
      for (const uid of uids) world.nodes.observe(deleted(uid));
      return world;
    };

    it('wakes a few runs at once, and hands the other nodes over together', async () => {
      const { woken, handed, dispatcher } = deleteAll();
      await vi.advanceTimersByTimeAsync(0);
      expect(woken).toHaveLength(16);
      await vi.advanceTimersByTimeAsync(1_000);
      dispatcher.stop();
      expect(woken).toHaveLength(16);
      expect([...woken, ...handed].toSorted()).toEqual(uids.map((uid) => `${uid}-web`));
    });

    it('leaves a node with a pass under way to its own run', async () => {
      const world = open();
      world.dispatcher.start();
      for (const uid of uids.slice(0, 20)) world.nodes.observe(deleted(uid));
      const leave = world.runs.enter('ns', 'n30-web');
      world.nodes.observe(deleted('n30'));
      await vi.advanceTimersByTimeAsync(1_000);
      leave(new Map());
      world.dispatcher.stop();
      expect(world.handed).not.toContain('n30-web');
    });

    it('wakes the runs of those that are still there after a minute', async () => {
      const { woken, handed, dispatcher } = deleteAll();
      await vi.advanceTimersByTimeAsync(55_000);
      const early = new Set(woken);
      await vi.advanceTimersByTimeAsync(40_000);
      dispatcher.stop();
      expect(handed.filter((name) => early.has(name))).toEqual([]);
      expect(handed.filter((name) => !woken.includes(name))).toEqual([]);
    });
  });

  it('wakes the run of a paused node when it is being deleted, but not of one that is released to the other operator', async () => {
    const { nodes, runs, woken, dispatcher } = open();
    for (const name of ['a-web', 'b-web']) runs.running('ns', name);
    dispatcher.start();
    const going = (uid: string, annotations: JsonObject, spec: JsonObject): JsonObject => {
      const found = node(uid, { observedInput: inputHash(node(uid)) });
      const metadata = found['metadata'] as JsonObject;
      return {
        ...found,
        metadata: { ...metadata, annotations, deletionTimestamp: '2026-11-20T12:00:00Z' },
        spec: { ...(found['spec'] as JsonObject), ...spec },
      };
    };
    nodes.observe(going('a', {}, { paused: true }));
    nodes.observe(going('b', { 'lynq.sh/released': '2026-11-20T12:00:00Z' }, {}));
    await vi.advanceTimersByTimeAsync(31_000);
    dispatcher.stop();

    expect(new Set(woken)).toEqual(new Set(['a-web']));
  });

  it('wakes the run of a node at once when it changes, and when it is made anew under the name of one that runs', async () => {
    const { nodes, runs, woken, missed, dispatcher } = open();
    dispatcher.start();
    runs.running('ns', 'a-web');
    nodes.observe(node('a'));
    runs.running('ns', 'b-web');
    nodes.observe(node('b', { observedInput: 'older' }));
    await vi.advanceTimersByTimeAsync(0);
    dispatcher.stop();

    expect(woken).toEqual(['a-web', 'b-web']);
    expect(missed).toEqual([]);
  });

  it('tells a run that has not begun its pass again less and less often, and of the next change as soon as of the first', async () => {
    const { nodes, runs, woken, dispatcher } = open();
    runs.running('ns', 'a-web');
    nodes.observe(node('a', { observedInput: 'older' }));
    dispatcher.start();
    await vi.advanceTimersByTimeAsync(20 * 60_000);
    // At 0, 0.5, 1, 2, 4, 8, 12, 16 and 20 minutes.
    expect(woken).toHaveLength(9);

    await vi.advanceTimersByTimeAsync(16_000);
    expect(woken).toHaveLength(9);
    nodes.observe(node('a', { observedInput: 'older' }));
    await vi.advanceTimersByTimeAsync(0);
    dispatcher.stop();
    expect(woken).toHaveLength(10);
  });

  it('asks for a sync as often as before while there is no run at all, since no message waits for one', async () => {
    const { nodes, missed, dispatcher } = open();
    nodes.observe(node('a', { observedInput: 'older' }));
    dispatcher.start();
    await vi.advanceTimersByTimeAsync(5 * 60_000);
    dispatcher.stop();

    expect(missed).toHaveLength(11);
  });

  describe('after a pass', () => {
    const passMilliseconds = 30;
    const name = 'a-web';
    const key = '/ConfigMap/ns/a-map';
    const asRead = new Map([[key, childSignature(undefined)]]);
    /** A node that is not what its last pass was about, whose run makes a pass whenever it is woken; what it does comes just before its end. */
    const start = (made: JsonObject, does: (nodes: WatchedNodes) => void = () => undefined) => {
      const runs = new LocalRuns((namespace, of, seen) => world.dispatcher.onIdle(namespace, of, seen));
      const world = open(hubKey, {
        runs,
        onWoken: () => {
          const leave = runs.enter('ns', name);
          setTimeout(() => {
            does(world.nodes);
            leave(asRead);
          }, passMilliseconds);
        },
      });
      runs.running('ns', name);
      world.nodes.observe(made);
      world.dispatcher.start();
      return world;
    };
    const saying = (reason: string): JsonObject =>
      node('a', { conditions: [{ type: 'Ready', status: 'False', reason }] });
    const mapOf = (resourceVersion: string): JsonObject => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a-map',
        namespace: 'ns',
        uid: 'a-map',
        resourceVersion,
        labels: { 'lynq.sh/node': name, 'lynq.sh/node-namespace': 'ns' },
      },
    });

    it('lets a node without a revision rest, which no pass can bring on', async () => {
      const { woken, dispatcher } = start(withoutRevision('a'));
      await vi.advanceTimersByTimeAsync(10_000);
      dispatcher.stop();
      expect(woken).toEqual([]);
    });

    it('wakes the run of a node without a revision when it is being deleted, and when it is given one', async () => {
      const { nodes, woken, dispatcher } = start(withoutRevision('a'));
      nodes.observe(node('a'));
      await vi.advanceTimersByTimeAsync(0);
      expect(woken).toEqual([name]);
      dispatcher.stop();

      const bare = withoutRevision('a');
      const metadata = { ...(bare['metadata'] as JsonObject), deletionTimestamp: '2026-11-20T12:00:00Z' };
      const other = start({ ...bare, metadata });
      await vi.advanceTimersByTimeAsync(0);
      other.dispatcher.stop();
      expect(other.woken).toEqual([name]);
    });

    it.each([
      ['fails', 0],
      ['says that the revision does not exist', 1],
    ])(
      'leaves its run to rest where it %s, and the node is no nearer to what its form and row ask for',
      async (_, says) => {
        let said = 0;
        const { woken, dispatcher } = start(node('a'), (nodes) => {
          if (said < says) nodes.observe(saying('RevisionMissing'));
          said += 1;
        });
        await vi.advanceTimersByTimeAsync(10_000);
        expect(woken).toHaveLength(1 + says);

        // At 0, 0.5, 1, 2, 4, 8, 12, 16 and 20 minutes.
        await vi.advanceTimersByTimeAsync(20 * 60_000);
        dispatcher.stop();
        expect(woken).toHaveLength(9 + says);
      },
    );

    it('wakes its run at once for an edit that came during the pass, or after it', async () => {
      const { nodes, woken, dispatcher } = start(node('a'));
      await vi.advanceTimersByTimeAsync(10);
      nodes.observe(node('a'));
      await vi.advanceTimersByTimeAsync(passMilliseconds);
      expect(woken).toHaveLength(2);

      await vi.advanceTimersByTimeAsync(1_000);
      expect(woken).toHaveLength(2);
      nodes.observe(node('a'));
      await vi.advanceTimersByTimeAsync(0);
      dispatcher.stop();
      expect(woken).toHaveLength(3);
    });

    it('wakes its run at once for a change of a child that the pass did not see, or that came after it', async () => {
      const inventory = [
        { id: 'map', apiVersion: 'v1', kind: 'ConfigMap', namespace: 'ns', name: 'a-map', uid: 'a-map' },
      ];
      const { children, woken, dispatcher } = start(node('a', { inventory }));
      await vi.advanceTimersByTimeAsync(10);
      children.observe(mapOf('1'));
      await vi.advanceTimersByTimeAsync(passMilliseconds);
      expect(woken).toHaveLength(2);
      dispatcher.stop();

      const other = start(node('a', { inventory }));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(other.woken).toHaveLength(1);
      other.children.observe(mapOf('1'));
      await vi.advanceTimersByTimeAsync(0);
      other.dispatcher.stop();
      expect(other.woken).toHaveLength(2);
    });
  });

  describe('what a retained object of another form of the row needs', () => {
    const secret = { id: 'pass', apiVersion: 'v1', kind: 'Secret', namespace: 'ns', name: 'pass' };
    const workload = { id: 'db', apiVersion: 'apps/v1', kind: 'StatefulSet', namespace: 'ns', name: 'db' };
    const needs = [needMark(hubKey, '/Secret/ns/pass')];
    const tier = (form: string, inventory: JsonObject[], uid = 'a'): JsonObject => {
      const made = node(uid);
      const metadata = { ...(made['metadata'] as JsonObject), name: `${uid}-${form}`, uid: `${uid}-${form}` };
      const bare = { ...made, metadata, spec: { uid, templateRef: form, formRevision: `${form}-1` } };
      return { ...bare, status: { observedInput: inputHash(bare), inventory } };
    };
    const start = () => {
      const world = open(hubKey);
      for (const name of ['a-base', 'a-data', 'b-base', 'b-data']) world.runs.running('ns', name);
      world.nodes.observe(tier('base', [{ ...secret, policy: 'Delete' }]));
      world.nodes.observe(tier('base', [{ ...secret, policy: 'Delete' }], 'b'));
      world.nodes.observe(tier('data', [{ ...workload, policy: 'Delete' }]));
      world.dispatcher.start();
      return world;
    };

    it('wakes the node of the same row that has it, once it is needed and once it is not, and no other', async () => {
      const { nodes, woken, dispatcher } = start();
      nodes.observe(tier('data', [{ ...workload, policy: 'Retain', needs }]));
      await vi.advanceTimersByTimeAsync(0);
      expect(woken).toEqual(['a-base']);

      nodes.observe(tier('base', [{ ...secret, policy: 'Retain', neededElsewhere: 'Named' }]));
      await vi.advanceTimersByTimeAsync(20_000);
      expect(woken).toEqual(['a-base']);

      nodes.observe(tier('data', [{ ...workload, policy: 'Delete' }]));
      await vi.advanceTimersByTimeAsync(0);
      dispatcher.stop();
      expect(woken).toEqual(['a-base', 'a-base']);
    });

    it('wakes it after the pass that may not have seen it', async () => {
      const { nodes, runs, woken, dispatcher } = start();
      const leave = runs.enter('ns', 'a-base');
      nodes.observe(tier('data', [{ ...workload, policy: 'Retain', needs }]));
      await vi.advanceTimersByTimeAsync(0);
      expect(woken).toEqual([]);
      leave(new Map());
      dispatcher.onIdle('ns', 'a-base', new Map());
      await vi.advanceTimersByTimeAsync(0);
      dispatcher.stop();
      expect(woken).toEqual(['a-base']);
    });

    it('wakes it in a comparison as well, and not for ever where no pass can end the difference', async () => {
      const { nodes, woken, dispatcher } = start();
      // After the first sweeps, which compare too.
      await vi.advanceTimersByTimeAsync(61_000);
      nodes.observe(tier('base', [{ ...secret, policy: 'Retain', neededElsewhere: 'Named' }]));
      const kept = nodes.get('ns', 'a-base');
      if (kept === undefined) throw new Error('no node');
      for (let turn = 0; turn < 6; turn += 1) {
        await vi.advanceTimersByTimeAsync(20_000);
        dispatcher.compare(kept);
      }
      dispatcher.stop();
      expect(woken.filter((name) => name === 'a-base')).toHaveLength(3);
    });
  });

  describe('a Namespace that another form of the row names too', () => {
    const space = { id: 'ns', apiVersion: 'v1', kind: 'Namespace', name: 'of-a', policy: 'Delete' };
    const tier = (form: string, inventory: JsonObject[]): JsonObject => {
      const made = node('a');
      const metadata = { ...(made['metadata'] as JsonObject), name: `a-${form}`, uid: `a-${form}` };
      const bare = { ...made, metadata, spec: { uid: 'a', templateRef: form } };
      return { ...bare, status: { observedInput: inputHash(bare), inventory } };
    };
    const start = () => {
      const world = open(hubKey);
      for (const name of ['a-api', 'a-web', 'a-jobs']) world.runs.running('ns', name);
      world.nodes.observe(tier('web', [{ ...space, uid: 'u1' }]));
      world.nodes.observe(tier('api', [space]));
      world.nodes.observe(tier('jobs', []));
      world.dispatcher.start();
      return world;
    };

    it('wakes the node that names it when the one that had it has it no more', async () => {
      const { nodes, woken, dispatcher } = start();
      nodes.observe(tier('web', []));
      await vi.advanceTimersByTimeAsync(0);
      dispatcher.stop();
      expect(woken).toEqual(['a-api']);
    });

    it('also after the pass that may not have seen it', async () => {
      const { nodes, runs, woken, dispatcher } = start();
      const leave = runs.enter('ns', 'a-api');
      nodes.observe(tier('web', []));
      await vi.advanceTimersByTimeAsync(0);
      expect(woken).toEqual([]);
      leave(new Map());
      dispatcher.onIdle('ns', 'a-api', new Map());
      await vi.advanceTimersByTimeAsync(0);
      dispatcher.stop();
      expect(woken).toEqual(['a-api']);
    });
  });
});
