import { dataPaths } from '../../../stack/paths.ts';
import type { Ports } from '../../../stack/ports.ts';
import type { ServerContext } from '../../../stack/servers/definition.ts';

export const ports: Ports = {
  etcd: 20_001,
  etcdPeer: 20_002,
  apiserver: 20_003,
  controllerManager: 20_004,
  scheduler: 20_005,
  kwok: 20_006,
  mariadb: 20_007,
  temporal: 20_008,
  temporalUi: 20_009,
};

export const tools = {
  etcd: '/c/etcd',
  kubeApiserver: '/c/kube-apiserver',
  kubeControllerManager: '/c/kube-controller-manager',
  kubeScheduler: '/c/kube-scheduler',
  kubectl: '/c/kubectl',
  kwok: '/c/kwok',
  temporal: '/c/temporal',
  mariadbd: '/usr/sbin/mariadbd',
  mariadbInstallDb: '/usr/bin/mariadb-install-db',
};

export const secrets = {
  mysqlPassword: 'mysql-password-of-the-test',
  adminToken: 'admin-token-of-the-test',
  controllerManagerToken: 'controller-manager-token',
  schedulerToken: 'scheduler-token-of-the-test',
  kwokToken: 'kwok-token-of-the-test',
  serviceAccountKey: '-----BEGIN PRIVATE KEY-----',
};

/** A context of a stack that does not exist. */
export function testContext(changes: Partial<ServerContext> = {}): ServerContext {
  const paths = dataPaths('/data');
  const chosen = { temporalStore: 'memory', admissionPlugins: [], kubernetes: '1.35' } as const;
  const rest = { ...chosen, env: { PATH: '/bin' }, asRoot: false } as const;
  return { tools, paths, ports, secrets, ...rest, ...changes };
}
