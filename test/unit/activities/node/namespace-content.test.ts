import { describe, expect, it } from 'vitest';
import { readNamespaceContent } from '../../../../activities/node/namespace-content.ts';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { Cluster, ListOptions } from '../../../../domain/ports.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { startProcess } from '../../../support/node-deps.ts';

const apiVersion = 'operator.lynq.sh/v1';
const space = 'acme';
const self = { namespace: 'tenants', name: 'acme-web' };

const put = (cluster: FakeCluster, kind: string, name: string, metadata: JsonObject = {}) =>
  cluster.seed({ apiVersion: 'v1', kind, metadata: { name, namespace: space, ...metadata } });
const tracked = (name: string) => ({ labels: { 'lynq.sh/node': name, 'lynq.sh/node-namespace': 'tenants' } });

/** What the account that objects of forms are written as may list; undefined where there is none but the worker's. */
type Acting = (cluster: FakeCluster) => Cluster;

/** A process that has seen everything before `later` is put into the cluster. */
async function reading(later: (cluster: FakeCluster) => void, acting?: Acting) {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  for (const kind of ['Widget', 'EndpointSlice']) cluster.addKind({ apiVersion: 'example.com/v1', kind });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: space } });
  const { deps } = await startProcess(cluster);
  later(cluster);
  const nodes = { ...deps.nodes, withObjectsIn: () => [] };
  const childCluster = (namespace: string) =>
    namespace === self.namespace && acting !== undefined ? acting(cluster) : deps.childCluster(namespace);
  return readNamespaceContent({ ...deps, nodes, childCluster }, self, space);
}

const refusal = (message: string) => new LynqFailure('ClusterForbidden', message, { code: 403 });

/** The worker may not list these; another account is asked through a cluster of its own. */
const forbidWorker =
  (...kinds: readonly string[]) =>
  (cluster: FakeCluster): void =>
    void cluster.intercept(({ verb, ref, options }) =>
      verb === 'list' && kinds.includes(ref.kind) && !(options as { readonly acting?: true }).acting
        ? { failure: refusal('not allowed') }
        : undefined,
    );
const mayList =
  (...kinds: readonly string[]): Acting =>
  (cluster) => ({
    ...cluster,
    list: (kind, options) =>
      kinds.includes(kind.kind)
        ? cluster.list(kind, { ...options, acting: true } as ListOptions)
        : Promise.reject(refusal('not allowed either')),
  });

function node(cluster: FakeCluster, name: string, inside: string): void {
  const inventory = [{ id: 'x', apiVersion: 'v1', kind: 'ConfigMap', namespace: inside, name: 'x', policy: 'Delete' }];
  cluster.seed({
    apiVersion,
    kind: 'LynqNode',
    metadata: { name, namespace: 'tenants' },
    spec: {},
    status: { inventory },
  });
}

describe('activities/node/namespace-content', () => {
  it('finds a LynqNode that no watch has told of by an object that it has just made', async () => {
    const content = await reading((cluster) => {
      node(cluster, 'beta-web', space);
      put(cluster, 'ConfigMap', 'beta', tracked('beta-web'));
    });
    expect(content).toMatchObject({ users: ['beta-web'], foreign: [] });
  });

  it('does not take labels for a record: such an object is named as what goes along', async () => {
    const content = await reading((cluster) => {
      node(cluster, 'beta-web', 'elsewhere');
      put(cluster, 'ConfigMap', 'beta', tracked('beta-web'));
      put(cluster, 'ConfigMap', 'nobody', tracked('no-such-node'));
      put(cluster, 'Secret', 'self', tracked(self.name));
    });
    expect(content.users).toEqual([]);
    expect(content.foreign.toSorted()).toEqual(['ConfigMap/beta', 'ConfigMap/nobody', 'Secret/self']);
  });

  it('takes labels for a record where a LynqNode has none yet, as one of the Go operator that is still to be taken over', async () => {
    const content = await reading((cluster) => {
      cluster.seed({ apiVersion, kind: 'LynqNode', metadata: { name: 'beta-web', namespace: 'tenants' }, spec: {} });
      put(cluster, 'ConfigMap', 'beta', tracked('beta-web'));
    });
    expect(content).toMatchObject({ users: ['beta-web'], foreign: [] });
  });

  it('counts neither what every Namespace has, nor what goes with its owner, nor what is going already', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api', uid: 'some-uid' };
    const content = await reading((cluster) => {
      put(cluster, 'ConfigMap', 'kube-root-ca.crt');
      put(cluster, 'ServiceAccount', 'default');
      put(cluster, 'Secret', 'owned', { ownerReferences: [owner] });
      put(cluster, 'ConfigMap', 'going', { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['example.com/x'] });
      put(cluster, 'Secret', 'mine');
    });
    expect(content).toEqual({ keeps: false, users: [], foreign: ['Secret/mine'], unseen: [] });
  });

  it('keeps a Namespace with a retained object in it', async () => {
    const content = await reading((cluster) =>
      put(cluster, 'Secret', 'kept', { labels: { 'lynq.sh/orphaned': 'true' } }),
    );
    expect(content.keeps).toBe(true);
  });

  it('says which kinds it may not see, and leaves the question open for those that it should', async () => {
    const forbid = (kind: string) => (cluster: FakeCluster) =>
      cluster.intercept(({ verb, ref }) =>
        verb === 'list' && ref.kind === kind
          ? { failure: new LynqFailure('ClusterForbidden', 'not allowed', { code: 403 }) }
          : undefined,
      );
    expect(await reading(forbid('Widget'))).toMatchObject({ unseen: ['Widget'] });
    expect(await reading(forbid('EndpointSlice'))).toMatchObject({ unseen: [] });
    await expect(reading(forbid('Secret'))).rejects.toThrow('not allowed');
  });

  describe('where objects of forms are written as another account', () => {
    const kept = (cluster: FakeCluster): void => {
      const metadata = { name: 'db', namespace: space, labels: { 'lynq.sh/orphaned': 'true' } };
      cluster.seed({ apiVersion: 'example.com/v1', kind: 'Widget', metadata });
      forbidWorker('Widget')(cluster);
    };

    it('finds a retained object of a kind that the worker may not list by asking as that account', async () => {
      expect(await reading(kept, mayList('Widget'))).toMatchObject({ keeps: true, unseen: [] });
    });

    it('finds what goes along in the same way, and asks as that account for nothing else', async () => {
      const content = await reading((cluster) => {
        put(cluster, 'Secret', 'other');
        put(cluster, 'ConfigMap', 'mine');
        forbidWorker('Secret')(cluster);
      }, mayList('Secret'));
      expect(content).toMatchObject({ keeps: false, unseen: [] });
      expect(content.foreign.toSorted()).toEqual(['ConfigMap/mine', 'Secret/other']);
    });

    it('leaves the question open when neither may list a kind, and names each', async () => {
      const both = (cluster: FakeCluster): void => forbidWorker('Widget', 'EndpointSlice')(cluster);
      await expect(reading(both, mayList())).rejects.toMatchObject({
        type: 'ClusterForbidden',
        message: expect.stringMatching(
          /^Namespace acme stays .* may list EndpointSlice \(example.com\/v1\), Widget \(example.com\/v1\) there/,
        ),
      });
    });
  });
});
