import type { JsonObject } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { KindRef } from '../../domain/ports.ts';
import { hubName, namespace } from '../demo/stage.ts';
import type { FormSet } from './setup.ts';

/** An object of the form, and how a person who knows nothing of us changes it. */
export interface DriftKind {
  readonly id: string;
  /** The object without its name. */
  readonly body: JsonObject & KindRef;
  /** Merge patch that changes one field of ours, and where that field is. */
  readonly edit: JsonObject;
  readonly edited: readonly string[];
}

const app = { app: 'drift' };
const pod = { metadata: { labels: app }, spec: { containers: [{ name: 'app', image: 'app:1' }] } };

export const driftKinds: readonly DriftKind[] = [
  {
    id: 'configmap',
    body: { apiVersion: 'v1', kind: 'ConfigMap', data: { size: 'one' } },
    edit: { data: { size: 'edited' } },
    edited: ['data', 'size'],
  },
  {
    id: 'secret',
    body: { apiVersion: 'v1', kind: 'Secret', stringData: { size: 'one' } },
    edit: { data: { size: 'ZWRpdGVk' } },
    edited: ['data', 'size'],
  },
  {
    id: 'service',
    body: { apiVersion: 'v1', kind: 'Service', spec: { selector: app, ports: [{ name: 'http', port: 80 }] } },
    edit: { spec: { selector: { app: 'edited' } } },
    edited: ['spec', 'selector', 'app'],
  },
  {
    id: 'account',
    body: { apiVersion: 'v1', kind: 'ServiceAccount', automountServiceAccountToken: false },
    edit: { automountServiceAccountToken: true },
    edited: ['automountServiceAccountToken'],
  },
  {
    id: 'deployment',
    body: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: 1, selector: { matchLabels: app }, template: pod },
    },
    edit: { spec: { replicas: 2 } },
    edited: ['spec', 'replicas'],
  },
  {
    id: 'cronjob',
    body: {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      spec: {
        schedule: '0 0 1 1 *',
        jobTemplate: { spec: { template: { spec: { ...pod.spec, restartPolicy: 'Never' } } } },
      },
    },
    edit: { spec: { schedule: '1 1 1 1 *' } },
    edited: ['spec', 'schedule'],
  },
  {
    id: 'ingress',
    body: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      spec: { defaultBackend: { service: { name: 'drift', port: { number: 80 } } } },
    },
    edit: { spec: { defaultBackend: { service: { name: 'edited' } } } },
    edited: ['spec', 'defaultBackend', 'service', 'name'],
  },
  {
    id: 'networkpolicy',
    body: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      spec: { podSelector: { matchLabels: app }, policyTypes: ['Ingress'] },
    },
    edit: { spec: { podSelector: { matchLabels: { app: 'edited' } } } },
    edited: ['spec', 'podSelector', 'matchLabels', 'app'],
  },
  {
    id: 'autoscaler',
    body: {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      spec: {
        minReplicas: 1,
        maxReplicas: 3,
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' },
      },
    },
    edit: { spec: { maxReplicas: 9 } },
    edited: ['spec', 'maxReplicas'],
  },
  {
    id: 'budget',
    body: {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      spec: { maxUnavailable: 1, selector: { matchLabels: app } },
    },
    edit: { spec: { maxUnavailable: 2 } },
    edited: ['spec', 'maxUnavailable'],
  },
  {
    id: 'widget',
    body: { apiVersion: 'drift.example.com/v1', kind: 'Widget', spec: { size: 'one' } },
    edit: { spec: { size: 'edited' } },
    edited: ['spec', 'size'],
  },
];

export const widgetsRef = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  name: 'widgets.drift.example.com',
};

export const widgetDefinition: JsonObject = {
  apiVersion: widgetsRef.apiVersion,
  kind: widgetsRef.kind,
  metadata: { name: widgetsRef.name },
  spec: {
    group: 'drift.example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
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

const name = 'drift';

/** One form with an object of each kind, beside its LynqNode. */
export const driftForm: FormSet = {
  names: [name],
  files: [],
  objects: [
    {
      apiVersion,
      kind: 'LynqForm',
      metadata: { name, namespace },
      spec: {
        hubId: hubName,
        manifests: driftKinds.map(({ id, body }) => ({
          id,
          nameTemplate: `{{ .uid }}-${id}`,
          waitForReady: false,
          spec: body,
        })),
      },
    },
  ],
};
