import { type JsonObject, numberAt, textAt } from '../api/json.ts';
import { findCondition, unobserved } from './conditions.ts';
import { progressing, type Readiness, ready } from './types.ts';

/** Deployment, ReplicaSet, StatefulSet, DaemonSet, Pod (parity 5.5 with the corrections of decisions.md section 5: zero is ready once observed). */

/** These controllers always say what they have seen; nothing said means nothing seen. */
const unseen = (object: JsonObject): Readiness | undefined =>
  unobserved(object, numberAt(object, 'status', 'observedGeneration') ?? 0);

const statusCount = (object: JsonObject, field: string): number => numberAt(object, 'status', field) ?? 0;

export function evaluateDeployment(object: JsonObject): Readiness {
  const waiting = unseen(object);
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
  const waiting = unseen(object);
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
  const waiting = unseen(object);
  if (waiting) return waiting;
  const desired = statusCount(object, 'desiredNumberScheduled');
  const updated = statusCount(object, 'updatedNumberScheduled');
  const available = statusCount(object, 'numberAvailable');
  const onDelete = textAt(object, 'spec', 'updateStrategy', 'type') === 'OnDelete';
  if (!onDelete && updated < desired) return progressing('RolloutInProgress', `${updated} of ${desired} pods updated`);
  if (available < desired) return progressing('PodsUnavailable', `${available} of ${desired} pods available`);
  return ready;
}

export function evaluateReplicaSet(object: JsonObject): Readiness {
  const waiting = unseen(object);
  if (waiting) return waiting;
  const desired = numberAt(object, 'spec', 'replicas') ?? 1;
  const available = statusCount(object, 'availableReplicas');
  if (available < desired) return progressing('ReplicasUnavailable', `${available} of ${desired} replicas available`);
  return statusCount(object, 'replicas') > desired
    ? progressing('ScalingDown', 'replicas beyond the desired number remain')
    : ready;
}

/** A pod that ended well did its work; one that ended badly will not start again. */
export function evaluatePod(object: JsonObject): Readiness {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Succeeded') return ready;
  if (phase === 'Failed') return { state: 'failed', reason: 'PodFailed', message: 'the pod failed' };
  const condition = findCondition(object, 'Ready');
  return condition?.status === 'True' ? ready : progressing('PodNotReady', `phase is ${phase ?? 'Pending'}`);
}
