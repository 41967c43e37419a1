import type { ResourceList } from './api/resource.ts';
import type { KindRef } from './ports.ts';

/** The kinds that the arrays of a form are named after. An installation has rights for each of them unless it takes them away. */
export const formKinds = {
  serviceAccounts: { apiVersion: 'v1', kind: 'ServiceAccount' },
  deployments: { apiVersion: 'apps/v1', kind: 'Deployment' },
  statefulSets: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  daemonSets: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  services: { apiVersion: 'v1', kind: 'Service' },
  ingresses: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  configMaps: { apiVersion: 'v1', kind: 'ConfigMap' },
  secrets: { apiVersion: 'v1', kind: 'Secret' },
  persistentVolumeClaims: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  jobs: { apiVersion: 'batch/v1', kind: 'Job' },
  cronJobs: { apiVersion: 'batch/v1', kind: 'CronJob' },
  podDisruptionBudgets: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  networkPolicies: { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  horizontalPodAutoscalers: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  namespaces: { apiVersion: 'v1', kind: 'Namespace' },
} as const satisfies Record<Exclude<ResourceList, 'manifests'>, KindRef>;

const groupKind = ({ apiVersion, kind }: KindRef): string =>
  `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}/${kind}`;

const known: ReadonlySet<string> = new Set(Object.values(formKinds).map(groupKind));

export function isNamespace({ apiVersion, kind }: KindRef): boolean {
  return apiVersion === 'v1' && kind === 'Namespace';
}

/** Whether a kind, in whatever version, is one that forms have an array for. */
export function isFormKind(kind: KindRef): boolean {
  return known.has(groupKind(kind));
}
