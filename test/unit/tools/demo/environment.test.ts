import { describe, expect, it } from 'vitest';
import { childEnvironment, ignoredVariables } from '../../../../tools/demo/environment.ts';

const endpoints = {
  temporalAddress: '127.0.0.1:1',
  temporalNamespace: 'default',
  temporalUi: 'http://127.0.0.1:2',
  kubeconfig: '/data/kubeconfig',
  mysqlUrl: 'mysql://root:x@127.0.0.1:3',
  auditLog: '/data/audit.log',
  kubectl: '/cache/kubectl',
  temporalCli: '/cache/temporal',
};

const shell = {
  PATH: '/bin',
  KUBECONFIG: '/home/me/.kube/config',
  KUBERNETES_SERVICE_HOST: '10.0.0.1',
  TEMPORAL_API_KEY: 'key',
  TEMPORAL_ADDRESS: 'cloud:7233',
  LYNQ_TASK_QUEUE: 'mine',
  LYNQFLOW_CACHE: '/cache',
};

describe('tools/demo/environment', () => {
  it('gives programs the addresses of the stack and nothing that names another system', () => {
    expect(childEnvironment(shell, endpoints, '/data/run/temporal.toml')).toEqual({
      PATH: '/bin',
      LYNQFLOW_CACHE: '/cache',
      KUBECONFIG: '/data/kubeconfig',
      KUBECTL_KUBERC: 'false',
      TEMPORAL_ADDRESS: '127.0.0.1:1',
      TEMPORAL_NAMESPACE: 'default',
      TEMPORAL_CONFIG_FILE: '/data/run/temporal.toml',
    });
  });

  it('names what is ignored', () => {
    expect(ignoredVariables({ ...shell, TEMPORAL_NAMESPACE: '' })).toEqual([
      'KUBECONFIG',
      'KUBERNETES_SERVICE_HOST',
      'LYNQ_TASK_QUEUE',
      'TEMPORAL_ADDRESS',
      'TEMPORAL_API_KEY',
    ]);
  });
});
