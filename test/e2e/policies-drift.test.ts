import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { childPath, type Json, type KubeObject } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { type Entry, openPolicyWorld, type PolicyWorld } from '../support/e2e/policy-world.ts';

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

const widgets = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.drift.example.com' },
  spec: {
    group: 'drift.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
      },
    ],
  },
};

describe('e2e/policies-drift', () => {
  let world: PolicyWorld;
  const row = 'acme';
  const form = 'drift';
  const node = `${row}-${form}`;
  const pathOf = ({ id, path }: Kind) => path(world.namespace, `${row}-drift-${id}`);
  let before: ReadonlyMap<string, KubeObject>;

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'policies-drift', [row]);
    await world.cluster.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', widgets);
    const entries = kinds.map(
      ({ id, spec }): Entry => ({ id, waitForReady: false, nameTemplate: `{{ .uid }}-drift-${id}`, spec }),
    );
    await world.putForm(form, entries);
    await world.settled(node);
    before = new Map(
      await Promise.all(kinds.map(async (kind) => [kind.id, await world.cluster.get(pathOf(kind))] as const)),
    );
  });
  afterAll(() => world?.close());

  const was = ({ id }: Kind): KubeObject => before.get(id)!;

  async function isRight(kind: Kind): Promise<KubeObject> {
    const object = await world.until(pathOf(kind), 'right', (found) => {
      const same = JSON.stringify(kind.edited(found)) === JSON.stringify(kind.edited(was(kind)));
      const labels = found.metadata.labels ?? {};
      const tracked = labels['lynq.sh/node'] === node && labels['lynq.sh/node-namespace'] === world.namespace;
      const owners = (found.metadata.ownerReferences ?? []).map(({ kind: owner, name }) => `${owner} ${name}`);
      return same && tracked && owners.join() === (kind.clusterScoped === true ? '' : `LynqNode ${node}`);
    });
    await world.settled(node);
    await world.atRest(pathOf(kind), 1_500);
    return object;
  }

  describe.each(kinds)('$id', (kind) => {
    test('an edit by hand is put right, on the same object', async () => {
      await world.patch(pathOf(kind), 'kubectl-edit', kind.edit, 'json');
      expect((await isRight(kind)).metadata.uid).toBe(was(kind).metadata.uid);
    });

    test('a tracking label that was taken off, or names another node, is put right', async () => {
      await world.patch(pathOf(kind), 'kubectl-label', { metadata: { labels: { 'lynq.sh/node': null } } });
      await isRight(kind);
      await world.patch(pathOf(kind), 'kubectl-label', { metadata: { labels: { 'lynq.sh/node': 'someone-else' } } });
      expect((await isRight(kind)).metadata.uid).toBe(was(kind).metadata.uid);
    });

    test.skipIf(kind.clusterScoped)(
      'an ownerReference that was taken off or given to another is put right',
      async () => {
        await world.patch(pathOf(kind), 'kubectl-edit', { metadata: { ownerReferences: null } });
        await isRight(kind);
        const holder = {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          name: `${row}-drift-configmap`,
          uid: was(kinds[0]!).metadata.uid,
          controller: true,
        };
        if (kind.id !== 'configmap') {
          await world.patch(pathOf(kind), 'kubectl-edit', { metadata: { ownerReferences: [holder] } });
          expect((await isRight(kind)).metadata.uid).toBe(was(kind).metadata.uid);
        }
      },
    );

    test.skipIf(kind.id === 'namespace')('a deleted object is made again', async () => {
      const { uid } = (await world.cluster.get(pathOf(kind))).metadata;
      await world.cluster.remove(pathOf(kind));
      await eventually('it is a new object', async () => {
        const found = await world.cluster.find(pathOf(kind));
        return found !== undefined && found.metadata.uid !== uid ? there(true) : notYet('the old one, or none');
      });
      await isRight(kind);
    });
  });
});
