import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../support/e2e/audit.ts';
import { childPath, type Json, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../support/e2e/eventually.ts';
import { type Entry, openPolicyWorld, type PolicyWorld, widgetKind } from '../support/e2e/policy-world.ts';

interface Kind {
  readonly id: string;
  /** Path of an object of a name. */
  readonly path: (namespace: string, name: string) => string;
  readonly spec: Json;
  readonly edit: readonly Json[];
  readonly edited: (object: KubeObject) => Json;
  readonly clusterScoped?: boolean;
}

const inGroup = (group: string, plural: string) => (namespace: string, name: string) =>
  `/apis/${group}/namespaces/${namespace}/${plural}/${name}`;
const replace = (path: string, value: Json): readonly Json[] => [{ op: 'replace', path, value }];

const kinds: readonly Kind[] = [
  {
    id: 'configmap',
    path: (namespace, name) => childPath('ConfigMap', namespace, name),
    spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { a: '1' } },
    edit: replace('/data/a', 'edited'),
    edited: ({ data }) => data,
  },
  {
    id: 'secret',
    path: (namespace, name) => childPath('Secret', namespace, name),
    spec: { apiVersion: 'v1', kind: 'Secret', stringData: { a: 'one' } },
    edit: replace('/data/a', 'ZWRpdGVk'),
    edited: ({ data }) => data,
  },
  {
    id: 'service',
    path: (namespace, name) => childPath('Service', namespace, name),
    spec: {
      apiVersion: 'v1',
      kind: 'Service',
      spec: {
        selector: { app: 'x' },
        ports: [
          { name: 'http', port: 80 },
          { name: 'metrics', port: 90 },
        ],
      },
    },
    edit: replace('/spec/ports/0/port', 8080),
    edited: ({ spec }) => spec.ports.map(({ name, port }: Json) => `${name}=${port}`).toSorted(),
  },
  {
    id: 'single-port',
    path: (namespace, name) => childPath('Service', namespace, name),
    spec: { apiVersion: 'v1', kind: 'Service', spec: { selector: { app: 'x' }, ports: [{ port: 80 }] } },
    edit: replace('/spec/ports/0/port', 8080),
    edited: ({ spec }) => spec.ports.map(({ port }: Json) => port),
  },
  {
    id: 'deployment',
    path: (namespace, name) => childPath('Deployment', namespace, name),
    spec: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: 'x' } },
        template: {
          metadata: { labels: { app: 'x' } },
          spec: {
            containers: [
              {
                name: 'x',
                image: 'x:1',
                ports: [
                  { name: 'http', containerPort: 80, protocol: 'TCP' },
                  { name: 'dns', containerPort: 80, protocol: 'UDP' },
                ],
              },
            ],
          },
        },
      },
    },
    edit: replace('/spec/template/spec/containers/0/ports/0/containerPort', 8080),
    edited: ({ spec }) =>
      spec.template.spec.containers[0].ports
        .map(({ name, containerPort }: Json) => `${name}=${containerPort}`)
        .toSorted(),
  },
  {
    id: 'networkpolicy',
    path: inGroup('networking.k8s.io/v1', 'networkpolicies'),
    spec: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      spec: { podSelector: { matchLabels: { app: 'x' } }, policyTypes: ['Ingress'] },
    },
    edit: replace('/spec/podSelector/matchLabels/app', 'edited'),
    edited: ({ spec }) => spec.podSelector,
  },
  {
    id: 'hpa',
    path: inGroup('autoscaling/v2', 'horizontalpodautoscalers'),
    spec: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      spec: {
        minReplicas: 1,
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' },
      },
    },
    edit: replace('/spec/maxReplicas', 9),
    edited: ({ spec }) => spec.maxReplicas,
  },
  {
    id: 'pdb',
    path: inGroup('policy/v1', 'poddisruptionbudgets'),
    spec: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'x' } } },
    },
    edit: replace('/spec/maxUnavailable', 2),
    edited: ({ spec }) => spec.maxUnavailable,
  },
  {
    id: 'lease',
    path: inGroup('coordination.k8s.io/v1', 'leases'),
    spec: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', spec: { leaseDurationSeconds: 10 } },
    edit: replace('/spec/leaseDurationSeconds', 99),
    edited: ({ spec }) => spec.leaseDurationSeconds,
  },
  {
    id: 'widget',
    path: inGroup('drift.example.com/v1', 'widgets'),
    spec: { apiVersion: 'drift.example.com/v1', kind: 'Widget', spec: { a: '1' } },
    edit: replace('/spec/a', 'edited'),
    edited: ({ spec }) => spec,
  },
  {
    id: 'namespace',
    path: (_namespace, name) => `/api/v1/namespaces/${name}`,
    clusterScoped: true,
    spec: { apiVersion: 'v1', kind: 'Namespace', metadata: { labels: { team: 'a' } } },
    edit: replace('/metadata/labels/team', 'edited'),
    edited: ({ metadata }) => metadata.labels?.['team'],
  },
  {
    id: 'clusterrole',
    path: (_namespace, name) => `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`,
    clusterScoped: true,
    spec: {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    },
    edit: replace('/rules/0/verbs/0', 'delete'),
    edited: (object) => (object as Json).rules,
  },
];

const widgets = widgetKind('drift.example.com');

/** A row of its own for each trouble: many repairs of one object in a minute are a fight, and slowed down. */
const rows = ['edited', 'unlabelled', 'relabelled', 'disowned', 'given', 'deleted'] as const;
type Row = (typeof rows)[number];

describe('e2e/policies-drift', () => {
  let world: PolicyWorld;
  const form = 'drift';
  const pathOf = (row: Row, { id, path }: Kind) => path(world.namespace, `${row}-drift-${id}`);
  const before = new Map<string, KubeObject>();
  const was = (row: Row, { id }: Kind): KubeObject => before.get(`${row} ${id}`)!;
  const namespaced = kinds.filter(({ clusterScoped }) => clusterScoped !== true);

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'policies-drift', rows);
    await world.cluster.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets);
    const entries = kinds.map(
      ({ id, spec }): Entry => ({ id, waitForReady: false, nameTemplate: `{{ .uid }}-drift-${id}`, spec }),
    );
    await world.putForm(form, entries);
    for (const row of rows) {
      await world.settled(`${row}-${form}`);
      for (const kind of kinds) before.set(`${row} ${kind.id}`, await world.cluster.get(pathOf(row, kind)));
    }
  });
  afterAll(() => world?.close());

  const uidsOf = (row: Row, some: readonly Kind[]) =>
    Promise.all(some.map(async (kind) => (await world.cluster.get(pathOf(row, kind))).metadata.uid));

  function isRight(row: Row, kind: Kind, object: KubeObject): boolean {
    const same = JSON.stringify(kind.edited(object)) === JSON.stringify(kind.edited(was(row, kind)));
    const labels = object.metadata.labels ?? {};
    const tracked = labels['lynq.sh/node'] === `${row}-${form}` && labels['lynq.sh/node-namespace'] === world.namespace;
    const owners = (object.metadata.ownerReferences ?? []).map(({ kind: owner, name }) => `${owner} ${name}`);
    return same && tracked && owners.join() === (kind.clusterScoped === true ? '' : `LynqNode ${row}-${form}`);
  }

  /** Waits until all objects of a row are as they were written, and proves that they then rest. */
  async function areRight(row: Row): Promise<void> {
    for (const kind of kinds) await world.until(pathOf(row, kind), 'right', (object) => isRight(row, kind, object));
    await world.settled(`${row}-${form}`);
    const place = world.audit.now();
    await window(2_500);
    const writes = kinds.flatMap((kind) => world.writesTo(pathOf(row, kind), place));
    expect(writes.map(describeRequest)).toEqual([]);
  }

  const areSame = async (row: Row): Promise<void> =>
    expect(await uidsOf(row, kinds)).toEqual(kinds.map((kind) => was(row, kind).metadata.uid));
  const edit = (row: Row, some: readonly Kind[], type: 'merge' | 'json', body: (kind: Kind) => Json) =>
    Promise.all(some.map((kind) => world.patch(pathOf(row, kind), 'kubectl-edit', body(kind), type)));

  test('edits by hand are put right on the same objects, of keys of lists too', async () => {
    await edit('edited', kinds, 'json', (kind) => kind.edit);
    await areRight('edited');
    await areSame('edited');
  });

  test('tracking labels that were taken off are put back', async () => {
    await edit('unlabelled', kinds, 'merge', () => ({ metadata: { labels: { 'lynq.sh/node': null } } }));
    await areRight('unlabelled');
    await areSame('unlabelled');
  });

  test('tracking labels that name another node are put right', async () => {
    await edit('relabelled', kinds, 'merge', () => ({ metadata: { labels: { 'lynq.sh/node': 'someone-else' } } }));
    await areRight('relabelled');
    await areSame('relabelled');
  });

  test('ownerReferences that were taken off are put back', async () => {
    await edit('disowned', namespaced, 'merge', () => ({ metadata: { ownerReferences: null } }));
    await areRight('disowned');
    await areSame('disowned');
  });

  test('ownerReferences that were given to another are put right', async () => {
    const [first, ...others] = namespaced;
    const { name, uid } = was('given', first!).metadata;
    const owner = { apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true };
    await edit('given', others, 'merge', () => ({ metadata: { ownerReferences: [owner] } }));
    await areRight('given');
    await areSame('given');
  });

  test('deleted objects are made again', async () => {
    const some = kinds.filter(({ id }) => id !== 'namespace');
    await Promise.all(some.map((kind) => world.cluster.remove(pathOf('deleted', kind))));
    await eventually('all are new objects', async () => {
      const uids = await uidsOf('deleted', some);
      const old = some.filter((kind, index) => uids[index] === was('deleted', kind).metadata.uid);
      return old.length === 0 ? there(true) : notYet(old.map(({ id }) => id));
    });
    await areRight('deleted');
  });
});
