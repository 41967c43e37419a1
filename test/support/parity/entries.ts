/** One entry of a form as a user of the Go operator writes it; `stand()` gives it a name and its array. */
export interface Entry {
  readonly id: string;
  readonly spec: Readonly<Record<string, unknown>> & { readonly kind: string };
  readonly nameTemplate?: string;
  readonly targetNamespace?: string;
  readonly labelsTemplate?: Readonly<Record<string, string>>;
  readonly annotationsTemplate?: Readonly<Record<string, string>>;
  readonly dependIds?: readonly string[];
  readonly skipOnDependencyFailure?: boolean;
  readonly creationPolicy?: 'Once' | 'WhenNeeded';
  readonly deletionPolicy?: 'Delete' | 'Retain';
  readonly conflictPolicy?: 'Stuck' | 'Force';
  readonly patchStrategy?: 'apply' | 'merge' | 'replace';
  readonly waitForReady?: boolean;
  readonly timeoutSeconds?: number;
  readonly ignoreFields?: readonly string[];
}

export type Policies = Omit<Entry, 'id' | 'spec'>;

const arrays: Readonly<Record<string, string>> = {
  ServiceAccount: 'serviceAccounts',
  Deployment: 'deployments',
  StatefulSet: 'statefulSets',
  DaemonSet: 'daemonSets',
  Service: 'services',
  Ingress: 'ingresses',
  ConfigMap: 'configMaps',
  Secret: 'secrets',
  PersistentVolumeClaim: 'persistentVolumeClaims',
  Job: 'jobs',
  CronJob: 'cronJobs',
  PodDisruptionBudget: 'podDisruptionBudgets',
  NetworkPolicy: 'networkPolicies',
  HorizontalPodAutoscaler: 'horizontalPodAutoscalers',
  Namespace: 'namespaces',
};

/** The resource arrays of a form: every entry in the array of its kind, named `<uid>-<form>-<id>` when it has no name of its own. */
export function arraysOf(form: string, entries: readonly Entry[]): Readonly<Record<string, readonly unknown[]>> {
  const sorted: Record<string, unknown[]> = {};
  for (const entry of entries) {
    const array = arrays[entry.spec.kind] ?? 'manifests';
    (sorted[array] ??= []).push({ nameTemplate: `{{ .uid }}-${form}-${entry.id}`, ...entry });
  }
  return sorted;
}

export const configMap = (id: string, data: Readonly<Record<string, string>> = {}, more: Policies = {}): Entry => ({
  id,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data },
  ...more,
});

/** Pods of this scheduler stay Pending: what they belong to never becomes ready. */
export const noScheduler = 'nobody';

interface PodOptions {
  readonly replicas?: unknown;
  readonly image?: string;
  readonly schedulerName?: string;
}

const podTemplate = (id: string, { image = 'example/app:1', schedulerName }: PodOptions): unknown => ({
  metadata: { labels: { app: id } },
  spec: {
    ...(schedulerName === undefined ? {} : { schedulerName }),
    containers: [{ name: 'app', image }],
  },
});

export const deployment = (id: string, options: PodOptions = {}, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {
      replicas: options.replicas ?? 1,
      selector: { matchLabels: { app: id } },
      template: podTemplate(id, options),
    },
  },
  ...more,
});

/** A Deployment whose pods never start. */
export const stuckDeployment = (id: string, more: Policies = {}): Entry =>
  deployment(id, { schedulerName: noScheduler }, more);

export const statefulSet = (id: string, options: PodOptions = {}, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    spec: {
      serviceName: id,
      replicas: options.replicas ?? 1,
      selector: { matchLabels: { app: id } },
      template: podTemplate(id, options),
    },
  },
  ...more,
});

export const daemonSet = (id: string, options: PodOptions = {}, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    spec: { selector: { matchLabels: { app: id } }, template: podTemplate(id, options) },
  },
  ...more,
});

const jobSpec = (id: string, extra: Readonly<Record<string, unknown>>, schedulerName?: string): unknown => ({
  backoffLimit: 0,
  ...extra,
  template: {
    metadata: { labels: { app: id } },
    spec: {
      restartPolicy: 'Never',
      ...(schedulerName === undefined ? {} : { schedulerName }),
      containers: [{ name: 'job', image: 'example/job:1' }],
    },
  },
});

export const job = (id: string, more: Policies = {}): Entry => ({
  id,
  spec: { apiVersion: 'batch/v1', kind: 'Job', spec: jobSpec(id, {}) },
  ...more,
});

/** A Job the job controller fails after a second, because its pod never starts. */
export const failingJob = (id: string, more: Policies = {}): Entry => ({
  id,
  spec: { apiVersion: 'batch/v1', kind: 'Job', spec: jobSpec(id, { activeDeadlineSeconds: 1 }, noScheduler) },
  ...more,
});

export const cronJob = (id: string, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: jobSpec(id, {}) } },
  },
  ...more,
});

export const service = (id: string, spec: Readonly<Record<string, unknown>> = {}, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'v1',
    kind: 'Service',
    spec: { selector: { app: id }, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
  },
  ...more,
});

export const namespace = (id: string, name: string, more: Policies = {}): Entry => ({
  id,
  nameTemplate: name,
  spec: { apiVersion: 'v1', kind: 'Namespace' },
  ...more,
});

export const claim = (id: string, storageClassName: string | undefined, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    spec: {
      ...(storageClassName === undefined ? {} : { storageClassName }),
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
    },
  },
  ...more,
});

export const autoscaler = (id: string, target: string, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target },
      minReplicas: 1,
      maxReplicas: 3,
      metrics: [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
      ],
    },
  },
  ...more,
});

export const disruptionBudget = (id: string, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: id } } },
  },
  ...more,
});

export const networkPolicy = (id: string, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    spec: { podSelector: { matchLabels: { app: id } }, policyTypes: ['Ingress'] },
  },
  ...more,
});

export const ingress = (id: string, more: Policies = {}): Entry => ({
  id,
  spec: {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    spec: {
      rules: [
        {
          host: 'app.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'any', port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  ...more,
});

/** A custom resource of `widgetCrd`. */
export const widget = (id: string, spec: Readonly<Record<string, unknown>> = {}, more: Policies = {}): Entry => ({
  id,
  spec: { apiVersion: 'parity.example.com/v1', kind: 'Widget', spec },
  ...more,
});

export const widgetCrd = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.parity.example.com' },
  spec: {
    group: 'parity.example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
} as const;
