import { type JsonObject, listAt, numberAt, textAt } from '../api/json.ts';
import { findCondition, hasLoadBalancer } from './conditions.ts';
import { progressing, type Readiness, ready } from './types.ts';

/** Namespace, Service, claims, Job, Ingress, autoscaler, and kinds that bring kinds (parity 5.5, decisions.md section 5). */

export function evaluateNamespace(object: JsonObject): Readiness {
  const phase = textAt(object, 'status', 'phase');
  return phase === 'Active' ? ready : progressing('NotActive', `phase is ${phase ?? 'unknown'}`);
}

export function evaluateService(object: JsonObject): Readiness {
  if (textAt(object, 'spec', 'type') !== 'LoadBalancer' || hasLoadBalancer(object)) return ready;
  return progressing('NoLoadBalancer', 'no load balancer address yet');
}

export function evaluateIngress(object: JsonObject): Readiness {
  if (hasLoadBalancer(object) || listAt(object, 'spec', 'rules').length > 0) return ready;
  return progressing('NoLoadBalancer', 'no rules and no load balancer address yet');
}

/**
 * A claim that waits for its first consumer cannot be bound before its dependents run, so it lets them go on (decisions.md section 5). The claim does not
 * say whether its class binds at once, so every unbound one does: a pod waits for its claims by itself.
 */
export function evaluateClaim(object: JsonObject): Readiness {
  const phase = textAt(object, 'status', 'phase');
  if (phase === 'Bound') return ready;
  if (phase === 'Lost') return { state: 'failed', reason: 'Lost', message: 'the claim lost its volume' };
  return { state: 'progressing', reason: 'NotBound', message: `phase is ${phase ?? 'Pending'}`, satisfies: true };
}

export function evaluateJob(object: JsonObject): Readiness {
  if (findCondition(object, 'Complete')?.status === 'True') return ready;
  const failed = findCondition(object, 'Failed');
  if (failed?.status === 'True') {
    return { state: 'failed', reason: failed.reason || 'JobFailed', message: 'the job failed' };
  }
  if (findCondition(object, 'Suspended')?.status === 'True') return progressing('Suspended', 'the job is suspended');
  const succeeded = numberAt(object, 'status', 'succeeded') ?? 0;
  return succeeded > 0 ? ready : progressing('Running', 'no pod has succeeded yet');
}

export function evaluateAutoscaler(object: JsonObject): Readiness {
  const able = findCondition(object, 'AbleToScale');
  return able?.status === 'True'
    ? ready
    : progressing(able?.reason || 'NotAbleToScale', 'condition AbleToScale is not True');
}

/** Objects of the kind cannot be written before its names are accepted and it is served. */
export function evaluateCustomKind(object: JsonObject): Readiness {
  if (findCondition(object, 'NamesAccepted')?.status === 'False') {
    return { state: 'failed', reason: 'NamesNotAccepted', message: 'another kind has one of its names' };
  }
  return findCondition(object, 'Established')?.status === 'True'
    ? ready
    : progressing('NotEstablished', 'the kind is not served yet');
}

export function evaluateApiService(object: JsonObject): Readiness {
  const available = findCondition(object, 'Available');
  return available?.status === 'True'
    ? ready
    : progressing(available?.reason || 'NotAvailable', 'condition Available is not True');
}
