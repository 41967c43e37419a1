import type { FormObject } from '../e2e/manifests.ts';
import type { Tenant } from './tenant.ts';

/** A form of its own for one ConfigMap beside the LynqNode. */
export function furtherForm(tenant: Tenant): FormObject {
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: 'further', namespace: tenant.namespace },
    spec: {
      hubId: 'hub',
      configMaps: [
        {
          id: 'taken',
          nameTemplate: '{{ .uid }}-further',
          spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ .uid }}' } },
        },
      ],
    },
  };
}

/** Which parts of the form are there. */
export interface FormParts {
  /** Two ConfigMaps that an edit takes out, one to go and one to stay. */
  readonly leftovers?: boolean;
  /** Edits reach the node by a rollout. */
  readonly limited?: boolean;
  /** An entry of a kind nobody serves: the node stays half made. */
  readonly impossible?: boolean;
  /** Made as a whole or taken back, with a ConfigMap that has to be opened before an entry is sent that nobody accepts. */
  readonly doomed?: boolean;
}

const inSpace = { targetNamespace: 'node-{{ .uid }}' };

const configMap = (id: string, more: object = {}) => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  ...inSpace,
  dependIds: ['space'],
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ .uid }}' } },
  ...more,
});

/** A Namespace, a Secret made once with a password and a key, a ConfigMap, a retained claim, a Deployment, a NetworkPolicy. */
export function tenantForm(tenant: Tenant, parts: FormParts): FormObject {
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqForm',
    metadata: { name: 'form', namespace: tenant.namespace },
    spec: {
      hubId: 'hub',
      ...(parts.doomed === true ? { rollbackOnFailure: true, services: [refused] } : {}),
      ...(parts.limited === true ? { rollout: { maxSkew: 1 } } : {}),
      namespaces: [{ id: 'space', nameTemplate: 'node-{{ .uid }}', spec: { apiVersion: 'v1', kind: 'Namespace' } }],
      secrets: [
        {
          id: 'password',
          nameTemplate: '{{ .uid }}-password',
          ...inSpace,
          dependIds: ['space'],
          creationPolicy: 'Once',
          spec: {
            apiVersion: 'v1',
            kind: 'Secret',
            stringData: { password: '{{ randAlphaNum 32 }}', key: '{{ genPrivateKey "ed25519" }}' },
          },
        },
      ],
      configMaps: [
        configMap('settings'),
        ...(parts.doomed === true ? [barrier] : []),
        ...(parts.leftovers === true ? [configMap('old'), configMap('kept', { deletionPolicy: 'Retain' })] : []),
      ],
      persistentVolumeClaims: [
        {
          id: 'data',
          nameTemplate: '{{ .uid }}-data',
          ...inSpace,
          dependIds: ['password'],
          deletionPolicy: 'Retain',
          spec: {
            apiVersion: 'v1',
            kind: 'PersistentVolumeClaim',
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        },
      ],
      deployments: [deployment],
      networkPolicies: [
        {
          id: 'policy',
          nameTemplate: '{{ .uid }}-policy',
          ...inSpace,
          dependIds: ['app'],
          spec: {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'NetworkPolicy',
            spec: { podSelector: {}, policyTypes: ['Ingress'] },
          },
        },
      ],
      ...(parts.impossible === true ? { manifests: [impossible] } : {}),
    },
  };
}

/** Ready when somebody says so. */
const barrier = configMap('barrier', {
  dependIds: ['settings', 'app'],
  readyWhen: "'open' in object.data",
  timeoutSeconds: 3_600,
});

const refused = {
  id: 'refused',
  nameTemplate: '{{ .uid }}-refused',
  ...inSpace,
  dependIds: ['barrier'],
  spec: { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 99_999 }] } },
};

const deployment = {
  id: 'app',
  nameTemplate: '{{ .uid }}-app',
  ...inSpace,
  dependIds: ['settings', 'data'],
  spec: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {
      replicas: '{{ .replicas | int }}',
      selector: { matchLabels: { app: '{{ .uid }}' } },
      template: {
        metadata: { labels: { app: '{{ .uid }}' } },
        spec: { containers: [{ name: 'app', image: 'app:1' }] },
      },
    },
  },
};

const impossible = {
  id: 'impossible',
  nameTemplate: '{{ .uid }}-impossible',
  ...inSpace,
  dependIds: ['settings'],
  spec: { apiVersion: 'faults.example.com/v1', kind: 'Nothing', spec: {} },
};
