import { isLynqFailure, LynqFailure } from '../domain/failures.ts';
import type { Cluster, DeleteResult, WriteResult } from '../domain/ports.ts';

/** The user that a ServiceAccount is to the API server. */
export const serviceAccountUser = (namespace: string, name: string): string =>
  `system:serviceaccount:${namespace}:${name}`;

/**
 * A cluster that is asked in the name of an account which the platform chose for a namespace (reliability S2): whoever writes a form there reaches
 * what that account may reach. What is refused says for whom, since the right may be missing on either side.
 */
export function actingCluster(cluster: Cluster, user: string): Cluster {
  const hint = `as ${user}, which needs the right for it, and whom the worker must be allowed to impersonate`;
  const told = <R extends WriteResult | DeleteResult>(result: R): R =>
    result.kind === 'refused' && result.reason === 'Forbidden'
      ? { ...result, message: `${result.message} (${hint})` }
      : result;
  const failed = (error: unknown): never => {
    if (!isLynqFailure(error) || error.type !== 'ClusterForbidden') throw error;
    throw new LynqFailure('ClusterForbidden', `${error.message} (${hint})`, error.detail);
  };
  return {
    ...cluster,
    get: (ref, signal) => cluster.get(ref, signal).catch(failed),
    list: (kind, options) => cluster.list(kind, options).catch(failed),
    apply: async (ref, body, options) => told(await cluster.apply(ref, body, options)),
    create: async (ref, body, options) => told(await cluster.create(ref, body, options)),
    replace: async (ref, body, options) => told(await cluster.replace(ref, body, options)),
    patch: async (ref, type, body, options) => told(await cluster.patch(ref, type, body, options)),
    delete: async (ref, uid, options) => told(await cluster.delete(ref, uid, options)),
  };
}
