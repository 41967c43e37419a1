/** Forms and hubs for lint tests: a good one, changed line by line, so that a test names the line it breaks. */

export const goodForm = `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata:
  name: web
spec:
  hubId: shop
  deployments:
    - id: app
      nameTemplate: "{{ .uid }}-app"
      dependIds: ["config"]
      timeoutSeconds: 300
      spec:
        apiVersion: apps/v1
        kind: Deployment
        spec:
          replicas: {{ .replicas | int }}
          paused: false
  configMaps:
    - id: config
      nameTemplate: "{{ .uid }}-config"
      spec:
        apiVersion: v1
        kind: ConfigMap
        data:
          plan: "{{ .plan | default \\"basic\\" }}"
          text: |
            plan {{ .plan }}
            uid {{ .uid }}
`;

export const goodHub = `apiVersion: operator.lynq.sh/v1
kind: LynqHub
metadata:
  name: shop
spec:
  source:
    type: mysql
    syncInterval: 30s
    mysql:
      host: db
      port: 3306
      username: reader
      database: shop
      table: tenants
  valueMappings:
    uid: id
    activate: active
  extraValueMappings:
    replicas: replicas
    plan: plan
`;

/** Replaces the line with this number (from 1) by others. */
export function withLine(text: string, number: number, ...lines: readonly string[]): string {
  const all = text.split('\n');
  all.splice(number - 1, 1, ...lines);
  return all.join('\n');
}
