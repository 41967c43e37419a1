/** Entries of forms, small enough to be ready at once. */

type Extra = Readonly<Record<string, unknown>>;

/** ConfigMap `<uid>-<id>` that shows the row's counter. */
export const configMap = (id: string, extra: Extra = {}) => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { counter: '{{ .counter }}' } },
  ...extra,
});

export const secret = (id: string, extra: Extra = {}) => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind: 'Secret', stringData: { counter: '{{ .counter }}' } },
  ...extra,
});

export const service = (id: string, extra: Extra = {}) => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: {
    apiVersion: 'v1',
    kind: 'Service',
    spec: { selector: { app: '{{ .uid }}' }, ports: [{ name: 'http', port: 80 }] },
  },
  ...extra,
});

export const deployment = (id: string, extra: Extra = {}) => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: `{{ .uid }}-${id}` } },
      template: {
        metadata: { labels: { app: `{{ .uid }}-${id}` } },
        spec: {
          containers: [
            { name: 'main', image: 'registry.example/app:1', env: [{ name: 'COUNTER', value: '{{ .counter }}' }] },
          ],
        },
      },
    },
  },
  ...extra,
});

export const configMapOf = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${namespace}/configmaps/${name}`;
export const secretOf = (namespace: string, name: string): string => `/api/v1/namespaces/${namespace}/secrets/${name}`;

/** Four resources of four kinds in three waves. */
export const fourResources = {
  configMaps: [configMap('settings')],
  secrets: [secret('keys', { dependIds: ['settings'] })],
  services: [service('web', { dependIds: ['settings'] })],
  deployments: [deployment('api', { dependIds: ['keys', 'web'] })],
};
