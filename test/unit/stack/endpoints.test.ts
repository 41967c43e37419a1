import { describe, expect, it } from 'vitest';
import { environmentLines, stackEndpoints } from '../../../stack/endpoints.ts';
import { kubeconfigText } from '../../../stack/kubeconfig.ts';
import { dataPaths } from '../../../stack/paths.ts';
import { ports, secrets, tools } from './support.ts';

const endpointsIn = (folder: string) => stackEndpoints(dataPaths(folder), ports, secrets, tools);

describe('stack/endpoints', () => {
  it('prints one export a line and nothing else', () => {
    expect(environmentLines(endpointsIn('/data'))).toEqual([
      'export TEMPORAL_ADDRESS=127.0.0.1:20008',
      'export TEMPORAL_NAMESPACE=default',
      'export KUBECONFIG=/data/kubeconfig',
      'export LYNQ_MYSQL_URL=mysql://root:mysql-password-of-the-test@127.0.0.1:20007',
      'export LYNQ_TEMPORAL_UI=http://127.0.0.1:20009',
      'export LYNQ_AUDIT_LOG=/data/audit.log',
      'export LYNQ_KUBECTL=/c/kubectl',
    ]);
  });

  it('quotes a path that a shell would take apart', () => {
    const lines = environmentLines(endpointsIn("/my data/it's"));
    expect(lines).toContain("export KUBECONFIG='/my data/it'\\''s/kubeconfig'");
  });
});

describe('stack/kubeconfig', () => {
  it('names the server, the authority and the token of the one context', () => {
    const text = kubeconfigText({ server: 'https://127.0.0.1:1', ca: 'PEM', user: 'u', token: 't' });
    expect(JSON.parse(text)).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'lynq-stack', cluster: { server: 'https://127.0.0.1:1', 'certificate-authority-data': 'UEVN' } },
      ],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'lynq-stack', context: { cluster: 'lynq-stack', user: 'u' } }],
      'current-context': 'lynq-stack',
    });
  });
});
