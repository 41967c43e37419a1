import { describe, expect, it } from 'vitest';
import { textAt } from '../../../domain/api/json.ts';
import { LynqFailure } from '../../../domain/failures.ts';
import { createFakeCluster, type FakeCluster } from '../../support/fake-cluster.ts';
import { aNode, type FakeEngine, fakeEngine, run } from './run.ts';

const apiVersion = 'operator.lynq.sh/v1';
const hubManifest = `apiVersion: ${apiVersion}
kind: LynqHub
metadata: {name: shop, namespace: lynq-system}
spec:
  source:
    type: mysql
    syncInterval: 30s
    mysql: {host: db, port: 3306, username: lynq, database: app, table: t, passwordRef: {name: db, key: password}}
  valueMappings: {uid: id, activate: active}
`;

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'shop', namespace: 'lynq-system' }, spec: {} });
  cluster.seed(aNode('acme-web', { uid: 'acme', form: 'web' }));
  cluster.seed({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: 'acme-db',
      namespace: 'node-acme',
      labels: { 'lynq.sh/orphaned': 'true' },
      annotations: { 'lynq.sh/orphaned-from': 'gone/web/acme', 'lynq.sh/orphaned-namespace': 'lynq-system' },
    },
  });
  return cluster;
}

const idOf = (cluster: FakeCluster): string =>
  cluster
    .objects('Namespace')
    .filter((space) => textAt(space, 'metadata', 'name') === 'kube-system')
    .map((space) => textAt(space, 'metadata', 'uid') ?? '')
    .join('');

const known = ['lynq-system/acme-web', 'lynq-system/shop'];

/** The worker of this cluster has marked its Temporal namespace. */
function engineOf(cluster: string | undefined): FakeEngine {
  return { ...fakeEngine(known), namespaceMark: async () => ({ namespace: 'lynq', cluster }) };
}

describe('client/own-engine', () => {
  it.each([
    'scale acme web --set apiReplicas=4',
    'resync acme',
    'resync hub/shop',
    'notify shop',
    'adopt shop --wait',
    'retained gone --adopt',
    'apply -f hub.yaml --wait',
    'history acme-web',
    'uninstall --keep-objects --yes',
  ])('sends nothing of %s to the Temporal namespace of another cluster', async (line) => {
    const cluster = aCluster();
    const engine = engineOf('other-cluster');

    const { err, exitCode } = await run(line, { cluster, engine, files: { 'hub.yaml': hubManifest } });

    expect(err).toContain(
      `Error: Temporal namespace "lynq" at temporal.test:7233 is of cluster other-cluster, and the context is cluster ${idOf(cluster)}\n`,
    );
    expect(exitCode).toBe(1);
    expect(engine.sent).toEqual([]);
  });

  it.each(['status shop', 'explain acme-web'])(
    'tells of %s nothing that Temporal says of another cluster, but what the cluster says',
    async (line) => {
      const cluster = aCluster();
      const nodeRun = async () => ({ runId: 'r', status: 'RUNNING' as const, busy: false, retries: [] });
      const engine = { ...engineOf('other-cluster'), nodeRun };

      const { out, err, exitCode } = await run(line, { cluster, engine });

      expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
      expect(out).toMatch(/^(Hub: +lynq-system\/shop|LynqNode lynq-system\/acme-web)/);
      expect(out).toContain(
        `<unknown>: Temporal namespace "lynq" at temporal.test:7233 is of cluster other-cluster, and the context is cluster ${idOf(cluster)}\n`,
      );
      expect(out).not.toMatch(/every|worker|Page:/);
    },
  );

  it.each(['scale acme web --set apiReplicas=4', 'history acme-web'])(
    'refuses %s with a context that no kubeconfig has',
    async (line) => {
      const engine = engineOf(undefined);

      const { err, exitCode } = await run(`${line} --context prodution`, { cluster: aCluster(), engine });

      expect(err).toBe('Error: no kubeconfig has a context "prodution"\n  there is: kind, production\n');
      expect(exitCode).toBe(3);
      expect(engine.sent).toEqual([]);
    },
  );

  it('says nothing where the Temporal namespace is of this cluster, or of none yet', async () => {
    const cluster = aCluster();
    for (const engine of [engineOf(idOf(cluster)), engineOf(undefined)]) {
      const { err, exitCode } = await run('scale acme web --clear --context production', { cluster, engine });

      expect({ err, exitCode }).toEqual({ err: '', exitCode: 0 });
      expect(engine.sent).toHaveLength(1);
    }
  });

  it('goes on with a note where the account may not read what the cluster is', async () => {
    const cluster = aCluster();
    const engine = engineOf(idOf(cluster));
    const failure = new LynqFailure('ClusterForbidden', 'you may not get Namespace kube-system', { code: 403 });
    cluster.intercept(({ verb, ref }) => (verb === 'get' && ref.kind === 'Namespace' ? { failure } : undefined));

    const { err, exitCode } = await run('scale acme web --clear --context production', { cluster, engine });

    expect(err).toBe(
      'note: that Temporal namespace "lynq" is of this cluster was taken as given, which could not be told: you may not get Namespace kube-system\n',
    );
    expect(exitCode).toBe(0);
    expect(engine.sent).toHaveLength(1);
  });

  it('sends nothing where a cluster that was named cannot be reached, and goes on where none was', async () => {
    const clusterError = new LynqFailure('ClusterUnreachable', 'nobody there');
    const named = engineOf('some-cluster');
    expect(await run('scale acme web --clear --context kind', { clusterError, engine: named })).toMatchObject({
      exitCode: 3,
    });
    expect(named.sent).toEqual([]);

    const engine = engineOf('some-cluster');
    const { err, exitCode } = await run('scale acme web --clear', { clusterError, engine });
    expect(err).toContain('which could not be told: nobody there');
    expect(exitCode).toBe(0);
    expect(engine.sent).toHaveLength(1);
  });
});
