import type { Worker } from '@temporalio/worker';
import { apiVersion } from '../../domain/keys.ts';
import type { Cluster } from '../../domain/ports.ts';
import type { Check } from '../../domain/serving.ts';
import type { TemporalAccess } from '../temporal.ts';

export interface CheckedParts {
  readonly worker: Pick<Worker, 'getState'>;
  readonly temporal: Pick<TemporalAccess, 'client' | 'namespace'>;
  readonly cluster: Pick<Cluster, 'get'>;
  /** Namespace of the worker, which its account may read. */
  readonly namespace: string;
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

/** Everything it needs answers: Temporal, the API server, and its watches. */
export function readinessChecks(parts: CheckedParts): readonly Check[] {
  const { worker, temporal, cluster, namespace, failingWatches, listed } = parts;
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
    {
      name: 'apiserver',
      async problem() {
        const signal = AbortSignal.timeout(deadlineMilliseconds);
        const found = await cluster.get({ apiVersion: 'v1', kind: 'Namespace', name: namespace }, signal);
        return found === undefined ? `namespace ${namespace} is not there` : undefined;
      },
    },
    { name: 'watches', problem: () => watchProblem(listed(), failingWatches()) },
  ];
}
