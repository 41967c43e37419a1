import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { mergeBody, mergeType } from '../../../../domain/policies/merge-body.ts';

const node = (uid: string): JsonObject => ({ apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', name: 'n', uid });
const other: JsonObject = { apiVersion: 'v1', kind: 'ConfigMap', name: 'c', uid: 'other' };
const owned = (...ownerReferences: readonly JsonObject[]): JsonObject => ({ metadata: { ownerReferences } });
const ownersOf = (body: JsonObject, live: JsonObject, type: 'strategic' | 'merge') =>
  (mergeBody(body, live, type)['metadata'] as JsonObject)['ownerReferences'];

describe('domain/policies/merge-body', () => {
  it.each([
    ['v1', 'strategic'],
    ['apps/v1', 'strategic'],
    ['autoscaling/v2', 'strategic'],
    ['apiextensions.k8s.io/v1', 'merge'],
    ['example.com/v1', 'merge'],
    ['cert-manager.io/v1', 'merge'],
  ])('patches kinds of %s by %s', (apiVersion, type) => {
    expect(mergeType({ apiVersion })).toBe(type);
  });

  it('takes off our own labels and annotations that the form does not ask for any more, and no others', () => {
    const live = {
      metadata: {
        labels: { 'lynq.sh/orphaned': 'true', theirs: 'x' },
        annotations: { 'lynq.sh/created-once': 'true', 'lynq.sh/apply-start-time': 't', dropped: 'x' },
      },
    };
    const body = { data: { a: '1' }, metadata: { labels: { 'lynq.sh/node': 'n' }, annotations: { mine: 'x' } } };
    expect(mergeBody(body, live, 'merge')).toEqual({
      data: { a: '1' },
      metadata: {
        labels: { 'lynq.sh/node': 'n', 'lynq.sh/orphaned': null },
        annotations: { mine: 'x', 'lynq.sh/created-once': null, 'lynq.sh/apply-start-time': null },
      },
    });
  });

  it('gives up our ownership when the form retains the object, and leaves that of others', () => {
    const live = owned(other, node('n1'));
    expect(ownersOf({}, live, 'merge')).toEqual([other]);
    expect(ownersOf({}, owned(node('n1')), 'merge')).toBeNull();
    expect(ownersOf({}, live, 'strategic')).toEqual([{ $patch: 'delete', uid: 'n1' }]);
  });

  it('adds our ownership to that of others', () => {
    expect(ownersOf(owned(node('n1')), owned(other), 'merge')).toEqual([other, node('n1')]);
    expect(ownersOf(owned(node('n1')), owned(other), 'strategic')).toEqual([node('n1')]);
  });

  it('says nothing of owners that are right', () => {
    expect(ownersOf(owned(node('n1')), owned(node('n1')), 'merge')).toBeUndefined();
    expect(ownersOf({}, owned(other), 'strategic')).toBeUndefined();
  });
});
