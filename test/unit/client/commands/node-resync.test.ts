import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import type { SyncState } from '../../../../client/engine.ts';
import { aNode, type FakeEngine, fakeEngine, run } from '../run.ts';

function aCluster() {
  const cluster = createFakeCluster();
  cluster.seed(aNode('acme-corp-data-tier'));
  cluster.seed(aNode('acme-corp-api-tier'));
  cluster.seed(aNode('globex-data-tier', { uid: 'globex' }));
  cluster.seed({
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqHub',
    metadata: { name: 'multi-tier-nodes', namespace: 'lynq-system' },
    spec: {},
  });
  return cluster;
}

const known = ['acme-corp-data-tier', 'acme-corp-api-tier', 'globex-data-tier', 'multi-tier-nodes'].map(
  (name) => `lynq-system/${name}`,
);

/** An engine whose runs have made these passes at each look. */
function runningEngine(passes: readonly number[], names: readonly string[]): FakeEngine {
  const left = [...passes];
  const last = passes.at(-1) ?? 0;
  return {
    ...fakeEngine(names),
    nodeRun: async (namespace, node) => ({
      runId: 'run',
      status: 'RUNNING',
      busy: false,
      retries: [],
      view: {
        namespace,
        node,
        phase: 'Ready',
        resources: [],
        ready: 6,
        desired: 6,
        passes: left.shift() ?? last,
        lastCause: 'resync',
      },
    }),
  };
}

/** An engine that had a sync under way; the one that is asked for is in these states, one a look. What a node's run is asked for is kept. */
function syncingEngine(states: readonly SyncState[], onEnd: () => void = () => undefined) {
  const engine = runningEngine([1], known);
  const asked: string[] = [];
  const left = [...states];
  const made = new Map<string, number>();
  const earlier = { workflowId: 'hub-sync', runId: 'earlier' };
  return {
    ...engine,
    asked,
    hubSyncs: async () =>
      engine.sent.length === 0 ? [earlier] : [earlier, { workflowId: 'hub-sync', runId: 'asked for' }],
    syncState: async (run: { readonly runId: string }): Promise<SyncState> => {
      asked.push(run.runId);
      const state = left.length > 1 ? left.shift()! : left[0]!;
      if (state.kind !== 'running') onEnd();
      return state;
    },
    nodeRun: async (namespace: string, node: string) => {
      asked.push(node);
      const passes = (made.get(node) ?? 0) + 1;
      made.set(node, passes);
      const state = (await engine.nodeRun(namespace, node))!;
      return { ...state, view: { ...state.view!, passes } };
    },
  };
}

describe('client/commands/node-resync', () => {
  it('signals the workflow of a node', async () => {
    const engine = fakeEngine(known);

    const { out, exitCode } = await run('resync acme-corp-data-tier', { cluster: aCluster(), engine });

    expect(engine.sent).toEqual(['resync lynq-system/acme-corp-data-tier']);
    expect(out).toBe('lynqnode.operator.lynq.sh/acme-corp-data-tier resync requested\n');
    expect(exitCode).toBe(0);
  });

  it('signals all nodes of a row', async () => {
    const engine = fakeEngine(known);

    await run('resync acme-corp', { cluster: aCluster(), engine });

    expect(engine.sent).toEqual(['resync lynq-system/acme-corp-api-tier', 'resync lynq-system/acme-corp-data-tier']);
  });

  it('syncs a hub first and then signals its nodes', async () => {
    const engine = fakeEngine(known);

    const { out } = await run('resync hub/multi-tier-nodes', { cluster: aCluster(), engine });

    expect(engine.sent[0]).toBe('sync lynq-system/multi-tier-nodes');
    expect(engine.sent).toHaveLength(4);
    expect(out).toMatch(/^lynqhub.operator.lynq.sh\/multi-tier-nodes sync requested\n/);
  });

  it('compares the Ready nodes of a hub and writes the others once more; all of them with --force', async () => {
    const cluster = aCluster();
    cluster.seed(aNode('initech-data-tier', { uid: 'initech', status: 'False', reason: 'ResourcesFailed' }));
    const [plain, forced] = [fakeEngine([...known, 'lynq-system/initech-data-tier']), fakeEngine(known)];

    await run('resync multi-tier-nodes', { cluster, engine: plain });
    await run('resync multi-tier-nodes --force', { cluster, engine: forced });

    expect(plain.sent.filter((sent) => sent.startsWith('resync'))).toEqual(['resync lynq-system/initech-data-tier']);
    expect(plain.sent.filter((sent) => sent.startsWith('wake'))).toHaveLength(3);
    expect(forced.sent.filter((sent) => sent.startsWith('resync'))).toHaveLength(4);
  });

  it('tries the failed nodes of a namespace again, and no others', async () => {
    const cluster = aCluster();
    cluster.seed(aNode('initech-data-tier', { uid: 'initech', status: 'False', reason: 'ResourcesFailed' }));
    const engine = fakeEngine([...known, 'lynq-system/initech-data-tier']);

    expect(await run('resync --all-failed', { cluster, engine })).toMatchObject({ exitCode: 0 });
    expect(engine.sent).toEqual(['resync lynq-system/initech-data-tier']);
  });

  it('says that nothing has failed', async () => {
    const engine = fakeEngine(known);

    const { out, exitCode } = await run('resync multi-tier-nodes --all-failed', { cluster: aCluster(), engine });

    expect(out).toBe('no node has failed\n');
    expect(engine.sent).toEqual([]);
    expect(exitCode).toBe(0);
  });

  it('refuses to guess a target', async () => {
    expect(await run('resync', { cluster: aCluster() })).toMatchObject({ exitCode: 2 });
  });

  it('waits with --wait until the run has made a pass since, and the node is Ready', async () => {
    const engine = runningEngine([1, 1, 2], known);

    const { out, err, exitCode } = await run('resync acme-corp-data-tier --wait', { cluster: aCluster(), engine });

    expect(out).toBe('lynqnode.operator.lynq.sh/acme-corp-data-tier resync requested\n');
    expect(err).toBe('acme-corp-data-tier 6/6 resources ready\n');
    expect(exitCode).toBe(0);
  });

  it('waits for a sync that began after it was asked for, then tells the nodes, and waits for all there are then', async () => {
    const cluster = aCluster();
    const engine = syncingEngine([{ kind: 'running' }, { kind: 'ended', outcome: 'synced' }], () => {
      if (cluster.objects('LynqNode').length === 3) cluster.seed(aNode('initech-data-tier', { uid: 'initech' }));
    });

    const { err, exitCode } = await run('resync hub/multi-tier-nodes --wait', { cluster, engine });

    expect(exitCode).toBe(0);
    expect(err).toMatch(/^the sync is under way\n/);
    expect(engine.asked.slice(0, 2)).toEqual(['asked for', 'asked for']);
    expect(engine.asked).toContain('initech-data-tier');
    expect(engine.sent).toEqual([
      'sync lynq-system/multi-tier-nodes',
      ...known
        .slice(0, 3)
        .map((node) => `wake ${node}`)
        .toSorted(),
    ]);
  });

  it('waits for the sync of a hub that has no node yet', async () => {
    const cluster = createFakeCluster();
    cluster.seed(aCluster().objects('LynqHub')[0]!);
    const engine = syncingEngine([{ kind: 'ended', outcome: 'synced' }], () => {
      cluster.seed(aNode('acme-corp-data-tier'));
    });

    const { exitCode } = await run('resync multi-tier-nodes --wait', { cluster, engine });

    expect(engine.asked).toEqual(['asked for', 'acme-corp-data-tier']);
    expect(exitCode).toBe(0);
  });

  it('waits until a node whose row is gone is gone too', async () => {
    const cluster = aCluster();
    const gone = { ...aNode('globex-data-tier', { uid: 'globex' }) };
    const metadata = {
      ...(gone['metadata'] as object),
      finalizers: ['lynq.sh/node'],
      deletionTimestamp: '2026-11-22T12:00:00Z',
    };
    const engine = syncingEngine([{ kind: 'ended', outcome: 'synced' }], () => cluster.seed({ ...gone, metadata }));

    const { err, exitCode } = await run('resync multi-tier-nodes --wait --wait-timeout 1s', {
      cluster,
      engine,
      timePasses: true,
    });

    expect(engine.sent).not.toContain('wake lynq-system/globex-data-tier');
    expect(err).toContain('waiting for globex-data-tier');
    expect(exitCode).toBe(4);
  });

  it.each<[string, SyncState, string]>([
    ['is paused', { kind: 'ended', outcome: 'paused' }, 'is paused or released'],
    ['cannot be read', { kind: 'ended', outcome: 'unread' }, 'could not be read: access denied'],
    ['is gone', { kind: 'ended', outcome: 'gone' }, 'is not there any more'],
    ['is being deleted', { kind: 'ended', outcome: 'removing' }, 'is being deleted'],
    ['cannot be synced', { kind: 'failed', message: 'out of memory' }, 'failed: out of memory'],
  ])('ends with code 1 when the hub %s', async (_why, state, message) => {
    const cluster = createFakeCluster();
    const condition = { type: 'Ready', status: 'False', reason: 'DatabaseError', message: 'access denied' };
    cluster.seed({ ...aCluster().objects('LynqHub')[0]!, status: { conditions: [condition] } });

    const { err, exitCode } = await run('resync multi-tier-nodes --wait', { cluster, engine: syncingEngine([state]) });

    expect(err).toContain(`LynqHub lynq-system/multi-tier-nodes`);
    expect(err).toContain(message);
    expect(exitCode).toBe(1);
  });

  it.each<[string, JsonObject, string]>([
    ['paused', { spec: { paused: true } }, 'it is paused\n  let it go on: lynq resume hub/multi-tier-nodes'],
    [
      'released',
      { metadata: { name: 'multi-tier-nodes', namespace: 'lynq-system', annotations: { 'lynq.sh/released': 'now' } } },
      'it is released to another operator\n  take it up again: lynq adopt multi-tier-nodes',
    ],
  ])('says what to do about a hub that is %s', async (_why, more, words) => {
    const cluster = createFakeCluster();
    cluster.seed({ ...aCluster().objects('LynqHub')[0]!, ...more });
    const engine = syncingEngine([{ kind: 'ended', outcome: 'paused' }]);

    const { err, exitCode } = await run('resync multi-tier-nodes --wait', { cluster, engine });

    expect(err).toContain(`was not synced: ${words}`);
    expect(exitCode).toBe(1);
  });

  const released = {
    metadata: { name: 'multi-tier-nodes', namespace: 'lynq-system', annotations: { 'lynq.sh/released': 'now' } },
  };

  it('asks for no sync of a hub that is paused and says so; its nodes, which go on, are compared all the same', async () => {
    const cluster = aCluster();
    cluster.seed({ ...cluster.objects('LynqHub')[0]!, spec: { paused: true } });
    const engine = fakeEngine(known);

    const { out, err, exitCode } = await run('resync multi-tier-nodes', { cluster, engine });

    expect(engine.sent.filter((sent) => sent.startsWith('sync'))).toEqual([]);
    expect(engine.sent.filter((sent) => sent.startsWith('wake'))).toHaveLength(3);
    expect(out).not.toContain('sync requested');
    expect(err).toBe(
      'Error: LynqHub lynq-system/multi-tier-nodes was not synced: it is paused\n' +
        '  let it go on: lynq resume hub/multi-tier-nodes -n lynq-system\n',
    );
    expect(exitCode).toBe(1);
  });

  it.each([
    ['resync multi-tier-nodes', released, 'it is released to another operator'],
    ['resync multi-tier-nodes --wait', released, 'it is released to another operator'],
    ['resync multi-tier-nodes --wait', { spec: { paused: true } }, 'it is paused'],
  ])('asks for nothing where nothing would come of it: %s of %j', async (line, more, why) => {
    const cluster = aCluster();
    cluster.seed({ ...cluster.objects('LynqHub')[0]!, ...more });
    const engine = fakeEngine(known);

    const { err, exitCode } = await run(line, { cluster, engine });

    expect(engine.sent).toEqual([]);
    expect(err).toContain(`LynqHub lynq-system/multi-tier-nodes was not synced: ${why}`);
    expect(exitCode).toBe(1);
  });

  it('ends with code 4 when no sync begins in time', async () => {
    const engine = { ...fakeEngine(known), hubSyncs: async () => [] };

    const { err, exitCode } = await run('resync multi-tier-nodes --wait --wait-timeout 1s', {
      cluster: aCluster(),
      engine,
      timePasses: true,
    });

    expect(err).toContain('waited 1s for the sync of LynqHub lynq-system/multi-tier-nodes: the sync has not begun');
    expect(exitCode).toBe(4);
  });

  it('ends with code 1 when the hub has lost its schedule meanwhile', async () => {
    const engine = { ...fakeEngine(known) };
    const hubSyncs = async () => (engine.sent.length === 0 ? [] : undefined);

    const ran = await run('resync multi-tier-nodes --wait', { cluster: aCluster(), engine: { ...engine, hubSyncs } });

    expect(ran.err).toContain('it has no schedule any more');
    expect(ran.exitCode).toBe(1);
  });

  it('ends with code 1 at a node that is paused and not Ready, whose pass changes nothing', async () => {
    const cluster = aCluster();
    const node = aNode('initech-data-tier', { uid: 'initech', status: 'False', reason: 'Progressing' });
    cluster.seed({ ...node, spec: { ...(node['spec'] as object), paused: true } });
    const engine = runningEngine([4, 5], [...known, 'lynq-system/initech-data-tier']);

    const { err, exitCode } = await run('resync initech --wait', { cluster, engine });

    expect(err).toContain('LynqNode lynq-system/initech-data-tier is paused and not Ready');
    expect(err).toContain('lynq resume node/initech-data-tier');
    expect(exitCode).toBe(1);
  });

  it('ends with code 1 as soon as a node it waits for has failed', async () => {
    const cluster = aCluster();
    cluster.seed(aNode('initech-data-tier', { uid: 'initech', status: 'False', reason: 'ResourcesFailed' }));
    const engine = runningEngine([4, 5], [...known, 'lynq-system/initech-data-tier']);

    const { err, exitCode } = await run('resync initech --wait', { cluster, engine });

    expect(err).toContain('LynqNode lynq-system/initech-data-tier is not Ready');
    expect(err).toContain('see why: lynq explain initech-data-tier');
    expect(exitCode).toBe(1);
  });

  it('asks for the kind when a name means several things', async () => {
    const cluster = aCluster();
    cluster.seed(aNode('globex', { uid: 'x' }));
    const engine = fakeEngine(known);

    const { err, exitCode } = await run('resync globex', { cluster, engine });

    expect(err).toBe('Error: "globex" could mean node/globex or uid/globex\n  write one of these\n');
    expect(exitCode).toBe(1);
    expect(engine.sent).toEqual([]);
  });

  it('takes a prefix at its word', async () => {
    const cluster = aCluster();
    cluster.seed(aNode('globex', { uid: 'x' }));
    const engine = fakeEngine([...known, 'lynq-system/globex']);

    await run('resync uid/globex', { cluster, engine });

    expect(engine.sent).toEqual(['resync lynq-system/globex-data-tier']);
  });

  it.each(['lynqnode/acme-corp-data-tier', 'lynqnode.operator.lynq.sh/acme-corp-data-tier'])(
    'takes %s, as kubectl and `-o name` print it',
    async (target) => {
      const engine = fakeEngine(known);

      await run(`resync ${target}`, { cluster: aCluster(), engine });

      expect(engine.sent).toEqual(['resync lynq-system/acme-corp-data-tier']);
    },
  );

  it.each(['node/acme-corp-data-tier/more', 'form/x', 'node/'])('refuses %s', async (target) => {
    const engine = fakeEngine(known);

    const { err, exitCode } = await run(`resync ${target}`, { cluster: aCluster(), engine });

    expect(err).toBe(`Error: "${target}" is no target\n  write hub/NAME, node/NAME or uid/UID\n`);
    expect(exitCode).toBe(2);
    expect(engine.sent).toEqual([]);
  });

  it('names nodes without a running workflow, after asking the others', async () => {
    const engine = fakeEngine(['lynq-system/acme-corp-data-tier']);

    const { out, err, exitCode } = await run('resync acme-corp', { cluster: aCluster(), engine });

    expect(out).toBe('lynqnode.operator.lynq.sh/acme-corp-data-tier resync requested\n');
    expect(err).toContain('Error: no running workflow for LynqNode lynq-system/acme-corp-api-tier\n');
    expect(exitCode).toBe(1);
  });

  it.each([
    ['resync nobody', 'Error: no hub, node or row "nobody" in namespace "lynq-system"'],
    ['resync Not_A_Label!', 'Error: no hub, node or row "Not_A_Label!" in namespace "lynq-system"'],
  ])('explains why nothing came of %s', async (line, message) => {
    const { err, exitCode } = await run(line, { cluster: aCluster(), engine: fakeEngine() });

    expect(err.split('\n')[0]).toBe(message);
    expect(exitCode).toBe(1);
  });

  it.each([
    [{ spec: { paused: true } }, 'paused', 'let it go on: lynq resume node/globex-data-tier -n lynq-system'],
    [{ annotations: { 'lynq.sh/released': 'now' } }, 'released to another operator', 'take it up again: lynq adopt'],
  ])('says of a node that would do nothing why: %j', async (more, why, fix) => {
    const cluster = aCluster();
    const node = cluster.objects('LynqNode').find((object) => JSON.stringify(object).includes('globex')) ?? {};
    const { spec = {}, annotations = {} } = more as Readonly<Record<string, JsonObject>>;
    const metadata = { ...(node['metadata'] as JsonObject), annotations };
    cluster.seed({ ...node, metadata, spec: { ...(node['spec'] as JsonObject), ...spec } });

    const { out, err, exitCode } = await run('resync node/globex-data-tier', { cluster, engine: fakeEngine(known) });
    expect({ out, exitCode }).toEqual({
      out: 'lynqnode.operator.lynq.sh/globex-data-tier resync requested\n',
      exitCode: 1,
    });
    expect(err).toContain(`Error: nothing is written, it is ${why}: LynqNode lynq-system/globex-data-tier\n  ${fix}`);
  });
});
