import { describe, expect, it } from 'vitest';
import { dropGenerated } from '../../../../activities/node/generated.ts';
import { keepGenerated, readGenerated } from '../../../../activities/secrets.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { orphanedFrom } from '../../../../domain/ownership.ts';
import { anIdentity } from '../../../support/builders/resources.ts';
import type { KindRef } from '../../../../domain/ports.ts';
import { createFakeCluster, type FakeCall } from '../../../support/fake-cluster.ts';

const identity = anIdentity();
const name = `${identity.name}-generated`;

const results = new Map([['key', 'value']]);
const configMaps: KindRef = { apiVersion: 'v1', kind: 'ConfigMap' };
const secrets: KindRef = { apiVersion: 'v1', kind: 'Secret' };

/** `kinds`: what was rendered with the value; undefined: a Secret of a version that did not note it. */
async function open(kinds?: readonly KindRef[]) {
  const cluster = createFakeCluster();
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: identity.namespace } });
  await keepGenerated(cluster, { namespace: identity.namespace, node: identity.name }, { results, kinds });
  return cluster;
}

const noList = (kind: string, failure: LynqFailure) => (call: FakeCall) =>
  call.verb === 'list' && call.ref.kind === kind ? { failure } : undefined;
const forbidden = (kind: string) => noList(kind, new LynqFailure('ClusterForbidden', `${kind} may not be listed`));

/** An object that was kept when its node went. */
const kept = (from: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'kept',
    namespace: 'elsewhere',
    labels: { 'lynq.sh/orphaned': 'true' },
    annotations: { 'lynq.sh/orphaned-from': from },
  },
});

describe('activities/node/generated', () => {
  it.each([['all kinds'], ['what was rendered with it', [secrets]]] as const)(
    'goes with its node, after a look at %s',
    async (_, kinds?) => {
      const cluster = await open(kinds);
      await dropGenerated({ cluster }, identity);
      expect(cluster.objects('Secret')).toEqual([]);
      await dropGenerated({ cluster }, identity);
    },
  );

  it.each([[undefined], [[configMaps, secrets]]])(
    'stays while an object of the same row and form is kept anywhere, and not for others (kinds: %j)',
    async (kinds) => {
      const cluster = await open(kinds);
      cluster.seed(kept(orphanedFrom(identity)));
      await dropGenerated({ cluster }, identity);
      const found = await readGenerated(cluster, identity.namespace, identity.name);
      expect(found).toEqual({ results, kinds });

      const other = await open(kinds);
      other.seed(kept('customers/web/someone-else'));
      await dropGenerated({ cluster: other }, identity);
      expect(other.objects('Secret')).toEqual([]);
    },
  );

  it.each([
    ['where kinds were not noted', undefined],
    ['of a kind that was rendered with it', [configMaps, secrets]],
  ])('stays when it cannot be seen whether something is kept %s', async (_, kinds) => {
    const cluster = await open(kinds);
    cluster.intercept(forbidden('ConfigMap'));
    await dropGenerated({ cluster }, identity);
    expect(cluster.objects('Secret')).toHaveLength(1);
  });

  it('goes although a kind may not be seen that was never rendered with it', async () => {
    const cluster = await open([secrets]);
    cluster.intercept(forbidden('ConfigMap'));
    await dropGenerated({ cluster }, identity);
    expect(cluster.objects('Secret')).toEqual([]);
  });

  it('stays when a kind that was rendered with it is not served any more: its objects may be, in another version', async () => {
    const cluster = await open([{ apiVersion: 'db.example.com/v1alpha1', kind: 'Database' }]);
    await dropGenerated({ cluster }, identity);
    expect(cluster.objects('Secret')).toHaveLength(1);
  });

  it('looks again later when the API server does not answer', async () => {
    const cluster = await open([secrets]);
    cluster.intercept(noList('Secret', new LynqFailure('ClusterUnreachable', 'no answer')));
    await expect(dropGenerated({ cluster }, identity)).rejects.toThrow('no answer');
    expect(cluster.objects('Secret')).toHaveLength(1);
  });

  it.each([
    ['that someone else made', {}, 'kubectl'],
    ['that is a child of a node', { labels: { 'lynq.sh/node': identity.name } }, 'lynq-operator'],
    ['that is kept from a node', { labels: { 'lynq.sh/orphaned': 'true' } }, 'lynq-operator'],
  ])('never takes away a Secret of that name %s', async (_, metadata, manager) => {
    const cluster = createFakeCluster();
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: identity.namespace, ...metadata } };
    cluster.seed(secret, manager);
    await dropGenerated({ cluster }, identity);
    expect(cluster.objects('Secret')).toHaveLength(1);
  });
});
