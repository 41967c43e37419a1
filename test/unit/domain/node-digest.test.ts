import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { refKey } from '../../../domain/child.ts';
import { childDigest, inputHash, nodeDigest } from '../../../domain/node-digest.ts';
import { aConfigMap, aRecord } from '../../support/builders/resources.ts';

const found = {
  'lynq.sh/hostOrUrl': 'https://acme.example',
  'lynq.sh/activate': '1',
  'lynq.sh/extra': '{"plan":"pro"}',
  'lynq.sh/hubId': 'customers',
};

interface Change {
  readonly annotations?: JsonObject;
  readonly labels?: JsonObject;
  readonly metadata?: JsonObject;
  readonly spec?: JsonObject;
  readonly status?: JsonObject;
}

function aNode({ annotations = {}, labels = {}, metadata = {}, spec = {}, status = {} }: Change = {}): JsonObject {
  return {
    apiVersion: 'operator.lynq.sh/v1',
    kind: 'LynqNode',
    metadata: {
      name: 'acme-web',
      namespace: 'tenants',
      uid: 'node-uid-1',
      resourceVersion: '7',
      labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme', ...labels },
      annotations: { ...found, ...annotations },
      ...metadata,
    },
    spec: { uid: 'acme', templateRef: 'web', formRevision: 'web-1', ...spec },
    status,
  };
}

describe('domain/node-digest', () => {
  describe('inputHash', () => {
    it.each<[string, Change]>([
      ['the form revision', { spec: { formRevision: 'web-2' } }],
      ['the pause', { spec: { paused: true } }],
      ['the host', { annotations: { 'lynq.sh/hostOrUrl': 'https://new.example' } }],
      ['the activate text', { annotations: { 'lynq.sh/activate': 'true' } }],
      ['the extra values', { annotations: { 'lynq.sh/extra': '{"plan":"free"}' } }],
      ['overrides', { annotations: { 'lynq.sh/overrides': '{"plan":{"value":"x","base":"pro"}}' } }],
      ['force-reconcile', { annotations: { 'lynq.sh/force-reconcile': '1' } }],
    ])('changes with %s', (_, change) => {
      expect(inputHash(aNode(change))).not.toBe(inputHash(aNode()));
    });

    it.each<[string, Change]>([
      ['a label', { labels: { note: 'x' } }],
      ['a foreign annotation', { annotations: { 'kubectl.kubernetes.io/note': 'x' } }],
      ['the generation of the form', { annotations: { 'lynq.sh/template-generation': '9' } }],
      ['the time of the last write', { annotations: { 'lynq.sh/rollout-update-start': '2026-03-01T12:00:00Z' } }],
      ['the status', { status: { readyResources: 3, observedInput: 'x' } }],
      ['the version', { metadata: { resourceVersion: '8', generation: 4 } }],
    ])('does not change with %s', (_, change) => {
      expect(inputHash(aNode(change))).toBe(inputHash(aNode()));
    });

    it('does not confuse texts that follow each other', () => {
      const one = aNode({ annotations: { 'lynq.sh/hostOrUrl': 'a', 'lynq.sh/activate': '","b' } });
      const other = aNode({ annotations: { 'lynq.sh/hostOrUrl': 'a","', 'lynq.sh/activate': 'b' } });

      expect(inputHash(one)).not.toBe(inputHash(other));
    });
  });

  describe('nodeDigest', () => {
    it('has what identifies a node', () => {
      expect(nodeDigest(aNode())).toMatchObject({
        name: 'acme-web',
        namespace: 'tenants',
        nodeUid: 'node-uid-1',
        resourceVersion: '7',
        hub: 'customers',
        rowUid: 'acme',
        form: 'web',
        revision: 'web-1',
        deleting: false,
        paused: false,
        overridden: false,
        inputHash: inputHash(aNode()),
        observedInput: undefined,
      });
    });

    it('belongs to the hub that its label names', () => {
      expect(nodeDigest(aNode({ annotations: { 'lynq.sh/hubId': 'elsewhere' } })).hub).toBe('customers');
      expect(nodeDigest(aNode({ metadata: { labels: {} } })).hub).toBe('customers');
    });

    it('notices a change of each value of the row, and of nothing else', () => {
      const base = nodeDigest(aNode()).dataHash;

      for (const key of ['lynq.sh/hostOrUrl', 'lynq.sh/activate', 'lynq.sh/extra'])
        expect(nodeDigest(aNode({ annotations: { [key]: 'changed' } })).dataHash).not.toBe(base);
      expect(nodeDigest(aNode({ annotations: { 'lynq.sh/overrides': '{}', other: 'x' } })).dataHash).toBe(base);
    });

    it.each<[string, Change, JsonObject]>([
      ['being deleted', { metadata: { deletionTimestamp: '2026-03-01T12:00:00Z' } }, { deleting: true }],
      ['paused', { spec: { paused: true } }, { paused: true }],
      ['overridden', { annotations: { 'lynq.sh/overrides': '{}' } }, { overridden: true }],
      ['ready', { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, { ready: true, failed: false }],
      [
        'failed',
        { status: { failedResources: 1, conditions: [{ type: 'Ready', status: 'False' }] } },
        { ready: false, failed: true },
      ],
      ['without status', {}, { ready: false, failed: false }],
      ['of the last input', { status: { observedInput: 'hash' } }, { observedInput: 'hash' }],
    ])('knows a node that is %s', (_, change, expected) => {
      expect(nodeDigest(aNode(change))).toMatchObject(expected);
    });

    it('knows each recorded object by its coordinates, with the state of its entry', () => {
      const record = { ...aRecord('settings', { baseline: 'owned-1' }) };
      const status = { inventory: [record], resources: [{ id: 'settings', state: 'Progressing' }] };

      expect(nodeDigest(aNode({ status })).children).toEqual(
        new Map([
          [
            refKey(record),
            {
              uid: 'settings-uid',
              apiVersion: 'v1',
              namespace: 'tenants',
              state: 'Progressing',
              drifted: false,
              baseline: 'owned-1',
              readyWhen: false,
              once: false,
            },
          ],
        ]),
      );
    });

    it('survives an object of any shape', () => {
      for (const object of [
        {},
        { metadata: null, spec: [], status: 'x' },
        { status: { inventory: [null], resources: 7, conditions: {} } },
      ])
        expect(nodeDigest(object as JsonObject)).toMatchObject({ name: '', ready: false });
    });
  });

  describe('childDigest', () => {
    const managedFields = [{ manager: 'lynq-operator', operation: 'Apply', fieldsV1: { 'f:data': { 'f:key': {} } } }];
    const metadata = {
      uid: 'live-uid',
      resourceVersion: '7',
      managedFields,
      annotations: { 'lynq.sh/applied-hash': 'hash-1' },
    };

    it('keeps what a pass decides from', () => {
      expect(childDigest(aConfigMap('x', { metadata }))).toEqual({
        uid: 'live-uid',
        resourceVersion: '7',
        deleting: false,
        readiness: { state: 'ready' },
        appliedHash: 'hash-1',
        ownedHash: expect.stringMatching(/^[0-9a-f]{32}$/),
        movable: false,
        untracked: true,
      });
      const tracked = { ...metadata, labels: { 'lynq.sh/node': 'acme-web' } };
      expect(childDigest(aConfigMap('x', { metadata: tracked }))).not.toHaveProperty('untracked');
      const owner = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', name: 'acme-web', uid: 'n' };
      const owned = { ...metadata, ownerReferences: [owner] };
      expect(childDigest(aConfigMap('x', { metadata: owned }))).toHaveProperty('owned', true);
      const elsewhere = { ...metadata, ownerReferences: [{ ...owner, apiVersion: 'apps/v1', kind: 'Deployment' }] };
      expect(childDigest(aConfigMap('x', { metadata: elsewhere }))).not.toHaveProperty('owned');
    });

    it('knows an object that is being deleted and one that we never wrote', () => {
      const digest = childDigest(
        aConfigMap('x', { metadata: { uid: 'u', deletionTimestamp: '2026-03-01T12:00:00Z' } }),
      );

      expect(digest).toMatchObject({
        deleting: true,
        readiness: { state: 'progressing' },
        appliedHash: undefined,
        ownedHash: undefined,
      });
    });
  });
});
