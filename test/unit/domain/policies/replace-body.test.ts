import { describe, expect, it } from 'vitest';
import { at, type JsonObject } from '../../../../domain/api/json.ts';
import { replaceBody } from '../../../../domain/policies/replace-body.ts';

const entry = (manager: string, operation: string, fieldsV1: JsonObject, subresource?: string): JsonObject => ({
  manager,
  operation,
  apiVersion: 'v1',
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...(subresource === undefined ? {} : { subresource }),
});
const identity = { uid: 'u', resourceVersion: '7' };

describe('domain/policies/replace-body', () => {
  it('is the object of the form for exactly the live object, and drops what the form does not name', () => {
    const live = { data: { theirs: 'x' }, metadata: { ...identity, labels: { theirs: 'x' } } };
    const body = { data: { a: '1' }, metadata: { name: 'n' } };
    expect(JSON.parse(JSON.stringify(replaceBody(body, live)))).toEqual({
      data: { a: '1' },
      metadata: { name: 'n', ...identity },
    });
  });

  it.each<[string, JsonObject, JsonObject, readonly string[], unknown]>([
    [
      'the address of a Service',
      { apiVersion: 'v1', kind: 'Service', spec: {} },
      { spec: { clusterIP: '10.0.0.1' } },
      ['spec', 'clusterIP'],
      '10.0.0.1',
    ],
    [
      'the volume of a claim',
      { apiVersion: 'v1', kind: 'PersistentVolumeClaim', spec: {} },
      { spec: { volumeName: 'v' } },
      ['spec', 'volumeName'],
      'v',
    ],
    [
      'the machine of a Pod',
      { apiVersion: 'v1', kind: 'Pod', spec: {} },
      { spec: { nodeName: 'm' } },
      ['spec', 'nodeName'],
      'm',
    ],
    [
      'the selector of a Job',
      { apiVersion: 'batch/v1', kind: 'Job', spec: {} },
      { spec: { selector: { a: 'b' } } },
      ['spec', 'selector'],
      { a: 'b' },
    ],
    [
      'the labels the server gave to the pods of a Job',
      { apiVersion: 'batch/v1', kind: 'Job', spec: { template: { metadata: { labels: { app: 'x' } } } } },
      { spec: { template: { metadata: { labels: { 'batch.kubernetes.io/job-name': 'j', old: 'y' } } } } },
      ['spec', 'template', 'metadata', 'labels'],
      { app: 'x', 'batch.kubernetes.io/job-name': 'j' },
    ],
    ['status', { apiVersion: 'example.com/v1', kind: 'Thing' }, { status: { phase: 'Up' } }, ['status', 'phase'], 'Up'],
  ])('keeps %s', (_what, body, live, path, expected) => {
    expect(at(replaceBody({ ...body, metadata: {} }, { ...live, metadata: identity }), ...path)).toEqual(expected);
  });

  it('does not keep the address of a Service that becomes an alias, nor what the form itself names', () => {
    const live = { spec: { clusterIP: '10.0.0.1' }, metadata: identity };
    const service = (spec: JsonObject) => replaceBody({ apiVersion: 'v1', kind: 'Service', spec, metadata: {} }, live);
    expect(at(service({ type: 'ExternalName' }), 'spec', 'clusterIP')).toBeUndefined();
    expect(at(service({ clusterIP: 'None' }), 'spec', 'clusterIP')).toBe('None');
  });

  it('keeps finalizers and the owners of others', () => {
    const other = { kind: 'ConfigMap', apiVersion: 'v1', uid: 'o' };
    const former = { kind: 'LynqNode', apiVersion: 'operator.lynq.sh/v1', uid: 'n' };
    const live = { metadata: { ...identity, finalizers: ['a/b'], ownerReferences: [other, former] } };
    const { metadata } = replaceBody({ metadata: {} }, live) as { metadata: JsonObject };
    expect([metadata['finalizers'], metadata['ownerReferences']]).toEqual([['a/b'], [other]]);
  });

  it('keeps what an autoscaler or another applier holds and the form does not name, and nothing that was edited', () => {
    const live = {
      spec: { replicas: 5, paused: true },
      metadata: {
        ...identity,
        labels: { team: 'x', edited: 'y' },
        managedFields: [
          entry('hpa', 'Update', { 'f:spec': { 'f:replicas': {} } }, 'scale'),
          entry('team', 'Apply', { 'f:metadata': { 'f:labels': { 'f:team': {} } } }),
          entry('kubectl-edit', 'Update', {
            'f:spec': { 'f:paused': {} },
            'f:metadata': { 'f:labels': { 'f:edited': {} } },
          }),
        ],
      },
    };
    const body = replaceBody({ spec: { a: 1 }, metadata: { labels: { ours: 'z' } } }, live);
    expect(body['spec']).toEqual({ a: 1, replicas: 5 });
    expect(at(body, 'metadata', 'labels')).toEqual({ ours: 'z', team: 'x' });
  });

  it('keeps annotations of the system that we did not write', () => {
    const annotations = {
      'pv.kubernetes.io/bind-completed': 'yes',
      'nginx.ingress.kubernetes.io/rewrite': '/',
      note: 'x',
    };
    const own = { 'f:metadata': { 'f:annotations': { 'f:nginx.ingress.kubernetes.io/rewrite': {} } } };
    const live = { metadata: { ...identity, annotations, managedFields: [entry('lynq-operator', 'Update', own)] } };
    expect(at(replaceBody({ metadata: {} }, live), 'metadata', 'annotations')).toEqual({
      'pv.kubernetes.io/bind-completed': 'yes',
    });
  });
});
