import { at, isJsonObject, type JsonObject, listAt, numberAt, textAt } from '../api/json.ts';
import { progressing, type Readiness, ready } from './types.ts';

export interface ObservedCondition {
  readonly status: string;
  readonly reason: string;
}

/** The condition of a type; only its machine-readable parts, since messages may quote values. */
export function findCondition(object: JsonObject, type: string): ObservedCondition | undefined {
  const found = listAt(object, 'status', 'conditions').find((item) => textAt(item, 'type') === type);
  if (!isJsonObject(found)) return undefined;
  return { status: textAt(found, 'status') ?? 'Unknown', reason: textAt(found, 'reason') ?? '' };
}

/**
 * Kinds without a rule of their own, by the kstatus conventions: generation observed, not Stalled, not Reconciling, Ready where it exists.
 * An object without any condition is ready: there is nothing to wait for (parity 5.5).
 */
export function evaluateByConditions(object: JsonObject): Readiness {
  const generation = numberAt(object, 'metadata', 'generation');
  const observed = numberAt(object, 'status', 'observedGeneration');
  if (generation !== undefined && observed !== undefined && observed < generation) {
    return progressing('NotObserved', 'the controller has not seen the last change yet');
  }
  if (findCondition(object, 'Stalled')?.status === 'True') {
    return { state: 'failed', reason: 'Stalled', message: 'condition Stalled is True' };
  }
  if (findCondition(object, 'Reconciling')?.status === 'True') {
    return progressing('Reconciling', 'condition Reconciling is True');
  }
  const readyCondition = findCondition(object, 'Ready');
  if (readyCondition === undefined || readyCondition.status === 'True') return ready;
  return progressing(readyCondition.reason || 'NotReady', `condition Ready is ${readyCondition.status}`);
}

/** Whether a list at `status.loadBalancer.ingress` has an entry. */
export function hasLoadBalancer(object: JsonObject): boolean {
  return listAt(at(object, 'status', 'loadBalancer'), 'ingress').length > 0;
}
