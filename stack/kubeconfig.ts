/** What one identity needs to reach the API server of a stack. */
export interface KubeconfigInput {
  readonly server: string;
  /** PEM of the certificate authority. */
  readonly ca: string;
  readonly user: string;
  readonly token: string;
}

/** The text of a kubeconfig file. JSON, which every YAML reader reads, so nothing needs quoting rules. */
export function kubeconfigText(input: KubeconfigInput): string {
  const name = 'lynq-stack';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: { server: input.server, 'certificate-authority-data': Buffer.from(input.ca).toString('base64') },
      },
    ],
    users: [{ name: input.user, user: { token: input.token } }],
    contexts: [{ name, context: { cluster: name, user: input.user } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
