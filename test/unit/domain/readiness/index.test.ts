import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Json, JsonObject } from '../../../../domain/api/json.ts';
import { textAt } from '../../../../domain/api/json.ts';
import { evaluateReadiness, groupKind, readinessRules } from '../../../../domain/readiness/index.ts';
import { json } from '../../../support/builders/arbitraries.ts';

const folder = new URL('../../../fixtures/readiness/', import.meta.url);
const files = readdirSync(folder).toSorted();
const fixture = (file: string): JsonObject => parse(readFileSync(new URL(file, folder), 'utf8')) as JsonObject;

/** Verdict of each fixture by parity 5.5, with the corrections of decisions.md section 5 and the kstatus conventions for other kinds. */
const verdicts: Readonly<Record<string, 'ready' | 'progressing' | 'failed' | 'satisfies'>> = {
  'api-service-available': 'ready',
  'api-service-unavailable': 'progressing',
  'autoscaler-able-to-scale': 'ready',
  'autoscaler-not-able-to-scale': 'progressing',
  'autoscaler-without-status': 'progressing',
  'claim-bound': 'ready',
  'claim-lost': 'failed',
  'claim-terminating': 'progressing',
  'claim-waiting-for-first-consumer': 'satisfies',
  'config-map-existing': 'ready',
  'config-map-terminating': 'progressing',
  'cron-job-existing': 'ready',
  'cron-job-terminating': 'progressing',
  'custom-kind-established': 'ready',
  'custom-kind-names-taken': 'failed',
  'custom-kind-not-established': 'progressing',
  'custom-not-ready': 'progressing',
  'custom-observed-without-conditions': 'ready',
  'custom-other-conditions-only': 'ready',
  'custom-ready': 'ready',
  'custom-ready-for-an-older-generation': 'progressing',
  'custom-ready-for-this-generation': 'ready',
  'custom-ready-unknown': 'progressing',
  'custom-reconciled': 'ready',
  'custom-reconciling': 'progressing',
  'custom-stalled': 'failed',
  'custom-stalled-but-ready': 'failed',
  'custom-stalled-no-more': 'ready',
  'custom-terminating': 'progressing',
  'custom-unobserved': 'progressing',
  'custom-without-status': 'ready',
  'daemonset-on-every-machine': 'ready',
  'daemonset-on-no-machine': 'ready',
  'daemonset-rolling-out': 'progressing',
  'daemonset-unavailable': 'progressing',
  'daemonset-unobserved': 'progressing',
  'daemonset-updated-by-hand': 'ready',
  'daemonset-without-status': 'progressing',
  'deployment-available': 'ready',
  'deployment-deadline-exceeded': 'failed',
  'deployment-default-replicas': 'ready',
  'deployment-default-replicas-starting': 'progressing',
  'deployment-more-available-than-desired': 'ready',
  'deployment-old-replicas-remain': 'progressing',
  'deployment-rolling-out': 'progressing',
  'deployment-scaled-to-zero': 'ready',
  'deployment-scaled-to-zero-unobserved': 'progressing',
  'deployment-unavailable': 'progressing',
  'deployment-unobserved': 'progressing',
  'deployment-without-status': 'progressing',
  'disruption-budget-existing': 'ready',
  'disruption-budget-terminating': 'progressing',
  'ingress-load-balancer-ready': 'ready',
  'ingress-pending': 'progressing',
  'ingress-with-rules': 'ready',
  'job-complete': 'ready',
  'job-failed': 'failed',
  'job-failed-after-one-success': 'failed',
  'job-one-pod-succeeded': 'ready',
  'job-resumed': 'progressing',
  'job-running': 'progressing',
  'job-suspended': 'progressing',
  'job-without-status': 'progressing',
  'namespace-active': 'ready',
  'namespace-terminating': 'progressing',
  'namespace-without-status': 'progressing',
  'network-policy-existing': 'ready',
  'network-policy-terminating': 'progressing',
  'pod-failed': 'failed',
  'pod-ready': 'ready',
  'pod-starting': 'progressing',
  'pod-succeeded': 'ready',
  'pod-without-status': 'progressing',
  'replicaset-available': 'ready',
  'replicaset-scaling-down': 'progressing',
  'replicaset-starting': 'progressing',
  'replicaset-unobserved': 'progressing',
  'secret-existing': 'ready',
  'secret-terminating': 'progressing',
  'service-account-existing': 'ready',
  'service-account-terminating': 'progressing',
  'service-cluster-ip': 'ready',
  'service-headless': 'ready',
  'service-load-balancer-pending': 'progressing',
  'service-load-balancer-ready': 'ready',
  'statefulset-default-replicas': 'ready',
  'statefulset-ready': 'ready',
  'statefulset-rolling-out': 'progressing',
  'statefulset-scaled-to-zero': 'ready',
  'statefulset-scaling-down': 'progressing',
  'statefulset-starting': 'progressing',
  'statefulset-unobserved': 'progressing',
  'statefulset-without-status': 'progressing',
};

function verdictOf(object: JsonObject): string {
  const readiness = evaluateReadiness(object);
  return readiness.state === 'progressing' && readiness.satisfies ? 'satisfies' : readiness.state;
}

const kindOf = (object: JsonObject): string =>
  groupKind(textAt(object, 'apiVersion') ?? '', textAt(object, 'kind') ?? '');

describe('domain/readiness/index', () => {
  it('has a verdict for every fixture and a fixture for every verdict', () => {
    expect(files).toEqual(
      Object.keys(verdicts)
        .map((name) => `${name}.yaml`)
        .toSorted(),
    );
  });

  it.each(Object.entries(verdicts))('finds %s %s', (name, verdict) => {
    expect(verdictOf(fixture(`${name}.yaml`))).toBe(verdict);
  });

  it.each(Object.keys(readinessRules))('has a ready and a not-ready fixture for the rule of %s', (rule) => {
    const states = files
      .map(fixture)
      .filter((object) => kindOf(object) === rule)
      .map(verdictOf);

    expect(states).toContain('ready');
    expect(states.filter((state) => state !== 'ready')).not.toEqual([]);
  });

  it('has a rule for every kind of parity 5.5, and for those whose conditions have names of their own', () => {
    expect(Object.keys(readinessRules).toSorted()).toEqual([
      '/ConfigMap',
      '/Namespace',
      '/PersistentVolumeClaim',
      '/Pod',
      '/Secret',
      '/Service',
      '/ServiceAccount',
      'apiextensions.k8s.io/CustomResourceDefinition',
      'apiregistration.k8s.io/APIService',
      'apps/DaemonSet',
      'apps/Deployment',
      'apps/ReplicaSet',
      'apps/StatefulSet',
      'autoscaling/HorizontalPodAutoscaler',
      'batch/CronJob',
      'batch/Job',
      'networking.k8s.io/Ingress',
      'networking.k8s.io/NetworkPolicy',
      'policy/PodDisruptionBudget',
    ]);
  });

  it('takes the rule of a kind in whatever version of its group', () => {
    const claim = { ...fixture('job-failed.yaml'), apiVersion: 'batch/v2alpha1' };

    expect(verdictOf(claim)).toBe('failed');
  });

  it('says why an object is not ready, without quoting what the object says in its messages', () => {
    for (const file of files) {
      const object = fixture(file);
      const conditions = [{ type: 'Ready', status: 'False', reason: 'Creating', message: 'password hunter2' }];
      const readiness = evaluateReadiness(
        file.startsWith('custom-not-ready') ? { ...object, status: { conditions } } : object,
      );

      if (readiness.state === 'ready') continue;
      expect(readiness.reason).toMatch(/^[A-Za-z][A-Za-z0-9]*$/);
      expect(readiness.message).not.toBe('');
      expect(readiness.message).not.toContain('hunter2');
    }
  });

  it('gives the reason of a failed job', () => {
    expect(evaluateReadiness(fixture('job-failed.yaml'))).toMatchObject({ reason: 'BackoffLimitExceeded' });
  });

  it('never throws, whatever an object looks like', () => {
    const kinds = [...Object.keys(readinessRules), 'example.org/Database', '/__proto__', '/constructor'];
    fc.assert(
      fc.property(fc.constantFrom(...kinds), json, json, json, (kind, metadata, spec, status) => {
        const [group, name = ''] = kind.split('/');
        const object: Record<string, Json> = {
          apiVersion: group === '' ? 'v1' : `${group}/v1`,
          kind: name,
          metadata,
          spec,
          status,
        };

        expect(['ready', 'progressing', 'failed']).toContain(evaluateReadiness(object).state);
      }),
    );
  });

  it.each(['__proto__', 'constructor', 'toString'])(
    'treats a kind named %s in a group without name as any other kind',
    (kind) => {
      expect(evaluateReadiness({ apiVersion: 'v1', kind, metadata: { name: 'x' } })).toEqual({ state: 'ready' });
    },
  );

  it('never finds an object ready that is being deleted', () => {
    for (const file of files) {
      const object = fixture(file);
      const metadata = { ...(object['metadata'] as JsonObject), deletionTimestamp: '2026-03-01T12:00:00Z' };

      expect(evaluateReadiness({ ...object, metadata })).toMatchObject({ state: 'progressing', reason: 'Terminating' });
    }
  });
});
