import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../../domain/api/json.ts';
import { hubOf, isEditedByHand, pairOf, restoringPatch } from '../../../domain/node-edits.ts';

const hub = { name: 'customers', uid: 'hub-uid' };
const owner = {
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqHub',
  name: hub.name,
  uid: hub.uid,
  controller: true,
  blockOwnerDeletion: true,
};

interface Edit {
  readonly metadata?: JsonObject;
  readonly spec?: JsonObject;
}

/** The LynqNode of row `acme-eu` and form `web-tier`, with something changed. */
function node({ metadata = {}, spec = {} }: Edit = {}): JsonObject {
  return {
    metadata: {
      name: 'acme-eu-web-tier',
      namespace: 'lynq',
      labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme-eu', team: 'blue' },
      annotations: { 'lynq.sh/hubId': 'customers' },
      finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
      ownerReferences: [owner],
      ...metadata,
    },
    spec: { uid: 'acme-eu', templateRef: 'web-tier', formRevision: 'web-tier-1', ...spec },
  };
}

/** RFC 7386. */
function merged(target: JsonObject, patch: JsonObject): JsonObject {
  const result: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const before = target[key];
    result[key] = isJsonObject(value) && isJsonObject(before) ? merged(before, value) : value;
  }
  return result as JsonObject;
}

const edits: readonly (readonly [string, Edit])[] = [
  ['another row', { spec: { uid: 'other' } }],
  ['no row', { spec: { uid: '' } }],
  ['another form', { spec: { templateRef: 'data-tier' } }],
  ['another row and another form', { spec: { uid: 'x', templateRef: 'y' } }],
  ['another hub in its label', { metadata: { labels: { 'lynq.sh/hub': 'strangers', 'lynq.sh/uid': 'acme-eu' } } }],
  ['no labels', { metadata: { labels: {} } }],
  ['another row in its label', { metadata: { labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'other' } } }],
  ['no finalizer of ours', { metadata: { finalizers: ['example.com/theirs'] } }],
  ['no owner', { metadata: { ownerReferences: [] } }],
];

describe('domain/node-edits', () => {
  it('sees no edit in a node as the sync writes it', () => {
    expect(isEditedByHand(node())).toBe(false);
    expect(pairOf(node())).toEqual({ uid: 'acme-eu', form: 'web-tier' });
  });

  it.each(edits)('knows a node with %s for who it is, and puts it back', (_, edit) => {
    const edited = node(edit);
    expect(isEditedByHand(edited)).toBe(true);
    expect(pairOf(edited)).toEqual({ uid: 'acme-eu', form: 'web-tier' });
    expect(hubOf(edited)).toBe('customers');

    const restored = merged(edited, { ...restoringPatch(edited, hub) });
    expect(isEditedByHand(restored)).toBe(false);
    expect(restored['spec']).toEqual(node()['spec']);
  });

  it.each([
    ['as its spec says', { uid: 'acme.example.com', templateRef: 'web.tier' }],
    ['by the form when its uid was edited', { uid: 'acme', templateRef: 'web.tier' }],
    ['by the label when both were edited', { uid: 'x', templateRef: 'y' }],
  ])('knows a node of a uid with dots %s', (_, spec) => {
    const labels = { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme.example.com' };
    const dotted = node({ metadata: { name: 'acme.example.com-web.tier', labels }, spec });
    expect(pairOf(dotted)).toEqual({ uid: 'acme.example.com', form: 'web.tier' });
  });

  it('keeps what others have put on the node', () => {
    const theirs = { kind: 'Team', name: 'blue', uid: 'team-uid' };
    const edited = node({ metadata: { finalizers: ['example.com/theirs'], ownerReferences: [theirs] } });

    expect(restoringPatch(edited, hub).metadata).toMatchObject({
      finalizers: ['example.com/theirs', 'lynqnode.operator.lynq.sh/finalizer'],
      ownerReferences: [theirs, owner],
    });
  });

  it('leaves a node on its way out to its removal', () => {
    const leaving = { finalizers: [], deletionTimestamp: '2026-03-01T12:00:00Z' };
    expect(isEditedByHand(node({ metadata: leaving }))).toBe(false);
  });

  it('takes the label for the hub of a node without an owner, and completes a name that was cut', () => {
    const long = 'c'.repeat(80);
    const without = (labels: JsonObject, annotations: JsonObject) =>
      hubOf(node({ metadata: { ownerReferences: [], labels, annotations } }));
    expect(without({ 'lynq.sh/hub': 'a' }, {})).toBe('a');
    expect(without({ 'lynq.sh/hub': 'a' }, { 'lynq.sh/hubId': 'b' })).toBe('a');
    expect(without({}, { 'lynq.sh/hubId': long })).toBe(long);
  });
});
