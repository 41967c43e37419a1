import { beforeEach, describe, expect, it } from 'vitest';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
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
  let running: FakeProcess;

  const revisionOf = async (form: string, lists: JsonObject): Promise<string> =>
    (await running.deps.forms.ensure({ namespace, name: form, uid: `uid-${form}` }, { hubId: 'customers', ...lists }))
      .name;

  async function make(row: string, form: string, lists: JsonObject, place = 'shared'): Promise<void> {
    cluster.seed({
      apiVersion,
      kind: 'LynqNode',
      metadata: {
        name: `${row}-${form}`,
        namespace,
        labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': row },
        annotations: { 'lynq.sh/extra': JSON.stringify({ place }), 'lynq.sh/activate': '1', 'lynq.sh/hostOrUrl': '' },
        finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
        ownerReferences: [{ apiVersion, kind: 'LynqHub', name: 'customers', uid: 'hub-uid', controller: true }],
      },
      spec: { uid: row, templateRef: form, formRevision: await revisionOf(form, lists) },
    });
    await waves(`${row}-${form}`);
  }

  async function waves(node: string): Promise<void> {
    for (let wave = 0; wave < 6; wave += 1) {
      const signal = AbortSignal.timeout(1_000);
      const outcome = await advanceNode(running.deps, { namespace, node, force: false }, { signal }).catch(
        () => undefined,
      );
      if (outcome?.kind !== 'advanced' && outcome?.kind !== 'superseded') return;
    }
  }

  const states = (name: string): Readonly<Record<string, string>> => {
    const node = cluster.objects('LynqNode').find((object) => textAt(object, 'metadata', 'name') === name);
    return Object.fromEntries(
      listAt(node, 'status', 'resources').map((item) => [
        textAt(item, 'id') ?? '',
        `${textAt(item, 'state') ?? ''} ${textAt(item, 'reason') ?? ''}`.trim(),
      ]),
    );
  };
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
    running = await startProcess(cluster);
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
