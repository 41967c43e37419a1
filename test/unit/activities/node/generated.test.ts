import { describe, expect, it } from 'vitest';
import { dropGenerated } from '../../../../activities/node/generated.ts';
import { nodeRef } from '../../../../activities/node/gather.ts';
import { keepGenerated, readGenerated } from '../../../../activities/secrets.ts';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { orphanedFrom } from '../../../../domain/ownership.ts';
import { anIdentity } from '../../../support/builders/resources.ts';
import type { KindRef } from '../../../../domain/ports.ts';
import { createFakeCluster, type FakeCall, type FakeCluster } from '../../../support/fake-cluster.ts';

const identity = anIdentity();
const name = `${identity.name}-generated`;

const results = new Map([['key', 'value']]);
const configMaps: KindRef = { apiVersion: 'v1', kind: 'ConfigMap' };
const secrets: KindRef = { apiVersion: 'v1', kind: 'Secret' };

const ref = nodeRef({ namespace: identity.namespace, node: identity.name });
const node: JsonObject = {
  apiVersion: ref.apiVersion,
  kind: ref.kind,
  metadata: { namespace: identity.namespace, name: identity.name },
};
/** The uids of the nodes with which clusters began. */
const begun = new WeakMap<FakeCluster, string | undefined>();
const drop = (cluster: FakeCluster): Promise<void> =>
  dropGenerated({ cluster }, { ...identity, nodeUid: begun.get(cluster) ?? identity.nodeUid });

/** `kinds`: what was rendered with the value; undefined: a Secret of a version that did not note it. */
async function open(kinds?: readonly KindRef[]) {
  const cluster = createFakeCluster();
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: identity.namespace } });
  cluster.addKind({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode' });
  begun.set(cluster, textAt(cluster.seed(node), 'metadata', 'uid'));
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
      await drop(cluster);
      expect(cluster.objects('Secret')).toEqual([]);
      await drop(cluster);
    },
  );

  it.each([[undefined], [[configMaps, secrets]]])(
    'stays while an object of the same row and form is kept anywhere, and not for others (kinds: %j)',
    async (kinds) => {
      const cluster = await open(kinds);
      cluster.seed(kept(orphanedFrom(identity)));
      await drop(cluster);
      const found = await readGenerated(cluster, identity.namespace, identity.name);
      expect(found).toEqual({ results, kinds });

      const other = await open(kinds);
      other.seed(kept('customers/web/someone-else'));
      await drop(other);
      expect(other.objects('Secret')).toEqual([]);
    },
  );

  it.each([
    ['where kinds were not noted', undefined],
    ['of a kind that was rendered with it', [configMaps, secrets]],
  ])('stays when it cannot be seen whether something is kept %s', async (_, kinds) => {
    const cluster = await open(kinds);
    cluster.intercept(forbidden('ConfigMap'));
    await drop(cluster);
    expect(cluster.objects('Secret')).toHaveLength(1);
  });

  it('goes although a kind may not be seen that was never rendered with it', async () => {
    const cluster = await open([secrets]);
    cluster.intercept(forbidden('ConfigMap'));
    await drop(cluster);
    expect(cluster.objects('Secret')).toEqual([]);
  });

  it('stays when a kind that was rendered with it is not served any more: its objects may be, in another version', async () => {
    const cluster = await open([{ apiVersion: 'db.example.com/v1alpha1', kind: 'Database' }]);
    await drop(cluster);
    expect(cluster.objects('Secret')).toHaveLength(1);
  });

  it('looks again later when the API server does not answer', async () => {
    const cluster = await open([secrets]);
    cluster.intercept(noList('Secret', new LynqFailure('ClusterUnreachable', 'no answer')));
    await expect(drop(cluster)).rejects.toThrow('no answer');
    expect(cluster.objects('Secret')).toHaveLength(1);
  });

  it.each([
    ['has gone', false],
    ['has another uid: the row has returned', true],
  ])('stays when the LynqNode %s', async (_, returned) => {
    const cluster = await open([secrets]);
    await cluster.delete(ref, begun.get(cluster) ?? '');
    if (returned) cluster.seed(node);
    await drop(cluster);
    expect(cluster.objects('Secret')).toHaveLength(1);
  });

  it('is deleted as it was read before it was asked whether its LynqNode is still there', async () => {
    const cluster = await open([secrets]);
    const calls = cluster.calls.length;
    await drop(cluster);
    const asked = cluster.calls.slice(calls).map(({ verb, ref: { kind } }) => `${verb} ${kind}`);
    expect(asked).toEqual(['get Secret', 'list Secret', 'get LynqNode', 'delete Secret']);
  });

  it('asks for nothing but the Secret where there is none', async () => {
    const cluster = await open([secrets]);
    await drop(cluster);
    const calls = cluster.calls.length;
    await drop(cluster);
    expect(cluster.calls.slice(calls).map(({ verb, ref }) => `${verb} ${ref.kind}`)).toEqual(['get Secret']);
  });

  it.each([
    ['that someone else made', {}, 'kubectl'],
    ['that is a child of a node', { labels: { 'lynq.sh/node': identity.name } }, 'lynq-operator'],
    ['that is kept from a node', { labels: { 'lynq.sh/orphaned': 'true' } }, 'lynq-operator'],
  ])('never takes away a Secret of that name %s', async (_, metadata, manager) => {
    const cluster = createFakeCluster();
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: identity.namespace, ...metadata } };
    cluster.seed(secret, manager);
    await drop(cluster);
    expect(cluster.objects('Secret')).toHaveLength(1);
  });
});
