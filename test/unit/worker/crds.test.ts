import { describe, expect, it } from 'vitest';
import { readCrds } from '../../../deploy/crds.ts';
import { textAt } from '../../../domain/api/json.ts';
import { installCrds } from '../../../worker/crds.ts';
import { createFakeCluster } from '../../support/fake-cluster.ts';
import { installedCrds, peerCrds } from '../../support/peer-crds.ts';

describe('worker/crds', () => {
  it('leaves definitions as they are that have all its fields', async () => {
    const cluster = createFakeCluster();
    for (const crd of installedCrds()) cluster.seed(crd);
    expect(await installCrds(cluster, readCrds())).toEqual([]);
    expect(cluster.calls.filter(({ verb }) => verb !== 'get')).toEqual([]);
  });

  it.each([
    ['lynqforms.operator.lynq.sh', 'spec.dependsOn, status.rollout.revision'],
    ['lynqhubs.operator.lynq.sh', 'status.deletionGuard'],
    ['lynqnodes.operator.lynq.sh', 'spec.formRevision, status.inventory, status.inventory.ignoredNamespace'],
  ])('starts no worker where %s is that of the Go operator, and changes nothing', async (name, fields) => {
    const cluster = createFakeCluster();
    const isIt = (crd: Parameters<typeof textAt>[0]) => textAt(crd, 'metadata', 'name') === name;
    for (const crd of [...installedCrds().filter((one) => !isIt(one)), ...peerCrds().filter(isIt)]) cluster.seed(crd);
    await expect(installCrds(cluster, readCrds())).rejects.toMatchObject({
      type: 'DefinitionsOutdated',
      message:
        `CRD ${name} has no ${fields}: it is of the Go operator or of an older version, and the API server drops what it does not name; ` +
        'kubectl apply --server-side --force-conflicts -f deploy/crds',
    });
    expect(cluster.calls.filter(({ verb }) => verb !== 'get')).toEqual([]);
  });

  it('is content with a definition that keeps fields it does not name', async () => {
    const cluster = createFakeCluster();
    const open = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    for (const crd of installedCrds()) {
      const versions = [{ name: 'v1', served: true, storage: true, schema: open }];
      cluster.seed({ ...crd, spec: { ...(crd['spec'] as object), versions } });
    }
    expect(await installCrds(cluster, readCrds())).toEqual([]);
  });
});
