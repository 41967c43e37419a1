import { type JsonObject, textAt } from '../api/json.ts';
import { evaluateByConditions } from './conditions.ts';
import {
  evaluateAutoscaler,
  evaluateClaim,
  evaluateIngress,
  evaluateJob,
  evaluateNamespace,
  evaluateService,
} from './core.ts';
import { type Readiness, type ReadinessRule, ready } from './types.ts';
import { evaluateDaemonSet, evaluateDeployment, evaluateStatefulSet } from './workloads.ts';

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
  'apps/Deployment': evaluateDeployment,
  'apps/StatefulSet': evaluateStatefulSet,
  'apps/DaemonSet': evaluateDaemonSet,
  'batch/Job': evaluateJob,
  'batch/CronJob': existing,
  'policy/PodDisruptionBudget': existing,
  'networking.k8s.io/NetworkPolicy': existing,
  'networking.k8s.io/Ingress': evaluateIngress,
  'autoscaling/HorizontalPodAutoscaler': evaluateAutoscaler,
};

/** `group/Kind` of an apiVersion and kind. */
export function groupKind(apiVersion: string, kind: string): string {
  const slash = apiVersion.indexOf('/');
  return `${slash < 0 ? '' : apiVersion.slice(0, slash)}/${kind}`;
}

/** Whether an object is ready, on its way or failed. An object that is being deleted is never ready. */
export function evaluateReadiness(object: JsonObject): Readiness {
  if (textAt(object, 'metadata', 'deletionTimestamp') !== undefined) {
    return { state: 'progressing', reason: 'Terminating', message: 'the object is being deleted' };
  }
  const rule = readinessRules[groupKind(textAt(object, 'apiVersion') ?? '', textAt(object, 'kind') ?? '')];
  return (rule ?? evaluateByConditions)(object);
}
