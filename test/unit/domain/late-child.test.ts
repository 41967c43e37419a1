import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { isLateChild, standsAgain } from '../../../domain/late-child.ts';

const node = { namespace: 'lynq', name: 'acme-web' };
const managedFields = [{ manager: 'lynq-operator', operation: 'Apply', fieldsType: 'FieldsV1', fieldsV1: {} }];

function child(
  change: { labels?: JsonObject; annotations?: JsonObject; managedFields?: JsonObject[] } = {},
): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: 'acme-settings',
      namespace: 'tenants',
      uid: 'new',
      labels: { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': 'lynq', ...change.labels },
      annotations: { 'lynq.sh/deletion-policy': 'Delete', ...change.annotations },
      managedFields: change.managedFields ?? managedFields,
    },
  };
}

describe('domain/late-child', () => {
  it('is an object with our marks for that node that we wrote', () => {
    expect(isLateChild(child(), node)).toBe(true);
  });

  it.each([
    ['of another node', child({ labels: { 'lynq.sh/node': 'other' } })],
    ['of a node of that name elsewhere', child({ labels: { 'lynq.sh/node-namespace': 'elsewhere' } })],
    ['that is to be retained', child({ annotations: { 'lynq.sh/deletion-policy': 'Retain' } })],
    ['whose policy cannot be read', child({ annotations: { 'lynq.sh/deletion-policy': null } })],
    ['with orphan markers', child({ labels: { 'lynq.sh/orphaned': 'true' } })],
    [
      'that someone else wrote, with forged labels',
      child({ managedFields: [{ manager: 'kubectl', operation: 'Update' }] }),
    ],
  ])('is no object %s', (_, object) => {
    expect(isLateChild(object, node)).toBe(false);
  });

  it('stands where the record has another uid or none, never where there is no record', () => {
    const left = new Map([
      ['known', { uid: 'old' }],
      ['never answered', { uid: undefined }],
    ]);
    const removed = { ...node, left };
    const cases = [
      ['known', 'old'],
      ['known', 'new'],
      ['never answered', 'new'],
      ['unrecorded', 'new'],
    ] as const;
    expect(cases.map(([key, uid]) => standsAgain(removed, key, uid))).toEqual([false, true, true, false]);
  });
});
