import { describe, expect, it } from 'vitest';
import { dropGenerated } from '../../../../activities/node/generated.ts';
import { keepGenerated, readGenerated } from '../../../../activities/secrets.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { orphanedFrom } from '../../../../domain/ownership.ts';
import { anIdentity } from '../../../support/builders/resources.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const identity = anIdentity();
const name = `${identity.name}-generated`;

async function open() {
  const cluster = createFakeCluster();
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: identity.namespace } });
  await keepGenerated(cluster, { namespace: identity.namespace, node: identity.name }, new Map([['key', 'value']]));
  return cluster;
}

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
  it('goes with its node', async () => {
    const cluster = await open();
    await dropGenerated({ cluster }, identity);
    expect(cluster.objects('Secret')).toEqual([]);
    await dropGenerated({ cluster }, identity);
  });

  it('stays while an object of the same row and form is kept anywhere, and not for others', async () => {
    const cluster = await open();
    cluster.seed(kept(orphanedFrom(identity)));
    await dropGenerated({ cluster }, identity);
    expect(await readGenerated(cluster, identity.namespace, identity.name)).toEqual(new Map([['key', 'value']]));

    const other = await open();
    other.seed(kept('customers/web/someone-else'));
    await dropGenerated({ cluster: other }, identity);
    expect(other.objects('Secret')).toEqual([]);
  });

  it('stays when it cannot be seen whether something is kept', async () => {
    const cluster = await open();
    cluster.intercept(({ verb, ref }) =>
      verb === 'list' && ref.kind === 'ConfigMap'
        ? { failure: new LynqFailure('ClusterForbidden', 'configmaps may not be listed') }
        : undefined,
    );
    await dropGenerated({ cluster }, identity);
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
