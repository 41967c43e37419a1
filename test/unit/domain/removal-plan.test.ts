import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import type { InventoryEntry } from '../../../domain/api/node.ts';
import { desiredChildren } from '../../../domain/child.ts';
import { annotations } from '../../../domain/keys.ts';
import { classifyOwnership } from '../../../domain/ownership.ts';
import {
  adoptionPatch,
  isOrphaned,
  nextRemovals,
  orphanPatch,
  type RemovalFact,
  removalAction,
  removalKey,
} from '../../../domain/removal-plan.ts';
import { acyclicEntries, dnsLabel, textMap } from '../../support/builders/arbitraries.ts';
import { noon } from '../../support/builders/node-pass.ts';
import { aConfigMap, anEntry, anIdentity, aRecord, rendered, hubKey } from '../../support/builders/resources.ts';

const namespaceRecord = (id: string, name: string, change: Partial<InventoryEntry> = {}): InventoryEntry => {
  const { namespace: _, ...rest } = aRecord(id, { kind: 'Namespace', name, ...change });
  return rest;
};

/** The ids that go in each round when everything that is asked to go is gone by the next one. */
function rounds(entries: readonly InventoryEntry[]): readonly (readonly string[])[] {
  const facts = new Map<string, RemovalFact>();
  const all: string[][] = [];
  for (let due = nextRemovals(entries, facts); due.length > 0; due = nextRemovals(entries, facts)) {
    all.push(due.map(({ id }) => id));
    for (const entry of due) facts.set(removalKey(entry), { kind: 'done' });
    if (all.length > entries.length) throw new Error('more rounds than entries');
  }
  return all;
}

/** Records over a random graph; some live in the namespaces that others are. */
const records: fc.Arbitrary<readonly InventoryEntry[]> = acyclicEntries(8).chain((graph) =>
  fc
    .array(fc.constantFrom('one', 'two', 'tenants'), { minLength: graph.length, maxLength: graph.length })
    .map((places) => [
      ...graph.map(({ id, dependIds }, index) => aRecord(id, { namespace: places[index], dependIds: [...dependIds] })),
      namespaceRecord('ns-one', 'one'),
      namespaceRecord('ns-two', 'two'),
    ]),
);

describe('domain/removal-plan', () => {
  describe('nextRemovals', () => {
    it('goes in reverse order of the dependencies', () => {
      const entries = [
        aRecord('base'),
        aRecord('middle', { dependIds: ['base'] }),
        aRecord('top', { dependIds: ['middle', 'base'] }),
        aRecord('alone'),
      ];

      expect(rounds(entries)).toEqual([['top', 'alone'], ['middle'], ['base']]);
    });

    it('takes a Namespace after everything recorded in it, named as a dependency or not', () => {
      const entries = [
        namespaceRecord('space', 'acme'),
        aRecord('inside', { namespace: 'acme' }),
        aRecord('deeper', { namespace: 'acme', dependIds: ['inside'] }),
        aRecord('outside', { namespace: 'tenants' }),
      ];

      expect(rounds(entries)).toEqual([['deeper', 'outside'], ['inside'], ['space']]);
    });

    it('does not take a custom kind for a Namespace because of its name', () => {
      const entries = [
        namespaceRecord('space', 'acme', { apiVersion: 'spaces.example/v1' }),
        aRecord('inside', { namespace: 'acme' }),
      ];

      expect(rounds(entries)).toEqual([['space', 'inside']]);
    });

    it('removes every entry exactly once, no entry before one that depends on it, no Namespace before its content', () => {
      fc.assert(
        fc.property(records, (entries) => {
          const order = rounds(entries).flatMap((ids, round) => ids.map((id) => [id, round] as const));
          const round = new Map(order);

          expect(order.map(([id]) => id).toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
          for (const entry of entries) {
            for (const dependId of entry.dependIds ?? [])
              expect(round.get(entry.id)).toBeLessThan(round.get(dependId) ?? -1);
            const space = entries.find(({ kind, name }) => kind === 'Namespace' && name === entry.namespace);
            if (space) expect(round.get(entry.id)).toBeLessThan(round.get(space.id) ?? -1);
          }
        }),
      );
    });

    it('waits for an object that is still leaving, and not for others', () => {
      const entries = [aRecord('base'), aRecord('top', { dependIds: ['base'] }), aRecord('other')];
      const facts = new Map<string, RemovalFact>([[removalKey(aRecord('top')), { kind: 'leaving' }]]);

      expect(nextRemovals(entries, facts).map(({ id }) => id)).toEqual(['other']);
    });

    it('has nothing to do when everything is done', () => {
      expect(nextRemovals([aRecord('a')], new Map([[removalKey(aRecord('a')), { kind: 'done' }]]))).toEqual([]);
      expect(nextRemovals([], new Map())).toEqual([]);
    });

    it('does not wait for an entry that the record does not hold', () => {
      expect(rounds([aRecord('a', { dependIds: ['lost'] })])).toEqual([['a']]);
    });

    it('keeps two objects apart that share an id while one replaces the other', () => {
      const entries = [
        aRecord('a', { name: 'old' }),
        aRecord('a', { name: 'new' }),
        aRecord('b', { dependIds: ['a'] }),
      ];

      expect(rounds(entries)).toEqual([['b'], ['a', 'a']]);
    });

    describe('on a record with a cycle', () => {
      const circle = [aRecord('a', { dependIds: ['b'] }), aRecord('b', { dependIds: ['a'] })];

      it('takes the entries of the cycle together', () => {
        expect(rounds(circle)).toEqual([['a', 'b']]);
      });

      it('lets an entry that depends on itself go', () => {
        expect(rounds([aRecord('a', { dependIds: ['a'] })])).toEqual([['a']]);
      });

      it('takes what the cycle depends on after it', () => {
        const entries = [
          aRecord('base'),
          aRecord('a', { dependIds: ['b', 'base'] }),
          aRecord('b', { dependIds: ['a'] }),
        ];

        expect(rounds(entries)).toEqual([['a', 'b'], ['base']]);
      });

      it('takes the Namespace last all the same', () => {
        const entries = [namespaceRecord('space', 'tenants'), ...circle];

        expect(rounds(entries)).toEqual([['a', 'b'], ['space']]);
      });

      it('never hangs and never removes an entry twice, whatever the record says', () => {
        const anyRecord = fc.array(
          fc.record({
            name: fc.constantFrom('a', 'b', 'c', 'd'),
            dependIds: fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'ns'), { maxLength: 3 }),
          }),
          { maxLength: 4 },
        );
        fc.assert(
          fc.property(anyRecord, (items) => {
            const entries = new Map(
              items.map(({ name, dependIds }) => [name, aRecord(name, { name, dependIds })] as const),
            );
            const all = [...entries.values(), namespaceRecord('ns', 'tenants', { dependIds: ['a'] })];

            expect(rounds(all).flat().toSorted()).toEqual(all.map(({ id }) => id).toSorted());
          }),
        );
      });
    });
  });

  describe('orphanPatch and adoptionPatch', () => {
    const identity = anIdentity();
    const mark = { identity, reason: 'LynqNodeDeleted', now: noon } as const;
    const bodyOf = (metadata: JsonObject, node = identity): JsonObject => {
      const entry = anEntry('kept', { deletionPolicy: 'Retain' });
      return desiredChildren(node, [rendered(aConfigMap('kept', { metadata }), entry)], hubKey)[0]?.body ?? {};
    };
    const asLive = (body: JsonObject, change: JsonObject = {}): JsonObject => ({
      ...body,
      metadata: { ...(body['metadata'] as JsonObject), uid: 'live-uid', resourceVersion: '7', ...change },
    });
    const merged = (target: JsonObject, patch: JsonObject): JsonObject => {
      const result = new Map(Object.entries(target));
      for (const [key, value] of Object.entries(patch)) {
        if (value === null) result.delete(key);
        else if (typeof value === 'object' && !Array.isArray(value))
          result.set(key, merged((result.get(key) ?? {}) as JsonObject, value as JsonObject));
        else result.set(key, value);
      }
      return Object.fromEntries(result);
    };
    const metadataOf = (object: JsonObject): JsonObject => object['metadata'] as JsonObject;

    it('takes tracking off, marks whose the object was and why, and keeps the rest', () => {
      const live = asLive(bodyOf({ labels: { app: 'db' }, annotations: { note: 'x' } }));

      const orphan = metadataOf(merged(live, orphanPatch(live, mark)));

      expect(orphan['labels']).toEqual({ app: 'db', 'lynq.sh/orphaned': 'true' });
      expect(orphan['annotations']).toMatchObject({
        note: 'x',
        'lynq.sh/orphaned-at': '2026-03-01T12:00:00Z',
        'lynq.sh/orphaned-reason': 'LynqNodeDeleted',
        'lynq.sh/orphaned-from': 'customers/web/acme',
        'lynq.sh/orphaned-namespace': 'tenants',
        'lynq.sh/deletion-policy': 'Retain',
      });
    });

    it('holds for this very object in the version it was read in', () => {
      const live = asLive(bodyOf({}));

      for (const patch of [orphanPatch(live, mark), adoptionPatch(live, bodyOf({}))])
        expect(metadataOf(patch)).toMatchObject({ uid: 'live-uid', resourceVersion: '7' });
    });

    it('takes the ownerReference of the node off and keeps those of others', () => {
      const other = { kind: 'Backup', name: 'b', uid: 'other-uid', controller: false };
      const mine = { kind: 'LynqNode', name: 'acme-web', uid: identity.nodeUid, controller: true };
      const live = asLive(bodyOf({}), { ownerReferences: [other, mine] });

      expect(metadataOf(orphanPatch(live, mark))['ownerReferences']).toEqual([other]);
      expect(metadataOf(orphanPatch(asLive(bodyOf({}), { ownerReferences: [other] }), mark))).not.toHaveProperty(
        'ownerReferences',
      );
    });

    it('takes every LynqNode off the owners of what is to have none, and no one off those of what is to have one', () => {
      const other = { kind: 'Backup', name: 'b', uid: 'other-uid', controller: false };
      const node = { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', name: 'acme-web', uid: 'former-uid' };
      const live = asLive(bodyOf({}), { ownerReferences: [other, node] });
      const owned = desiredChildren(identity, [rendered(aConfigMap('kept'), anEntry('kept'))], hubKey)[0]?.body ?? {};

      expect(metadataOf(adoptionPatch(live, bodyOf({})))['ownerReferences']).toEqual([other]);
      expect(metadataOf(adoptionPatch(asLive(bodyOf({})), bodyOf({})))).not.toHaveProperty('ownerReferences');
      expect(metadataOf(adoptionPatch(live, owned))).not.toHaveProperty('ownerReferences');
    });

    it('makes an object that this row finds again, and no other', () => {
      const live = asLive(bodyOf({}));

      const orphan = merged(live, orphanPatch(live, mark));

      expect(isOrphaned(live)).toBe(false);
      expect(isOrphaned(orphan)).toBe(true);
      expect(classifyOwnership(orphan, anIdentity({ nodeUid: 'next-uid' }), undefined, false)).toEqual({
        kind: 'orphan',
      });
      expect(classifyOwnership(orphan, anIdentity({ uid: 'other' }), undefined, false)).toMatchObject({
        kind: 'foreign',
      });
    });

    it('restore labels and annotations when one follows the other, whatever else the object bears', () => {
      fc.assert(
        fc.property(textMap(), textMap(), fc.oneof(dnsLabel, fc.constant('n'.repeat(100))), (found, notes, name) => {
          const node = anIdentity({ name });
          const body = bodyOf({ labels: found, annotations: notes }, node);
          const live = asLive(body);

          const orphan = merged(live, orphanPatch(live, { ...mark, identity: node }));
          const back = metadataOf(merged(orphan, adoptionPatch(orphan, body)));

          expect(back['labels']).toEqual(metadataOf(live)['labels']);
          expect(back['annotations']).toEqual(metadataOf(live)['annotations']);
        }),
      );
    });
  });

  describe('removalAction', () => {
    const withPolicy = (policy: string | undefined): JsonObject =>
      aConfigMap(
        'x',
        policy === undefined ? {} : { metadata: { annotations: { [annotations.deletionPolicy]: policy } } },
      );

    it.each`
      record      | live         | action
      ${'Delete'} | ${'Delete'}  | ${'delete'}
      ${'Retain'} | ${'Retain'}  | ${'retain'}
      ${'Delete'} | ${'Retain'}  | ${'retain'}
      ${'Retain'} | ${'Delete'}  | ${'retain'}
      ${'Retain'} | ${undefined} | ${'retain'}
    `('answers $action when the record says $record and the object $live', ({ record, live, action }) => {
      expect(removalAction(aRecord('x', { policy: record }), withPolicy(live))).toBe(action);
    });

    it.each(['retain', 'Keep', '', 'Delete '])('keeps an object whose live policy %j cannot be read', (live) => {
      expect(removalAction(aRecord('x'), withPolicy(live))).toBe('retain');
    });

    it('keeps an object that lost its policy annotation', () => {
      expect(removalAction(aRecord('x'), withPolicy(undefined))).toBe('retain');
    });

    it('keeps an object whose policy annotation is not text', () => {
      const object = aConfigMap('x', { metadata: { annotations: { [annotations.deletionPolicy]: 7 } } });

      expect(removalAction(aRecord('x'), object)).toBe('retain');
    });
  });
});
