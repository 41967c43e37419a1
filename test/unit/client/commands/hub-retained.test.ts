import { describe, expect, it } from 'vitest';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { fakeEngine, run } from '../run.ts';

function aCluster(): FakeCluster {
  const cluster = createFakeCluster();
  cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode' });
  const seed = (kind: string, name: string, from: string, of = 'lynq-system'): void => {
    const marks = {
      labels: { 'lynq.sh/orphaned': 'true' },
      annotations: {
        'lynq.sh/orphaned-from': from,
        'lynq.sh/orphaned-namespace': of,
        'lynq.sh/orphaned-reason': 'LynqNodeDeleted',
        'lynq.sh/orphaned-at': '2026-11-22T11:00:00Z',
      },
    };
    const metadata = kind === 'Namespace' ? { name, ...marks } : { name, namespace: 'node-acme', ...marks };
    cluster.seed({ apiVersion: 'v1', kind, metadata });
  };
  seed('Namespace', 'node-acme', 'shop/data/acme');
  seed('Secret', 'acme-db', 'shop/data/acme');
  seed('Secret', 'beta-db', 'shop/data/beta');
  seed('Secret', 'other', 'elsewhere/data/acme');
  seed('Secret', 'of-staging', 'shop/data/beta', 'staging');
  return cluster;
}

const names = (cluster: FakeCluster): readonly unknown[] =>
  [...cluster.objects('Secret'), ...cluster.objects('Namespace')]
    .map((object) => (object['metadata'] as { name: string }).name)
    .filter((name) => !['default', 'kube-system'].includes(name));

describe('client/commands/hub-retained', () => {
  it('lists what is left of a hub, by row', async () => {
    const { out, exitCode } = await run('retained shop', { cluster: aCluster() });

    expect(out.split('\n').map((line) => line.replaceAll(/ {2,}/g, ' '))).toEqual([
      'ROW FORM KIND NAMESPACE NAME REASON AGE',
      'acme data Namespace node-acme LynqNodeDeleted 60m',
      'acme data Secret node-acme acme-db LynqNodeDeleted 60m',
      'beta data Secret node-acme beta-db LynqNodeDeleted 60m',
      '',
    ]);
    expect(exitCode).toBe(0);
  });

  it('deletes what was named, namespaces last, and only after a yes', async () => {
    const cluster = aCluster();
    expect(await run('retained shop --uid acme --delete', { cluster })).toMatchObject({ exitCode: 1, out: '' });
    expect(names(cluster)).toContain('acme-db');

    const { out, questions, exitCode } = await run('retained shop --uid acme --delete', { cluster, answer: true });

    expect(questions).toEqual(['Delete 2 objects for good? 1 namespace with everything in them.']);
    expect(out).toBe('Secret node-acme/acme-db deleted\nNamespace node-acme deleted\n');
    expect(exitCode).toBe(0);
    expect(names(cluster)).not.toContain('acme-db');
  });

  it('has nothing to do with what a hub of the same name in another namespace has left', async () => {
    const cluster = aCluster();
    const { out } = await run('retained shop -n staging', { cluster });
    expect(out.split('\n').slice(1).join('')).toMatch(/^beta +data +Secret +node-acme +of-staging /);

    await run('retained shop --uid beta --delete', { cluster, answer: true });

    expect(names(cluster)).toEqual(expect.arrayContaining(['other', 'of-staging']));
    expect(names(cluster)).not.toContain('beta-db');
  });

  it('leaves an object alone that is another one by now', async () => {
    const cluster = aCluster();
    cluster.intercept(({ verb }) => (verb === 'delete' ? { answer: { kind: 'otherUid' } } : undefined));

    const { err, exitCode } = await run('retained shop --uid beta --delete --yes', { cluster });

    expect(err).toContain('Secret node-acme/beta-db is another object now and was left alone');
    expect(exitCode).toBe(1);
  });

  it('has nodes that are there take their objects back, and says which are not', async () => {
    const cluster = aCluster();
    cluster.seed({
      apiVersion: 'operator.lynq.sh/v1',
      kind: 'LynqNode',
      metadata: { name: 'acme-data', namespace: 'lynq-system' },
    });
    const engine = fakeEngine(['lynq-system/acme-data']);

    const { out, err, exitCode } = await run('retained shop --adopt', { cluster, engine });

    expect(engine.sent).toEqual(['resync lynq-system/acme-data']);
    expect(out).toContain('acme-data takes back what its form still names');
    expect(err).toContain('row beta has no such LynqNode');
    expect(exitCode).toBe(1);
  });

  it('says what it could not look for', async () => {
    const cluster = aCluster();
    const { LynqFailure } = await import('../../../../domain/failures.ts');
    const failure = new LynqFailure('ClusterForbidden', 'no');
    cluster.intercept(({ verb, ref }) => (verb === 'list' && ref.kind === 'Secret' ? { failure } : undefined));

    const { out, err } = await run('retained shop', { cluster });

    expect(err).toContain('not listed, so not looked for: Secret');
    expect(out).toContain('node-acme');
  });
});
