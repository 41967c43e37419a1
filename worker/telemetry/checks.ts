import type { Worker } from '@temporalio/worker';
import { isLynqFailure } from '../../domain/failures.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { Cluster, ObjectRef } from '../../domain/ports.ts';
import type { Check } from '../../domain/serving.ts';
import type { TemporalAccess } from '../temporal.ts';

export interface CheckedParts {
  readonly worker: Pick<Worker, 'getState'>;
  readonly temporal: Pick<TemporalAccess, 'client' | 'namespace'>;
  readonly cluster: Pick<Cluster, 'get'>;
  /** Of the installation: the one object that every worker may read, whichever kinds are taken away from forms or whoever writes them. */
  readonly lease: ObjectRef;
  readonly failingWatches: () => ReadonlyMap<string, number>;
  /** Whether the first complete lists have been seen. */
  readonly listed: () => boolean;
}

const deadlineMilliseconds = 2_500;
/** A watch that is cut now and then is no fault. */
const failuresThatCount = 3;
const ownKinds = ['LynqHub', 'LynqForm', 'LynqNode'].map((kind) => `${apiVersion}/${kind}`);

export function watchProblem(listed: boolean, failing: ReadonlyMap<string, number>): string | undefined {
  if (!listed) return 'the first complete lists are not there yet';
  const bad = ownKinds.filter((kind) => (failing.get(kind) ?? 0) >= failuresThatCount);
  return bad.length === 0 ? undefined : `no list or watch of ${bad.join(', ')}`;
}

/** The process does its work; when not, it is to be started again. */
export function livenessChecks({ worker }: Pick<CheckedParts, 'worker'>): readonly Check[] {
  const problem = () => {
    const state = worker.getState();
    return state === 'FAILED' || state === 'STOPPED' ? `worker is ${state}` : undefined;
  };
  return [{ name: 'worker', problem }];
}

/** Whether there is a Lease does not matter: the API server has answered. */
async function apiServerProblem({ cluster, lease }: CheckedParts): Promise<string | undefined> {
  try {
    await cluster.get(lease, AbortSignal.timeout(deadlineMilliseconds));
    return undefined;
  } catch (error) {
    // A message of ours quotes nothing of the server, and says more than the class of the error.
    if (isLynqFailure(error)) return error.message;
    throw error;
  }
}

/** Everything it needs answers: Temporal, the API server, and its watches. */
export function readinessChecks(parts: CheckedParts): readonly Check[] {
  const { worker, temporal, failingWatches, listed } = parts;
  const { connection } = temporal.client;
  return [
    {
      name: 'worker',
      problem: () => (worker.getState() === 'RUNNING' ? undefined : `worker is ${worker.getState()}`),
    },
    {
      name: 'temporal',
      async problem() {
        await connection.withDeadline(Date.now() + deadlineMilliseconds, () =>
          connection.workflowService.describeNamespace({ namespace: temporal.namespace }),
        );
        return undefined;
      },
    },
    { name: 'apiserver', problem: () => apiServerProblem(parts) },
    { name: 'watches', problem: () => watchProblem(listed(), failingWatches()) },
  ];
}
