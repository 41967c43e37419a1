import { type JsonObject, numberAt, textAt } from '../api/json.ts';
import { evaluateByConditions, unobserved } from './conditions.ts';
import {
  evaluateApiService,
  evaluateAutoscaler,
  evaluateClaim,
  evaluateCustomKind,
  evaluateIngress,
  evaluateJob,
  evaluateNamespace,
  evaluateService,
} from './core.ts';
import type { ReadyWhen } from './ready-when.ts';
import { type Readiness, type ReadinessRule, ready } from './types.ts';
import {
  evaluateDaemonSet,
  evaluateDeployment,
  evaluatePod,
  evaluateReplicaSet,
  evaluateStatefulSet,
} from './workloads.ts';

export type { Readiness, ReadinessRule } from './types.ts';

const existing: ReadinessRule = () => ready;

/** Rules by `group/Kind`; the core group is empty. Kinds that are not here follow the condition conventions. */
export const readinessRules: Readonly<Record<string, ReadinessRule>> = {
  '/Namespace': evaluateNamespace,
  '/ConfigMap': existing,
  '/Secret': existing,
  '/ServiceAccount': existing,
  '/Service': evaluateService,
  '/PersistentVolumeClaim': evaluateClaim,
  '/Pod': evaluatePod,
  'apps/Deployment': evaluateDeployment,
  'apps/StatefulSet': evaluateStatefulSet,
  'apps/DaemonSet': evaluateDaemonSet,
  'apps/ReplicaSet': evaluateReplicaSet,
  'batch/Job': evaluateJob,
  'batch/CronJob': existing,
  'policy/PodDisruptionBudget': existing,
  'networking.k8s.io/NetworkPolicy': existing,
  'networking.k8s.io/Ingress': evaluateIngress,
  'autoscaling/HorizontalPodAutoscaler': evaluateAutoscaler,
  'apiextensions.k8s.io/CustomResourceDefinition': evaluateCustomKind,
  'apiregistration.k8s.io/APIService': evaluateApiService,
};

/** `group/Kind` of an apiVersion and kind. */
export function groupKind(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  return `${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`;
}

/**
 * Whether an object is ready, on its way or failed. An object that is being deleted is never ready. A `readyWhen` takes the place of the rule of the
 * kind, but it never makes ready what its controller has not looked at since the last change, and a failure that the kind's rule knows stays one.
 */
export function evaluateReadiness(object: JsonObject, readyWhen?: ReadyWhen): Readiness {
  if (textAt(object, 'metadata', 'deletionTimestamp') !== undefined) {
    return { state: 'progressing', reason: 'Terminating', message: 'the object is being deleted' };
  }
  const rule = readinessRules[groupKind(textAt(object, 'apiVersion') ?? '', textAt(object, 'kind') ?? '')];
  const ofKind = (rule ?? evaluateByConditions)(object);
  if (readyWhen === undefined) return ofKind;
  const waiting = unobserved(object, numberAt(object, 'status', 'observedGeneration'));
  if (waiting !== undefined) return waiting;
  const verdict = readyWhen.evaluate(object);
  return verdict.state !== 'ready' && ofKind.state === 'failed' ? ofKind : verdict;
}
