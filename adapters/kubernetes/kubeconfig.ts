import { readFile } from 'node:fs/promises';
import { delimiter, dirname, resolve } from 'node:path';
import type { KubeConfig, User } from '@kubernetes/client-node';
import { LynqFailure } from '../../domain/failures.ts';

/** Where the coordinates and credentials come from; exactly one of `kubeconfig` and `inCluster` is given. */
export interface KubeconfigSource {
  /** Path of a kubeconfig file, or several joined as in the KUBECONFIG variable; the first file that names something wins. */
  readonly kubeconfig?: string | undefined;
  /** Context of that file; its current context when absent. */
  readonly context?: string | undefined;
  /** The service account of the pod this runs in. */
  readonly inCluster?: boolean | undefined;
}

/**
 * Loads coordinates and credentials. The library costs 0.4 s and 60 MB to import (its narrower files cost the same, measured), so it is
 * imported here and not at the top: commands that never speak to a cluster do not pay.
 *
 * @throws LynqFailure ClusterUnreachable when the source cannot be used; the message names files and contexts, never their content.
 */
export async function loadKubeConfig(source: KubeconfigSource): Promise<KubeConfig> {
  const library = await import('@kubernetes/client-node');
  const config = new library.KubeConfig();
  if (source.inCluster === true) config.loadFromCluster();
  else if (source.kubeconfig !== undefined) await mergeFiles(config, source.kubeconfig, () => new library.KubeConfig());
  else throw new LynqFailure('ClusterUnreachable', 'Neither a kubeconfig nor the in-cluster account was asked for.');
  if (source.context !== undefined) config.setCurrentContext(source.context);
  requireContext(config, source);
  return config;
}

async function mergeFiles(config: KubeConfig, paths: string, empty: () => KubeConfig): Promise<void> {
  for (const file of paths.split(delimiter).filter((path) => path !== '')) {
    const one = empty();
    try {
      one.loadFromFile(file, { onInvalidEntry: 'filter' });
      await adoptTokenFiles(one, file);
    } catch (error) {
      const code = errorCode(error);
      throw new LynqFailure('ClusterUnreachable', `The kubeconfig ${file} cannot be read (${code}).`, { file, code });
    }
    mergeOne(config, one);
  }
}

function mergeOne(config: KubeConfig, one: KubeConfig): void {
  config.clusters.push(...one.clusters.filter((entry) => !config.getCluster(entry.name)));
  config.users.push(...one.users.filter((entry) => !config.getUser(entry.name)));
  config.contexts.push(...one.contexts.filter((entry) => !config.getContextObject(entry.name)));
  if (!config.getCurrentContext()) config.setCurrentContext(one.getCurrentContext());
}

/**
 * The library ignores `tokenFile` of a user (it looks for `token-file`) and would read such a file once. As an auth provider the file is
 * read again every minute, which is how a projected token is rotated.
 */
async function adoptTokenFiles(config: KubeConfig, file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  if (!text.includes('tokenFile')) return;
  const { parse } = await import('yaml');
  const raw = parse(text) as { users?: readonly { name?: string; user?: { tokenFile?: unknown } }[] };
  for (const entry of raw.users ?? []) {
    const tokenFile = entry.user?.tokenFile;
    const index = config.users.findIndex((user) => user.name === entry.name);
    const user = config.users[index];
    if (typeof tokenFile !== 'string' || user === undefined || user.token) continue;
    const adopted: User = {
      ...user,
      authProvider: { name: 'tokenFile', config: { tokenFile: resolve(dirname(file), tokenFile) } },
    };
    config.users.splice(index, 1, adopted);
  }
}

function requireContext(config: KubeConfig, source: KubeconfigSource): void {
  const context = config.getCurrentContext() ?? '';
  const server = config.getCurrentCluster()?.server;
  if (server !== undefined && URL.canParse(server)) return;
  throw new LynqFailure(
    'ClusterUnreachable',
    source.inCluster === true
      ? 'This process does not run in a pod: the address of the API server is not in its environment.'
      : `The context "${context}" of the kubeconfig does not name a cluster with a server.`,
    { context },
  );
}

/** Code of a Node or library error, or its class; its message may hold content and is not used. */
export function errorCode(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.name;
}
