import { type JsonObject, numberAt, textAt } from '../api/json.ts';
import { findCondition } from './conditions.ts';
import { progressing, type Readiness, ready } from './types.ts';

/** Deployment, StatefulSet, DaemonSet (parity 5.5 with the corrections of decisions.md section 5: zero is ready once observed). */

function unobserved(object: JsonObject): Readiness | undefined {
  const generation = numberAt(object, 'metadata', 'generation') ?? 0;
  const observed = numberAt(object, 'status', 'observedGeneration') ?? 0;
  return observed >= generation
    ? undefined
    : progressing('NotObserved', 'the controller has not seen the last change yet');
}

const statusCount = (object: JsonObject, field: string): number => numberAt(object, 'status', field) ?? 0;

export function evaluateDeployment(object: JsonObject): Readiness {
  const waiting = unobserved(object);
  if (waiting) return waiting;
  const stalled = findCondition(object, 'Progressing');
  if (stalled?.status === 'False' && stalled.reason === 'ProgressDeadlineExceeded') {
    return {
      state: 'failed',
      reason: 'ProgressDeadlineExceeded',
      message: 'the rollout exceeded its progress deadline',
    };
  }
  const desired = numberAt(object, 'spec', 'replicas') ?? 1;
  const updated = statusCount(object, 'updatedReplicas');
  const total = statusCount(object, 'replicas');
  const available = statusCount(object, 'availableReplicas');
  if (updated < desired) return progressing('RolloutInProgress', `${updated} of ${desired} replicas updated`);
  if (total > updated) return progressing('RolloutInProgress', `${total - updated} old replicas to be removed`);
  if (available < desired) return progressing('ReplicasUnavailable', `${available} of ${desired} replicas available`);
  return ready;
}

export function evaluateStatefulSet(object: JsonObject): Readiness {
  const waiting = unobserved(object);
  if (waiting) return waiting;
  const desired = numberAt(object, 'spec', 'replicas') ?? 1;
  const partition = numberAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  const toUpdate = onDelete ? 0 : Math.max(0, desired - partition);
  const readyReplicas = statusCount(object, 'readyReplicas');
  const updated = statusCount(object, 'updatedReplicas');
  if (readyReplicas < desired) return progressing('ReplicasNotReady', `${readyReplicas} of ${desired} replicas ready`);
  if (statusCount(object, 'replicas') > desired)
    return progressing('ScalingDown', 'replicas beyond the desired number remain');
  if (updated < toUpdate) return progressing('RolloutInProgress', `${updated} of ${toUpdate} replicas updated`);
  return ready;
}

export function evaluateDaemonSet(object: JsonObject): Readiness {
  const waiting = unobserved(object);
  if (waiting) return waiting;
  const desired = statusCount(object, 'desiredNumberScheduled');
  const updated = statusCount(object, 'updatedNumberScheduled');
  const available = statusCount(object, 'numberAvailable');
  if (updated < desired) return progressing('RolloutInProgress', `${updated} of ${desired} pods updated`);
  if (available < desired) return progressing('PodsUnavailable', `${available} of ${desired} pods available`);
  return ready;
}
