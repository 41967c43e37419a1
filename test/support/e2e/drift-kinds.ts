import { childPath, type Json, type KubeObject } from './cluster.ts';
import { widgetKind } from './policy-world.ts';

/** A kind of objects, and one thing that somebody may change on them. */
export interface DriftKind {
  readonly id: string;
  /** Path of an object of a name. */
  readonly path: (namespace: string, name: string) => string;
  readonly spec: Json;
  readonly edit: readonly Json[];
  readonly edited: (object: KubeObject) => Json;
  readonly clusterScoped?: boolean;
}

const inGroup = (group: string, plural: string) => (namespace: string, name: string) =>
  `/${group === 'v1' ? 'api' : 'apis'}/${group}/namespaces/${namespace}/${plural}/${name}`;
const replace = (path: string, value: Json): readonly Json[] => [{ op: 'replace', path, value }];
const pods = (app: string): Json => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'x', image: 'x:1' }] },
});

export const driftKinds: readonly DriftKind[] = [
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
    id: 'statefulset',
    path: inGroup('apps/v1', 'statefulsets'),
    spec: {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      spec: { serviceName: 'x', replicas: 1, selector: { matchLabels: { app: 's' } }, template: pods('s') },
    },
    edit: replace('/spec/template/spec/containers/0/image', 'x:edited'),
    edited: ({ spec }) => spec.template.spec.containers[0].image,
  },
  {
    id: 'daemonset',
    path: inGroup('apps/v1', 'daemonsets'),
    spec: {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      spec: { selector: { matchLabels: { app: 'd' } }, template: pods('d') },
    },
    edit: replace('/spec/template/spec/containers/0/image', 'x:edited'),
    edited: ({ spec }) => spec.template.spec.containers[0].image,
  },
  {
    id: 'job',
    path: inGroup('batch/v1', 'jobs'),
    spec: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: { backoffLimit: 1, template: { spec: { ...pods('j').spec, restartPolicy: 'Never' } } },
    },
    edit: replace('/spec/backoffLimit', 9),
    edited: ({ spec }) => spec.backoffLimit,
  },
  {
    id: 'cronjob',
    path: inGroup('batch/v1', 'cronjobs'),
    spec: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: {
        schedule: '0 0 1 1 *',
        jobTemplate: { spec: { template: { spec: { ...pods('c').spec, restartPolicy: 'Never' } } } },
      },
    },
    edit: replace('/spec/schedule', '0 0 2 2 *'),
    edited: ({ spec }) => spec.schedule,
  },
  {
    id: 'claim',
    path: inGroup('v1', 'persistentvolumeclaims'),
    spec: {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { labels: { team: 'a' } },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    // Nothing else of a claim may be edited that could be taken back.
    edit: replace('/metadata/labels/team', 'edited'),
    edited: ({ metadata }) => metadata.labels?.['team'],
  },
  {
    id: 'account',
    path: inGroup('v1', 'serviceaccounts'),
    spec: { apiVersion: 'v1', kind: 'ServiceAccount', automountServiceAccountToken: false },
    edit: replace('/automountServiceAccountToken', true),
    edited: (object) => (object as Json).automountServiceAccountToken,
  },
  {
    id: 'ingress',
    path: inGroup('networking.k8s.io/v1', 'ingresses'),
    spec: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      spec: { defaultBackend: { service: { name: 'x', port: { number: 80 } } } },
    },
    edit: replace('/spec/defaultBackend/service/name', 'edited'),
    edited: ({ spec }) => spec.defaultBackend,
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
    id: 'limits',
    path: inGroup('v1', 'limitranges'),
    spec: {
      apiVersion: 'v1',
      kind: 'LimitRange',
      spec: { limits: [{ type: 'PersistentVolumeClaim', max: { storage: '1Ti' } }] },
    },
    edit: replace('/spec/limits/0/max/storage', '2Ti'),
    edited: ({ spec }) => spec.limits[0]?.max.storage,
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

/** The definition of the custom kind among them. */
export const driftWidgets = widgetKind('drift.example.com');
