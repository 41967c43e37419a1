import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { askedKubernetes, defaultKubernetes } from '../../stack/kubernetes-release.ts';
import { type Cluster, openCluster } from '../support/e2e/cluster.ts';

/** `LYNQ_STACK_KUBERNETES` is what `npm run test:oldest` stands on: a stack of another release would pass its tests too. */
describe('stack/kubernetes-release on a real control plane', () => {
  const release = askedKubernetes(process.env) ?? defaultKubernetes;
  const { kubeconfig, kubectl } = inject('stack');
  let cluster: Cluster;

  beforeAll(() => {
    cluster = openCluster(kubeconfig);
  });
  afterAll(() => cluster.close());

  test('the API server and kubectl are of the release that is asked for', async () => {
    expect(await cluster.call('GET', '/version')).toMatchObject({
      gitVersion: expect.stringContaining(`v${release}.`),
      minor: release.split('.')[1],
    });
    const text = execFileSync(kubectl, ['version', '--output=json', `--kubeconfig=${kubeconfig}`], {
      encoding: 'utf8',
    });
    const { clientVersion, serverVersion } = JSON.parse(text);
    expect(clientVersion.gitVersion).toContain(`v${release}.`);
    expect(serverVersion.gitVersion).toBe(clientVersion.gitVersion);
  });

  test('kwok makes the pods of a Deployment Ready, and those of a deleted one go', async () => {
    const namespace = '/api/v1/namespaces/control-plane';
    const labels = { app: 'web' };
    await cluster.create('/api/v1/namespaces', { metadata: { name: 'control-plane' } });
    const deployment = '/apis/apps/v1/namespaces/control-plane/deployments';
    const template = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
    const spec = { replicas: 2, selector: { matchLabels: labels }, template };
    await cluster.create(deployment, { metadata: { name: 'web' }, spec });
    await expect
      .poll(async () => (await cluster.get(`${deployment}/web`)).status.readyReplicas, { timeout: 30_000 })
      .toBe(2);
    await cluster.remove(`${deployment}/web`);
    await expect.poll(async () => (await cluster.list(`${namespace}/pods`)).length, { timeout: 30_000 }).toBe(0);
    await cluster.remove(namespace);
  });
});
