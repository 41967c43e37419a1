/**
 * One Temporal namespace per cluster (decisions.md section 6): runs are named after namespaces and hubs, so the runs of two clusters in one Temporal
 * namespace would be taken for each other. A cluster is known by the uid of its namespace `kube-system`, which a restore does not bring back.
 */
export interface ClaimFacts {
  /** Of the cluster the worker works in. */
  readonly cluster: string;
  /** Id that the Temporal namespace bears. */
  readonly bearer: string | undefined;
  /** The cluster that this one takes the place of, as the operator says. */
  readonly takenOver: string | undefined;
}

export type Claim = 'own' | 'take' | 'refuse';

export function judgeClaim({ cluster, bearer, takenOver }: ClaimFacts): Claim {
  if (bearer === cluster) return 'own';
  return bearer === undefined || bearer === takenOver ? 'take' : 'refuse';
}
