import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DeletionPolicy } from '../../../domain/api/resource.ts';
import type { JsonObject } from '../../../domain/api/json.ts';
import { type DesiredChild, desiredChildren, intendedRecord, refKey } from '../../../domain/child.ts';
import { nodeDigest } from '../../../domain/node-digest.ts';
import { needMark } from '../../../domain/retain.ts';
import {
  canBeNeeded,
  marksOnRecord,
  neededByOrphans,
  neededDifferences,
  neededElsewhere,
} from '../../../domain/row-needs.ts';
import type { NodeDigest } from '../../../domain/watching.ts';
import { aDeployment, anEntry, anIdentity, hubKey, rendered } from '../../support/builders/resources.ts';

const secretObject = (name: string): JsonObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name } });
const naming = (...names: readonly string[]): JsonObject => ({
  containers: names.map((name) => ({ name, envFrom: [{ secretRef: { name } }] })),
});
const secretKey = (name: string): string => `/Secret/tenants/${name}`;

/** A LynqNode that has these objects on record, as the watches keep it. */
function digestOf(children: readonly DesiredChild[]): NodeDigest {
  const inventory = children.map((child) => ({ ...intendedRecord(child) })) as unknown as JsonObject[];
  return nodeDigest({ metadata: { name: 'n', namespace: 'tenants' }, status: { inventory } });
}

interface Wanted {
  readonly secrets: Readonly<Record<string, readonly string[]>>;
  readonly siblings?: readonly NodeDigest[];
}

/** A form of Secrets, each with what it depends on. */
function base({ secrets, siblings = [] }: Wanted): readonly DesiredChild[] {
  const entries = Object.entries(secrets).map(([id, dependIds]) =>
    rendered(secretObject(id), anEntry(id, { dependIds: [...dependIds] })),
  );
  const keys = Object.keys(secrets).map(secretKey);
  return desiredChildren(anIdentity({ namespace: 'tenants' }), entries, hubKey, {
    neededElsewhere: neededElsewhere(keys, siblings, hubKey),
  });
}

/** A form with a workload whose pods name these Secrets. */
function workload(names: readonly string[], deletionPolicy: DeletionPolicy): readonly DesiredChild[] {
  const identity = anIdentity({ namespace: 'tenants', name: 'acme-data' });
  return desiredChildren(
    identity,
    [rendered(aDeployment('db', naming(...names)), anEntry('db', { deletionPolicy }))],
    hubKey,
  );
}

const ownersOf = ({ body }: DesiredChild): unknown => (body['metadata'] as JsonObject)['ownerReferences'];
const policies = (children: readonly DesiredChild[]) => children.map(({ id, policy }) => `${id} ${policy}`);

describe('domain/row-needs', () => {
  it('what a retained workload of another form names is retained with all it depends on, and has no owner', () => {
    const siblings = [digestOf(workload(['pass'], 'Retain'))];
    const children = base({ secrets: { root: [], pass: ['root'], other: [] }, siblings });
    expect(policies(children)).toEqual(['root Retain', 'pass Retain', 'other Delete']);
    expect(children.map((child) => ownersOf(child) === undefined)).toEqual([true, true, false]);
    expect(children.map(({ neededElsewhere: mark, retainedBecause }) => [mark, retainedBecause])).toEqual([
      ['Indirect', 'pass'],
      ['Named', undefined],
      [undefined, undefined],
    ]);
  });

  it('nothing is needed of a workload that is to go, and what was retained for it has its owner again', () => {
    const owned = base({ secrets: { pass: [] }, siblings: [digestOf(workload(['pass'], 'Delete'))] });
    expect(policies(owned)).toEqual(['pass Delete']);
    expect(owned).toEqual(base({ secrets: { pass: [] } }));
  });

  it('an entry that its own form keeps for an own retained entry is not said to be kept for another form', () => {
    const siblings = [digestOf(workload(['pass'], 'Retain'))];
    const entries = [
      rendered(secretObject('root'), anEntry('root')),
      rendered(secretObject('pass'), anEntry('pass', { dependIds: ['root'] })),
      rendered(secretObject('own'), anEntry('own', { dependIds: ['root'], deletionPolicy: 'Retain' })),
    ];
    const children = desiredChildren(anIdentity(), entries, hubKey, {
      neededElsewhere: neededElsewhere([secretKey('pass')], siblings, hubKey),
    });
    expect(children.map(({ policy, neededElsewhere: mark }) => [policy, mark])).toEqual([
      ['Retain', undefined],
      ['Retain', 'Named'],
      ['Retain', undefined],
    ]);
  });

  it('an object that its own form retains is not said to be retained for another', () => {
    const siblings = [digestOf(workload(['pass'], 'Retain'))];
    const entry = anEntry('pass', { deletionPolicy: 'Retain' });
    const [child] = desiredChildren(anIdentity(), [rendered(secretObject('pass'), entry)], hubKey, {
      neededElsewhere: neededElsewhere([secretKey('pass')], siblings, hubKey),
    });
    expect(child?.neededElsewhere).toBeUndefined();
  });

  it('a record has marks of what another form may make, and no name of it', () => {
    const [child] = workload(['pass'], 'Retain');
    expect(child?.needs).toEqual([needMark(hubKey, secretKey('pass'))]);
    expect(JSON.stringify(child === undefined ? {} : intendedRecord(child))).not.toContain('pass');
    expect(needMark(new Uint8Array(32).fill(8), secretKey('pass'))).not.toBe(needMark(hubKey, secretKey('pass')));
  });

  it('what a form makes itself is no need of others', () => {
    const entries = [
      rendered(aDeployment('db', naming('pass')), anEntry('db', { deletionPolicy: 'Retain' })),
      rendered(secretObject('pass'), anEntry('pass')),
    ];
    expect(desiredChildren(anIdentity(), entries, hubKey).flatMap(({ needs = [] }) => needs)).toEqual([]);
  });

  it.each([
    ['/Secret/tenants/a', true],
    ['/ConfigMap/tenants/a', true],
    ['/ServiceAccount/tenants/a', true],
    ['/PersistentVolumeClaim/tenants/a', true],
    ['/Service/tenants/a', false],
    ['/Namespace//a', false],
    ['example.com/Secret/tenants/a', false],
  ])('a pod can name %s: %s', (key, expected) => {
    expect(canBeNeeded(key)).toBe(expected);
  });

  describe('neededDifferences', () => {
    const needing = digestOf(workload(['pass'], 'Retain'));
    const before = digestOf(base({ secrets: { pass: [], other: [] } }));
    const after = digestOf(base({ secrets: { pass: [], other: [] }, siblings: [needing] }));

    it('names what is needed and not kept, until it is', () => {
      expect(neededDifferences(before, [needing], hubKey)).toEqual([secretKey('pass')]);
      expect(neededDifferences(after, [needing], hubKey)).toEqual([]);
    });

    it('names what is kept and needed no more, until it is not kept', () => {
      expect(neededDifferences(after, [], hubKey)).toEqual([secretKey('pass')]);
      expect(neededDifferences(before, [], hubKey)).toEqual([]);
    });
  });

  describe('neededByOrphans', () => {
    const orphan = (labels: Readonly<Record<string, string>>): JsonObject => ({
      ...aDeployment('db', naming('pass')),
      metadata: { name: 'db', labels },
    });
    const refs = ['pass', 'other'].map((name) => ({ kind: 'Secret', name }));

    it('counts what outlived its node; of what a node has, its record says what it needs', () => {
      expect(neededByOrphans(refs, [orphan({ 'lynq.sh/orphaned': 'true' })])).toEqual([
        { kind: 'Secret', name: 'pass' },
      ]);
      expect(neededByOrphans(refs, [orphan({ 'lynq.sh/node': 'acme-data' })])).toEqual([]);
    });
  });

  describe('marksOnRecord', () => {
    it('keeps what the pods need that are there until others are written', () => {
      expect(marksOnRecord(['b'], { needs: ['a'], applied: 'old' }, 'new')).toEqual(['a', 'b']);
      expect(marksOnRecord([], { needs: ['a'], applied: 'old' }, 'new')).toEqual(['a']);
      expect(marksOnRecord(['b'], { needs: ['a'], applied: 'new' }, 'new')).toEqual(['b']);
      expect(marksOnRecord(['b'], undefined, 'new')).toEqual(['b']);
    });
  });

  it('never loses what a retained object needs, whatever its form says next, while that is not written', () => {
    const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 });
    const step = fc.record({
      names,
      policy: fc.constantFrom<DeletionPolicy>('Retain', 'Delete'),
      written: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        let live: readonly string[] = [];
        let record: { needs?: readonly string[]; applied?: string } | undefined;
        for (const { names: named, policy, written } of steps) {
          const [child] = workload(named, policy);
          if (child === undefined) throw new Error('no child');
          record = { ...record, needs: marksOnRecord(child.needs ?? [], record, child.hash) };
          const siblings = [{ needs: record.needs ?? [] }];
          const kept = neededElsewhere(['a', 'b', 'c', 'd'].map(secretKey), siblings, hubKey);
          for (const name of live) expect(kept).toContain(secretKey(name));
          if (!written) continue;
          live = policy === 'Retain' ? named : [];
          record = { needs: child.needs ?? [], applied: child.hash };
        }
      }),
    );
  });

  it('keys are those of references', () => {
    expect(refKey({ apiVersion: 'v1', kind: 'Secret', namespace: 'tenants', name: 'pass' })).toBe(secretKey('pass'));
  });
});
