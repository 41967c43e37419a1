import { isAbsolute, join, resolve } from 'node:path';
import type { Environment } from './environment.ts';

/** Files and folders of one stack, all absolute. One data folder belongs to one stack. */
export interface DataPaths {
  readonly root: string;
  readonly state: string;
  readonly secrets: string;
  readonly lock: string;
  readonly logs: string;
  readonly pki: string;
  readonly config: string;
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly etcd: string;
  readonly mariadb: string;
  readonly mariadbTemporary: string;
  readonly temporal: string;
}

/** Lays out a data folder; creates nothing. */
export function dataPaths(dataDir: string): DataPaths {
  const root = resolve(dataDir);
  return {
    root,
    state: join(root, 'stack.json'),
    secrets: join(root, 'secrets.json'),
    lock: join(root, 'stack.lock'),
    logs: join(root, 'logs'),
    pki: join(root, 'pki'),
    config: join(root, 'config'),
    kubeconfig: join(root, 'kubeconfig'),
    auditLog: join(root, 'audit.log'),
    etcd: join(root, 'etcd'),
    mariadb: join(root, 'mariadb'),
    mariadbTemporary: join(root, 'mariadb-tmp'),
    temporal: join(root, 'temporal'),
  };
}

/** The folder the binaries are kept in, shared by all checkouts of a user: LYNQFLOW_CACHE, XDG_CACHE_HOME or ~/.cache. */
export function cacheRoot(environment: Environment, home: string): string {
  const own = environment['LYNQFLOW_CACHE'];
  if (own !== undefined && own !== '') return join(resolve(own), 'lynqflow');
  const xdg = environment['XDG_CACHE_HOME'];
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.cache'), 'lynqflow');
}

/** Where one version of a tool is kept: `<cache>/<tool>/<version>-<platform>`. The folder exists only when it is complete. */
export function toolFolder(cache: string, tool: string, version: string): string {
  return join(cache, tool, `${version}-${process.platform}-${process.arch}`);
}
