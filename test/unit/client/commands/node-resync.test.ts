import { describe, expect, it } from 'vitest';
import { createFakeCluster } from '../../../support/fake-cluster.ts';
import { aNode, fakeEngine, run } from '../run.ts';

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
