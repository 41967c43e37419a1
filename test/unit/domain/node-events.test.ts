import { describe, expect, it } from 'vitest';
import type { LynqNodeStatus, ResourceState, ResourceStatus } from '../../../domain/api/node.ts';
import {
  endsPass,
  type EventEntry,
  nodeEvents,
  type NodeTransition,
  renderFailure,
} from '../../../domain/node-events.ts';

const noon = '2026-03-01T12:00:00.000Z';
const identity = {
  namespace: 'lynq',
  name: 'acme-web',
  nodeUid: 'node-uid',
  hub: 'customers',
  form: 'web',
  uid: 'acme',
};

function entry(id: string, change: Partial<EventEntry> = {}): EventEntry {
  return {
    id,
    list: 'configMaps',
    namespace: 'lynq',
    conflictPolicy: 'Stuck',
    dependIds: [],
    skipOnDependencyFailure: true,
    timeoutSeconds: 300,
    retainedBecause: undefined,
    neededElsewhere: false,
    staysHere: false,
    ...change,
  };
}

function resource(id: string, state: ResourceState, change: Partial<ResourceStatus> = {}): ResourceStatus {
  return { id, kind: 'ConfigMap', name: `acme-${id}`, state, since: noon, ...change };
}

function status(resources: readonly ResourceStatus[], change: Partial<LynqNodeStatus> = {}): LynqNodeStatus {
  return { resources: [...resources], observedInput: 'input-1', ...change };
}

function transition(change: Partial<NodeTransition>): NodeTransition {
  return {
    identity,
    generation: '3',
    before: status([]),
    after: status([]),
    entries: [entry('a'), entry('b', { dependIds: ['a'] })],
    changed: 0,
    ...change,
  };
}

const told = (change: Partial<NodeTransition>): readonly string[] =>
  nodeEvents(transition(change)).map(({ type, reason, message }) => `${type} ${reason}: ${message}`);

describe('domain/node-events', () => {
  const troubles: readonly (readonly [ResourceStatus, string])[] = [
    [
      resource('a', 'Failed', { reason: 'TemplateRenderError', message: 'spec.data: no such key' }),
      'Warning TemplateRenderError: Failed to render resource a: spec.data: no such key',
    ],
    [
      resource('a', 'Failed', { reason: 'Invalid', message: 'ConfigMap lynq/acme-a: data (FieldValueInvalid)' }),
      'Warning ApplyFailed: Failed to apply resource a: ConfigMap lynq/acme-a: data (FieldValueInvalid)',
    ],
    [
      resource('a', 'Waiting', { reason: 'QuotaExceeded', message: 'does not fit ResourceQuota q' }),
      'Warning ApplyFailed: Failed to apply resource a: does not fit ResourceQuota q',
    ],
    [
      resource('a', 'Failed', { reason: 'ReadinessTimeout', message: 'not ready after 300 s' }),
      "Warning ReadinessTimeout: Resource 'a' not ready after 5m0s (timeout: 5m0s)",
    ],
    [
      resource('a', 'Failed', { reason: 'BackoffLimitExceeded', message: 'the job failed' }),
      "Warning ResourceFailed: Resource 'a' failed: BackoffLimitExceeded: the job failed",
    ],
    [
      resource('a', 'Conflicted', { reason: 'ResourceConflict', message: 'held by field manager other' }),
      'Warning ResourceConflict: Resource conflict detected for lynq/acme-a (Kind: ConfigMap, Policy: Stuck). Another controller or user may be managing this resource. Consider using ConflictPolicy=Force to take ownership or resolve the conflict manually. Error: held by field manager other',
    ],
  ];

  it.each(troubles)('tells trouble when the status first says it: $reason', (trouble, text) => {
    expect(told({ after: status([trouble]) })).toEqual([text]);
  });

  it.each(troubles)('does not tell it again while the status says the same: $reason', (trouble) => {
    const later = { ...trouble, since: '2026-03-01T13:00:00.000Z' };
    expect(told({ before: status([trouble]), after: status([later]) })).toEqual([]);
  });

  it('tells another problem of the same entry', () => {
    const before = status([resource('a', 'Failed', { reason: 'Invalid', message: 'first' })]);
    const after = status([resource('a', 'Failed', { reason: 'Invalid', message: 'second' })]);
    expect(told({ before, after })).toEqual(['Warning ApplyFailed: Failed to apply resource a: second']);
  });

  it('tells a problem again that had gone meanwhile', () => {
    const trouble = resource('a', 'Failed', { reason: 'Invalid', message: 'first' });
    expect(told({ before: status([resource('a', 'Ready')]), after: status([trouble]) })).toHaveLength(1);
  });

  it('says how long a resource was waited for', () => {
    const before = status([resource('a', 'Progressing')]);
    const failed = resource('a', 'Failed', { reason: 'ReadinessTimeout', since: '2026-03-01T12:01:31.200Z' });
    expect(told({ before, after: status([failed]), entries: [entry('a', { timeoutSeconds: 90 })] })).toEqual([
      "Warning ReadinessTimeout: Resource 'a' not ready after 1m31s (timeout: 1m30s)",
    ]);
  });

  it('names the dependency that a resource is skipped for', () => {
    const failed = resource('a', 'Failed', { reason: 'Invalid', message: 'x' });
    expect(told({ before: status([failed]), after: status([failed, resource('b', 'Skipped')]) })).toEqual([
      "Warning DependencySkipped: Resource 'b' skipped because dependency 'a' failed. Set skipOnDependencyFailure=false to create anyway.",
    ]);
  });

  it('names the dependency that a resource is made in spite of', () => {
    const failed = resource('a', 'Failed', { reason: 'Invalid', message: 'x' });
    const entries = [entry('a'), entry('b', { dependIds: ['a'], skipOnDependencyFailure: false })];
    const after = status([failed, resource('b', 'Ready')]);
    expect(told({ before: status([failed]), after, entries })).toEqual([
      "Warning DependencyFailedButProceeding: Dependency 'a' failed, but creating resource 'b' anyway (skipOnDependencyFailure=false)",
    ]);
    expect(told({ before: after, after, entries })).toEqual([]);
  });

  it.each([
    ['a namespace', resource('a', 'Waiting', { reason: 'MissingNamespace', message: 'x' })],
    ['a dependency', resource('b', 'Waiting', { reason: 'DependencyNotReady', message: 'x' })],
    ['readiness', resource('a', 'Progressing', { reason: 'NotYet', message: 'x' })],
  ])('takes a wait for %s as the ordinary course of a start', (_, waiting) => {
    expect(told({ after: status([waiting]) })).toEqual([]);
  });

  const applying =
    "Normal TemplateResourcesApplying: Applying resources from LynqForm 'web' (generation: 3). Reconciling 2 total resources: 2 ConfigMap(s). Hub: customers, LynqNode UID: acme, Namespace: lynq. Resources will be applied in dependency order with readiness checks.";
  const success =
    "Normal TemplateAppliedSuccess: Successfully applied LynqForm 'web' (generation: 3). All 2 resources reconciled successfully (2 changed, 2 ready). Hub: customers, LynqNode UID: acme, Namespace: lynq. All resources are now in desired state.";
  const ready = status([resource('a', 'Ready'), resource('b', 'Ready')]);

  it('tells the beginning and the end of a pass', () => {
    const begun = status([resource('a', 'Pending'), resource('b', 'Waiting')]);
    expect(told({ before: undefined, after: begun })).toEqual([applying]);
    expect(told({ before: begun, after: ready, changed: 2 })).toEqual([success]);
    expect(told({ before: undefined, after: ready, changed: 2 })).toEqual([applying, success]);
  });

  it('says nothing of a pass that changed nothing', () => {
    const before = { ...ready, observedInput: 'input-0' };
    expect(told({ before, after: ready })).toEqual([]);
    expect(told({ before: ready, after: ready, changed: 2 })).toEqual([]);
  });

  it('says nothing when a pod was away for a moment', () => {
    const before = status([resource('a', 'Ready'), resource('b', 'Progressing')]);
    expect(told({ before, after: ready })).toEqual([]);
  });

  it('counts what failed at the end of a pass', () => {
    const failed = resource('b', 'Failed', { reason: 'Invalid', message: 'x' });
    const change = {
      before: status([failed, resource('a', 'Pending')]),
      after: status([resource('a', 'Ready'), failed]),
    };
    expect(told({ ...change, changed: 1 })).toEqual([
      "Warning TemplateAppliedPartial: Applied LynqForm 'web' (generation: 3) with partial success. Changed: 1, Ready: 1, Failed: 1 out of 2 total resources. Hub: customers, LynqNode UID: acme. Failed resources require attention.",
    ]);
    expect(endsPass(transition({ ...change, changed: 1 }))).toBe(true);
    expect(endsPass(transition({ ...change, changed: 0 }))).toBe(false);
  });

  it('tells once that an entry is retained for another one', () => {
    const inventory = [{ id: 'a', apiVersion: 'v1', kind: 'ConfigMap', name: 'acme-a', policy: 'Retain' as const }];
    const entries = [entry('a', { retainedBecause: 'database' })];
    const after = { ...ready, inventory };
    const text =
      "Normal RetainedAsDependency: Resource 'a' will be retained although its policy is Delete: 'database' is retained and needs it";
    expect(told({ before: ready, after, entries })).toEqual([text]);
    expect(told({ before: after, after, entries })).toEqual([]);
  });

  it('gives the hub the first render problem, once', () => {
    const broken = status([resource('a', 'Failed', { reason: 'TemplateRenderError', message: 'no such key' })]);
    expect(renderFailure(transition({ after: broken }))).toBe('no such key');
    expect(renderFailure(transition({ before: broken, after: broken }))).toBeUndefined();
    expect(renderFailure(transition({ before: broken, after: ready }))).toBeUndefined();
  });
});
