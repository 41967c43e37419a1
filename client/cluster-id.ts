import { textAt } from '../domain/api/json.ts';
import type { Cluster } from '../domain/ports.ts';
import { CommandError } from './errors.ts';

/** What tells a cluster from any other: the uid of kube-system. Undefined where it has no such namespace. */
export async function clusterId(cluster: Cluster): Promise<string | undefined> {
  return textAt(await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }), 'metadata', 'uid');
}

/** @throws CommandError where it cannot be told. */
export async function requireClusterId(cluster: Cluster): Promise<string> {
  const id = await clusterId(cluster);
  if (id === undefined)
    throw new CommandError('the cluster cannot be told from others: it has no namespace kube-system');
  return id;
}
