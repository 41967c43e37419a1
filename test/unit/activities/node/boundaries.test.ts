import { beforeEach, describe, expect, it } from 'vitest';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { startProcess } from '../../../support/node-deps.ts';
import { namespace, type RowNodes, rowNodes } from '../../../support/row-nodes.ts';

const apiVersion = 'operator.lynq.sh/v1';

const space: JsonObject = {
  id: 'ns',
  nameTemplate: '{{ .place }}',
  waitForReady: false,
  spec: { apiVersion: 'v1', kind: 'Namespace' },
};
const inside: JsonObject = {
  id: 'inside',
  nameTemplate: 'of-{{ .uid }}',
  targetNamespace: '{{ .place }}',
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: {} },
};

describe('activities/node/boundaries', () => {
  let cluster: FakeCluster;
  let nodes: RowNodes;

  const make = (row: string, form: string, lists: JsonObject, place = 'shared'): Promise<void> =>
    nodes.make(row, form, lists, { place });
  const states = (name: string) => nodes.states(name);
  const maps = (): readonly string[] =>
    cluster
      .objects('ConfigMap')
      .filter((object) => textAt(object, 'metadata', 'namespace') === 'shared')
      .map((object) => textAt(object, 'metadata', 'name') ?? '')
      .toSorted();

  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    nodes = rowNodes(cluster, await startProcess(cluster));
  });

  it('a row that names the Namespace of another row gets nothing into it, from whichever of its forms', async () => {
    await make('acme', 'web', { namespaces: [space], configMaps: [inside] });
    await make('evil', 'web', { namespaces: [space], configMaps: [inside] });
    await make('evil', 'tier', { configMaps: [{ ...inside, nameTemplate: 'tier-{{ .uid }}' }] });
    expect(states('acme-web')).toEqual({ ns: 'Ready', inside: 'Ready' });
    expect(states('evil-web')).toEqual({ ns: 'Conflicted ResourceConflict', inside: 'Failed NamespaceNotAllowed' });
    expect(states('evil-tier')).toEqual({ inside: 'Failed NamespaceNotAllowed' });
    expect(maps()).toEqual(['of-acme']);
  });

  it('a row gets nothing into a Namespace that was retained of another row', async () => {
    const marks = { 'lynq.sh/orphaned-from': 'customers/web/acme', 'lynq.sh/orphaned-namespace': namespace };
    const metadata = { name: 'shared', labels: { 'lynq.sh/orphaned': 'true' }, annotations: marks };
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata });
    await make('evil', 'web', { namespaces: [space], configMaps: [inside] });
    expect(states('evil-web')).toEqual({ ns: 'Conflicted ResourceConflict', inside: 'Failed NamespaceNotAllowed' });
    expect(maps()).toEqual([]);
  });

  it('a row gets back into the Namespace that was retained of it', async () => {
    const marks = { 'lynq.sh/orphaned-from': 'customers/web/acme', 'lynq.sh/orphaned-namespace': namespace };
    const metadata = { name: 'shared', labels: { 'lynq.sh/orphaned': 'true' }, annotations: marks };
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata });
    await make('acme', 'web', { namespaces: [space], configMaps: [inside] });
    expect(states('acme-web')).toEqual({ ns: 'Ready', inside: 'Ready' });
  });

  it('forms of one row share the Namespace that one of them makes', async () => {
    await make('acme', 'web', { namespaces: [space], configMaps: [inside] });
    await make('acme', 'tier', { configMaps: [{ ...inside, nameTemplate: 'tier-{{ .uid }}' }] });
    expect(states('acme-tier')).toEqual({ inside: 'Ready' });
    expect(maps()).toEqual(['of-acme', 'tier-acme']);
  });

  it('rows may use a Namespace of another row that none of their forms makes, or that the form names itself', async () => {
    await make('host', 'base', { namespaces: [space] });
    await make('guest', 'tier', { configMaps: [inside] });
    const fixed = { ...space, nameTemplate: 'shared' };
    await make('other', 'fixed', { namespaces: [fixed], configMaps: [{ ...inside, targetNamespace: 'shared' }] });
    expect(states('guest-tier')).toEqual({ inside: 'Ready' });
    expect(states('other-fixed')).toMatchObject({ inside: 'Ready' });
    expect(maps()).toEqual(['of-guest', 'of-other']);
  });
});
