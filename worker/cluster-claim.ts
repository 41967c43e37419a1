import { textAt } from '../domain/api/json.ts';
import { judgeClaim } from '../domain/cluster-claim.ts';
import { clusterKey } from '../domain/keys.ts';
import type { Cluster, Logger } from '../domain/ports.ts';
import type { TemporalAccess } from './temporal.ts';

/** gRPC status codes of a server that does not let this account look at its namespaces, or change them: a managed one, for example. */
const withheld: ReadonlySet<unknown> = new Set([7, 12]);

export interface ClaimParts {
  readonly temporal: Pick<TemporalAccess, 'connection' | 'namespace'>;
  readonly cluster: Pick<Cluster, 'get'>;
  /** Id of a cluster that this one takes the place of. */
  readonly takenOver: string | undefined;
  readonly logger: Logger;
}

/**
 * Marks the Temporal namespace as this cluster's. Where the account may not read or write the mark, a warning says so and the worker goes on.
 *
 * @throws Error with both ids when the namespace bears another cluster's.
 */
export async function claimNamespace(parts: ClaimParts): Promise<void> {
  const { temporal, takenOver, logger } = parts;
  const cluster = await clusterId(parts.cluster);
  const judge = async () => judgeClaim({ cluster, takenOver, bearer: await bearerOf(temporal) });
  try {
    if ((await judge()) === 'take') await mark(temporal, cluster);
    // Of two clusters that find it free at the same time, the second to write has it.
    if ((await judge()) !== 'own') throw refusal(temporal.namespace, cluster, await bearerOf(temporal));
  } catch (error) {
    if (!withheld.has(codeOf(error))) throw error;
    logger.warn('the Temporal namespace cannot be marked as of this cluster: let no other cluster use it', {
      namespace: temporal.namespace,
      cluster,
      error: String(error),
    });
  }
}

async function clusterId(cluster: Pick<Cluster, 'get'>): Promise<string> {
  const found = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' });
  const uid = textAt(found, 'metadata', 'uid');
  if (uid === undefined) throw new Error('the cluster has no namespace kube-system, by whose uid it is known');
  return uid;
}

async function bearerOf({ connection, namespace }: ClaimParts['temporal']): Promise<string | undefined> {
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  return namespaceInfo?.data?.[clusterKey];
}

/** Only what is given is changed; other data stays. */
async function mark({ connection, namespace }: ClaimParts['temporal'], cluster: string): Promise<void> {
  await connection.workflowService.updateNamespace({ namespace, updateInfo: { data: { [clusterKey]: cluster } } });
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

function refusal(namespace: string, cluster: string, bearer: string | undefined): Error {
  return new Error(
    `Temporal namespace ${namespace} belongs to cluster ${bearer}, and this is cluster ${cluster}: the runs of two clusters would be taken for each other. ` +
      `Give this cluster a Temporal namespace of its own (TEMPORAL_NAMESPACE). If the other cluster is gone and this one takes its place, set LYNQ_TAKE_OVER_CLUSTER=${bearer}`,
  );
}
