import { describe, expect, it } from 'vitest';
import { keepSecretValues } from '../../../activities/secret-values.ts';
import { type JsonObject, listAt, textAt, textMapAt } from '../../../domain/api/json.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';

const namespace = 'lynq';
const owner = { namespace, node: 'acme-web', nodeUid: 'uid-of-now' };
const values = new Map([['token', 'new']]);

/** A Secret under the name of a node's values. */
async function clusterWith(
  manager: string,
  { owners = [], labels = {} }: { readonly owners?: readonly JsonObject[]; readonly labels?: JsonObject } = {},
) {
  const cluster = createFakeCluster();
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'acme-web-values' };
  const metadata = { name: ref.name, namespace, labels, ownerReferences: [...owners] };
  await cluster.create(ref, { apiVersion: 'v1', kind: 'Secret', metadata }, { manager });
  return cluster;
}

describe('activities/secret-values', () => {
  it('a Secret of ours that came back from a backup without its owner belongs to the node again', async () => {
    const cluster = await clusterWith('lynq-operator');
    await keepSecretValues({ cluster }, owner, values);
    const secret = cluster.objects('Secret')[0];
    expect(listAt(secret, 'metadata', 'ownerReferences').map((one) => textAt(one, 'uid'))).toEqual(['uid-of-now']);
    expect(Object.keys(textMapAt(secret, 'data'))).toHaveLength(1);
  });

  it('one that someone else has made is refused', async () => {
    const cluster = await clusterWith('kubectl-create');
    await expect(keepSecretValues({ cluster }, owner, values)).rejects.toMatchObject({ type: 'ClusterInvalid' });
    expect(textMapAt(cluster.objects('Secret')[0], 'data')).toEqual({});
  });

  it('one that another object owns is refused, whoever wrote it', async () => {
    const owners = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'other', uid: 'other' }];
    const cluster = await clusterWith('lynq-operator', { owners });
    await expect(keepSecretValues({ cluster }, owner, values)).rejects.toMatchObject({ type: 'ClusterInvalid' });
  });

  it('one of an earlier node of that name is waited for: the garbage collector takes it', async () => {
    const owners = [{ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', name: 'acme-web', uid: 'uid-of-before' }];
    const cluster = await clusterWith('lynq-operator', { owners });
    await expect(keepSecretValues({ cluster }, owner, values)).rejects.toMatchObject({ type: 'ClusterStale' });
  });

  it.each(['lynq.sh/node', 'lynq.sh/orphaned'])(
    'one that a form has made is refused: it has label %s',
    async (label) => {
      const cluster = await clusterWith('lynq-operator', { labels: { [label]: 'true' } });
      await expect(keepSecretValues({ cluster }, owner, values)).rejects.toMatchObject({ type: 'ClusterInvalid' });
    },
  );
});
