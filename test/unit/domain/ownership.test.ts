import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import { annotations, labels } from '../../../domain/keys.ts';
import { classifyOwnership, orphanedFrom, type Ownership, tracksNode } from '../../../domain/ownership.ts';
import { aConfigMap, anIdentity, aRecord } from '../../support/builders/resources.ts';

const identity = anIdentity();
const tracking = { [labels.node]: 'acme-web', [labels.nodeNamespace]: 'tenants' };
const ours = [{ manager: 'lynq-operator', operation: 'Apply' }];
const controller = (uid: string, name = 'acme-web'): JsonObject => ({ kind: 'LynqNode', name, uid, controller: true });

function liveObject(metadata: JsonObject): JsonObject {
  return aConfigMap('settings', { metadata: { uid: 'live-uid', ...metadata } });
}

function classify(metadata: JsonObject, change: { readonly record?: string; readonly peer?: boolean } = {}): Ownership {
  const record = change.record === undefined ? undefined : aRecord('settings', { uid: change.record });
  return classifyOwnership(liveObject(metadata), identity, record, change.peer ?? false);
}

describe('domain/ownership', () => {
  it('takes an object on record by its uid, whatever its labels, owners and managers say', () => {
    expect(classify({}, { record: 'live-uid' })).toEqual({ kind: 'ours' });
    expect(classify({ labels: { [labels.node]: 'other' } }, { record: 'live-uid' })).toEqual({ kind: 'ours' });
  });

  it('takes an object of the same name with another uid than the record as foreign', () => {
    expect(classify({}, { record: 'former-uid' }).kind).toBe('foreign');
  });

  it('takes a record without uid as no proof', () => {
    const { uid: _, ...intended } = aRecord('settings');

    expect(classifyOwnership(liveObject({}), identity, intended, false).kind).toBe('foreign');
    expect(classifyOwnership(aConfigMap('settings'), identity, intended, false).kind).toBe('foreign');
  });

  it('(a) takes an object whose controller is this node', () => {
    expect(classify({ ownerReferences: [controller(identity.nodeUid)] })).toEqual({ kind: 'ours' });
  });

  it('(a) does not take an object whose controller only has the name of this node', () => {
    expect(classify({ ownerReferences: [controller('former-node-uid')] })).toEqual({
      kind: 'foreign',
      owner: 'LynqNode acme-web',
    });
  });

  it('(a) does not take an object that merely names this node as a further owner', () => {
    const { controller: _, ...plain } = controller(identity.nodeUid);

    expect(classify({ ownerReferences: [plain] }).kind).toBe('foreign');
  });

  it('(b) takes an object with both labels that our field manager, or the one of the Go operator, wrote', () => {
    expect(classify({ labels: tracking, managedFields: ours })).toEqual({ kind: 'ours' });
  });

  it('(b) takes an object with both labels that the status of the Go operator lists', () => {
    expect(classify({ labels: tracking, managedFields: [{ manager: 'Go-http-client' }] }, { peer: true })).toEqual({
      kind: 'ours',
    });
  });

  it('(b) does not take forged labels for a proof', () => {
    expect(classify({ labels: tracking, managedFields: [{ manager: 'kubectl-label' }] })).toEqual({
      kind: 'foreign',
      owner: 'LynqNode tenants/acme-web',
    });
  });

  it.each([
    ['without labels', {}],
    ['with the label of another node', { ...tracking, [labels.node]: 'other-web' }],
    ['with the label of another namespace', { ...tracking, [labels.nodeNamespace]: 'elsewhere' }],
    ['with one label only', { [labels.node]: 'acme-web' }],
  ])('(b) does not take an object %s, although our manager wrote it', (_, found) => {
    expect(classify({ labels: found, managedFields: ours }).kind).toBe('foreign');
    expect(classify({ labels: found }, { peer: true }).kind).toBe('foreign');
  });

  it('(b) does not take an object that has another controller', () => {
    const metadata = { labels: tracking, managedFields: ours, ownerReferences: [controller('other-uid', 'other-web')] };

    expect(classify(metadata)).toEqual({ kind: 'foreign', owner: 'LynqNode other-web' });
    expect(classify(metadata, { peer: true }).kind).toBe('foreign');
  });

  it('(b) knows a long node name by its cut label', () => {
    const long = anIdentity({ name: `${'n'.repeat(80)}-web` });
    const digest = createHash('sha256').update(long.name).digest('hex').slice(0, 10);
    const labelled = (value: string) => liveObject({ labels: { ...tracking, [labels.node]: value } });

    expect(tracksNode(labelled(`${'n'.repeat(52)}-${digest}`), long)).toBe(true);
    expect(tracksNode(labelled(`${'n'.repeat(52)}-0000000000`), long)).toBe(false);
  });

  describe('(c) orphans', () => {
    const marks = (from: string, orphaned: string = 'true'): JsonObject => ({
      labels: { [labels.orphaned]: orphaned },
      annotations: { [annotations.orphanedFrom]: from },
    });

    it('names hub, form and uid of the row as the life an orphan belongs to', () => {
      expect(orphanedFrom(identity)).toBe('customers/web/acme');
    });

    it('takes an orphan of an earlier life of this node back', () => {
      expect(classify(marks('customers/web/acme'))).toEqual({ kind: 'orphan' });
    });

    it('does not take a new life with another node uid for another node', () => {
      const next = anIdentity({ nodeUid: 'node-uid-2' });

      expect(classifyOwnership(liveObject(marks('customers/web/acme')), next, undefined, false)).toEqual({
        kind: 'orphan',
      });
    });

    it.each([
      ['of another row', marks('customers/web/other')],
      ['of another form', marks('customers/api/acme')],
      ['of another hub', marks('partners/web/acme')],
      [
        'of a hub of the same name in another namespace',
        {
          ...marks('customers/web/acme'),
          annotations: {
            [annotations.orphanedFrom]: 'customers/web/acme',
            [annotations.orphanedNamespace]: 'another',
          },
        },
      ],
      ['without the annotation', { labels: { [labels.orphaned]: 'true' } }],
      ['without the label', { annotations: { [annotations.orphanedFrom]: 'customers/web/acme' } }],
      ['with another label value', marks('customers/web/acme', 'false')],
    ])('does not take an orphan %s', (_, metadata) => {
      expect(classify(metadata).kind).toBe('foreign');
    });

    it('does not take an orphan that someone else controls now', () => {
      expect(
        classify({ ...marks('customers/web/acme'), ownerReferences: [controller('other-uid', 'keeper')] }),
      ).toEqual({
        kind: 'foreign',
        owner: 'LynqNode keeper',
      });
    });

    it('names the former life of a foreign orphan', () => {
      expect(classify(marks('customers/web/other'))).toMatchObject({
        owner: expect.stringContaining('customers/web/other'),
      });
    });
  });

  it('has a name for whoever holds an object', () => {
    expect(classify({ managedFields: [{ manager: 'helm' }] })).toEqual({
      kind: 'foreign',
      owner: 'field manager helm',
    });
    expect(classify({})).toMatchObject({ kind: 'foreign', owner: expect.stringMatching(/\S/) });
  });
});
