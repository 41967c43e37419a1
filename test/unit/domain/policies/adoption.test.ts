import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import type { InventoryEntry } from '../../../../domain/api/node.ts';
import { desiredChildren, intendedRecord } from '../../../../domain/child.ts';
import { annotations, labels } from '../../../../domain/keys.ts';
import { classifyOwnership, orphanedFrom } from '../../../../domain/ownership.ts';
import { adoptionOf, takesOver } from '../../../../domain/policies/adoption.ts';
import { aPass, live, seen, verdictOf } from '../../../support/builders/node-pass.ts';
import {
  aChild,
  aConfigMap,
  aDeployment,
  anEntry,
  anIdentity,
  aRecord,
  hubKey,
  rendered,
} from '../../../support/builders/resources.ts';

const identity = anIdentity();
const force = { conflictPolicy: 'Force' } as const;
const tracking = { [labels.node]: identity.name, [labels.nodeNamespace]: identity.namespace };
const object = (metadata: JsonObject = {}): JsonObject =>
  aConfigMap('cfg-object', { metadata: { uid: 'live-uid', ...metadata } });
const takes = (metadata: JsonObject, entry: Parameters<typeof aChild>[1] = force, recordedElsewhere = false): boolean =>
  takesOver(aChild('cfg', entry), object(metadata), { identity, recordedElsewhere });

function adopts(metadata: JsonObject, change: { entry?: Parameters<typeof aChild>[1]; record?: InventoryEntry } = {}) {
  const found = object(metadata);
  const child = aChild('cfg', change.entry ?? force);
  const ownership = classifyOwnership(found, identity, change.record, false);
  return adoptionOf(child, found, { identity, ownership, record: change.record, recordedElsewhere: false });
}

describe('domain/policies/adoption', () => {
  describe('takesOver', () => {
    it('takes an object that nobody claims under Force, and none under Stuck', () => {
      expect(takes({})).toBe(true);
      expect(takes({}, { conflictPolicy: 'Stuck' })).toBe(false);
    });

    it('takes an object with labels that only pretend to be of this node', () => {
      expect(takes({ labels: tracking })).toBe(true);
    });

    it.each([
      ['another controller', { ownerReferences: [{ kind: 'ReplicaSet', name: 'web', uid: 'u', controller: true }] }],
      ['the label of another node', { labels: { ...tracking, [labels.node]: 'other-web' } }],
      ['the label of another namespace', { labels: { ...tracking, [labels.nodeNamespace]: 'elsewhere' } }],
      ['the data of another life', { annotations: { [annotations.orphanedFrom]: 'customers/web/other' } }],
      ['a deletion under way', { deletionTimestamp: '2026-03-01T12:00:00Z' }],
    ])('leaves an object with %s alone', (_, metadata) => {
      expect(takes(metadata)).toBe(false);
    });

    it('leaves an object alone that another LynqNode has on record, whatever its labels say', () => {
      expect(takes({}, force, true)).toBe(false);
    });

    it('takes an owner that is no controller for no claim', () => {
      expect(takes({ ownerReferences: [{ kind: 'App', name: 'shop', uid: 'u' }] })).toBe(true);
    });

    it('never takes a Namespace: what is in it would come along', () => {
      const child = aChild('ns', force, {
        ref: { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'x' },
      });

      expect(takesOver(child, object(), { identity, recordedElsewhere: false })).toBe(false);
    });
  });

  describe('adoptionOf', () => {
    it('puts an object that is taken on record by its uid, once', () => {
      expect(adopts({})).toEqual({ uid: 'live-uid' });
      const record = { ...aRecord('cfg', { uid: 'live-uid' }), adopted: true };
      expect(adopts({}, { record })).toBeUndefined();
    });

    it('takes the new object of the same name too', () => {
      expect(adopts({}, { record: { ...aRecord('cfg', { uid: 'former' }), adopted: true } })).toEqual({
        uid: 'live-uid',
      });
    });

    it('has no part in what the node made', () => {
      expect(adopts({}, { record: aRecord('cfg', { uid: 'live-uid' }) })).toBeUndefined();
    });

    it('knows by the object that it was taken over when the record was lost, under every policy', () => {
      const metadata = {
        labels: tracking,
        managedFields: [{ manager: 'lynq-operator' }],
        annotations: { [annotations.adopted]: 'true' },
      };

      expect(adopts(metadata, { entry: { conflictPolicy: 'Stuck' } })).toEqual({ uid: 'live-uid' });
    });

    it('knows it of an orphan of an earlier life too, whose markers have to come off', () => {
      const orphan = {
        labels: { [labels.orphaned]: 'true' },
        annotations: { [annotations.adopted]: 'true', [annotations.orphanedFrom]: orphanedFrom(identity) },
      };

      expect(adopts(orphan)).toEqual({});
      const { uid: _, ...record } = { ...aRecord('cfg'), adopted: true };
      expect(adopts(orphan, { record })).toBeUndefined();
    });
  });

  describe('what was taken over', () => {
    const adopted = new Set(['/ConfigMap/tenants/cfg']);
    const [child] = desiredChildren(identity, [rendered(aConfigMap('cfg'), anEntry('cfg', force))], hubKey, {
      adopted,
    });

    it('is kept and has no owner, whatever the form says', () => {
      expect(child?.policy).toBe('Retain');
      expect(child?.body['metadata']).not.toHaveProperty('ownerReferences');
      expect(child?.body['metadata']).toHaveProperty(['annotations', annotations.deletionPolicy], 'Retain');
      expect(child?.body['metadata']).toHaveProperty(['annotations', annotations.adopted], 'true');
      expect(child === undefined ? undefined : intendedRecord(child)).toMatchObject({
        policy: 'Retain',
        adopted: true,
      });
    });

    it('keeps what it needs', () => {
      const app = aDeployment('app', { containers: [{ name: 'c', envFrom: [{ secretRef: { name: 'pass' } }] }] });
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'pass' } };
      const made = desiredChildren(
        identity,
        [
          rendered(app, anEntry('app', force)),
          rendered(secret, anEntry('pass')),
          rendered(aConfigMap('b'), anEntry('b')),
        ],
        hubKey,
        { adopted: new Set(['apps/Deployment/tenants/app']) },
      );

      expect(made.map(({ id, policy, retainedBecause }) => [id, policy, retainedBecause])).toEqual([
        ['app', 'Retain', undefined],
        ['pass', 'Retain', 'app'],
        ['b', 'Delete', undefined],
      ]);
    });

    it('is written under Once a single time', () => {
      const once = { creationPolicy: 'Once', conflictPolicy: 'Force' } as const;
      const entries = new Map([['cfg', { kind: 'desired' as const, child: aChild('cfg', once, { adopted: true }) }]]);
      const step = (baseline: string) =>
        verdictOf(
          aPass(
            { cfg: once },
            { entries, observed: seen({ cfg: live.outdated }), baselines: new Map([['cfg', baseline]]) },
          ),
          'cfg',
        ).step;

      expect(step('')).toBe('apply');
      expect(step('owned-1')).toBe('none');
    });

    it('waits for the new plan before anything is written', () => {
      const facts = aPass({ cfg: force }, { observed: seen({ cfg: { kind: 'replan' } }) });

      expect(verdictOf(facts, 'cfg')).toMatchObject({ step: 'none', status: { state: 'Pending' } });
    });
  });
});
