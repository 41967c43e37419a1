import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
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

  it('names nodes without a running workflow, after asking the others', async () => {
    const engine = fakeEngine(['lynq-system/acme-corp-data-tier']);

    const { out, err, exitCode } = await run('resync acme-corp', { cluster: aCluster(), engine });

    expect(out).toBe('lynqnode.operator.lynq.sh/acme-corp-data-tier resync requested\n');
    expect(err).toContain('Error: no running workflow for LynqNode lynq-system/acme-corp-api-tier\n');
    expect(exitCode).toBe(1);
  });

  it.each([
    ['resync nobody', 'Error: no hub, node or row "nobody" in namespace "lynq-system"'],
    ['resync form/x', 'Error: "form/x" is no target'],
    ['resync Not_A_Label!', 'Error: no hub, node or row "Not_A_Label!" in namespace "lynq-system"'],
  ])('explains why nothing came of %s', async (line, message) => {
    const { err, exitCode } = await run(line, { cluster: aCluster(), engine: fakeEngine() });

    expect(err.split('\n')[0]).toBe(message);
    expect(exitCode).toBe(1);
  });
});
