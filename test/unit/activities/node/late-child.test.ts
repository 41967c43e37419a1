import { beforeEach, describe, expect, it } from 'vitest';
import { removeLateChild } from '../../../../activities/node/late-child.ts';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import type { FakeCluster } from '../../../support/fake-cluster.ts';
import type { FakeProcess } from '../../../support/node-deps.ts';
import { namespace, openRowNodes, type RowNodes } from '../../../support/row-nodes.ts';

const apiVersion = 'operator.lynq.sh/v1';
const space: JsonObject = {
  id: 'ns',
  nameTemplate: 'of-{{ .uid }}',
  waitForReady: false,
  spec: { apiVersion: 'v1', kind: 'Namespace' },
};
const alone: JsonObject = { namespaces: [space] };
const nodeRef = (name: string) => ({ apiVersion, kind: 'LynqNode', namespace, name });
const spaceRef = { apiVersion: 'v1', kind: 'Namespace', name: 'of-acme' };

describe('activities/node/late-child', () => {
  let cluster: FakeCluster;
  let process: FakeProcess;
  let nodes: RowNodes;

  beforeEach(async () => {
    ({ cluster, process, nodes } = await openRowNodes());
  });

  /** The node has gone, and its labels came onto the Namespace after its removal had looked at that. */
  async function goesFrom(form: string): Promise<void> {
    const name = `acme-${form}`;
    const labelled = { metadata: { labels: { 'lynq.sh/node': name } } };
    await cluster.patch(spaceRef, 'merge', labelled, { manager: 'test' });
    const object = await cluster.get(nodeRef(name));
    await cluster.delete(nodeRef(name), textAt(object, 'metadata', 'uid') ?? '');
    await cluster.patch(nodeRef(name), 'merge', { metadata: { finalizers: [] } }, { manager: 'test' });
    expect(await cluster.get(nodeRef(name))).toBeUndefined();
  }
  const late = (form: string) => {
    const identity = { namespace, name: `acme-${form}`, nodeUid: 'gone', hub: 'customers', form, uid: 'acme' };
    return removeLateChild(process.deps, identity, spaceRef);
  };

  it('takes a Namespace away in which there is nothing to keep', async () => {
    await nodes.make('acme', 'api', alone);
    await goesFrom('api');
    expect(await late('api')).toBe('removed');
    expect(await cluster.get(spaceRef)).toBeUndefined();
  });

  it('hands a Namespace that another node of the row names to that one', async () => {
    await nodes.make('acme', 'web', alone);
    await nodes.make('acme', 'api', alone);
    const before = textAt(await cluster.get(spaceRef), 'metadata', 'uid');
    await goesFrom('api');
    expect(await late('api')).toBe('kept');
    await nodes.waves('acme-web');
    const after = await cluster.get(spaceRef);
    expect([textAt(after, 'metadata', 'uid'), textAt(after, 'metadata', 'labels', 'lynq.sh/node')]).toEqual([
      before,
      'acme-web',
    ]);
    expect(nodes.states('acme-web')).toEqual({ ns: 'Ready' });
  });

  it('keeps a Namespace with something retained in it', async () => {
    await nodes.make('acme', 'api', alone);
    const labels = { 'lynq.sh/orphaned': 'true' };
    cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'data', namespace: 'of-acme', labels } });
    await goesFrom('api');
    expect(await late('api')).toBe('kept');
    expect(textAt(await cluster.get(spaceRef), 'metadata', 'labels', 'lynq.sh/orphaned')).toBe('true');
  });

  it('leaves everything alone when the node is back', async () => {
    await nodes.make('acme', 'api', alone);
    expect(await late('api')).toBe('kept');
    expect(await cluster.get(spaceRef)).toBeDefined();
  });
});
