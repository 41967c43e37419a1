/** Where the API server has the objects of a kind. */
const folders = {
  Namespace: () => '/api/v1/namespaces',
  ConfigMap: (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps`,
  Secret: (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`,
  Service: (namespace: string) => `/api/v1/namespaces/${namespace}/services`,
  ServiceAccount: (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  PersistentVolumeClaim: (namespace: string) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  Pod: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  Deployment: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
  StatefulSet: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/statefulsets`,
  DaemonSet: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/daemonsets`,
  ControllerRevision: (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/controllerrevisions`,
  Job: (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/jobs`,
  CronJob: (namespace: string) => `/apis/batch/v1/namespaces/${namespace}/cronjobs`,
  Ingress: (namespace: string) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`,
  NetworkPolicy: (namespace: string) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
  PodDisruptionBudget: (namespace: string) => `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
  HorizontalPodAutoscaler: (namespace: string) =>
    `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers`,
  ClusterRole: () => '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  Widget: (namespace: string) => `/apis/parity.example.com/v1/namespaces/${namespace}/widgets`,
} as const;

export type Kind = keyof typeof folders;

export const pathOf = (kind: Kind, namespace: string, name?: string): string =>
  `${folders[kind](namespace)}${name === undefined ? '' : `/${name}`}`;
