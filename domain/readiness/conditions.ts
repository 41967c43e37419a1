import { at, isJsonObject, type JsonObject, listAt, numberAt, textAt } from '../api/json.ts';
import { progressing, type Readiness, ready } from './types.ts';

export interface ObservedCondition {
  readonly status: string;
  readonly reason: string;
  /** Generation it was set for, where the controller says so. */
  readonly observedGeneration?: number;
}

/** The condition of a type; only its machine-readable parts, since messages may quote values. */
export function findCondition(object: JsonObject, type: string): ObservedCondition | undefined {
  const found = listAt(object, 'status', 'conditions').find((item) => textAt(item, 'type') === type);
  if (!isJsonObject(found)) return undefined;
  const observedGeneration = numberAt(found, 'observedGeneration');
  return {
    status: textAt(found, 'status') ?? 'Unknown',
    reason: textAt(found, 'reason') ?? '',
    ...(observedGeneration === undefined ? {} : { observedGeneration }),
  };
}

/** Not ready as long as a controller that says which generation it has seen has not seen this one: what it reports is about an older object. */
export function unobserved(object: JsonObject, observed: number | undefined): Readiness | undefined {
  const generation = numberAt(object, 'metadata', 'generation');
  if (generation === undefined || observed === undefined || observed >= generation) return undefined;
  return progressing('NotObserved', 'the controller has not seen the last change yet');
}

/**
 * Kinds without a rule of their own, by the kstatus conventions: generation observed, not Stalled, not Reconciling, Ready where it exists.
 * An object without any condition is ready: there is nothing to wait for (parity 5.5).
 */
export function evaluateByConditions(object: JsonObject): Readiness {
  const waiting = unobserved(object, numberAt(object, 'status', 'observedGeneration'));
  if (waiting) return waiting;
  if (findCondition(object, 'Stalled')?.status === 'True') {
    return { state: 'failed', reason: 'Stalled', message: 'condition Stalled is True' };
  }
  if (findCondition(object, 'Reconciling')?.status === 'True') {
    return progressing('Reconciling', 'condition Reconciling is True');
  }
  const readyCondition = findCondition(object, 'Ready');
  if (readyCondition === undefined) return ready;
  if (readyCondition.status === 'True') return unobserved(object, readyCondition.observedGeneration) ?? ready;
  return progressing(readyCondition.reason || 'NotReady', `condition Ready is ${readyCondition.status}`);
}

/** Whether a list at `status.loadBalancer.ingress` has an entry. */
export function hasLoadBalancer(object: JsonObject): boolean {
  return listAt(at(object, 'status', 'loadBalancer'), 'ingress').length > 0;
}
