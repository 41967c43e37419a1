import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../domain/api/json.ts';
import type { ObjectRef } from '../../../domain/ports.ts';
import { findStrays, type StrayFacts, strayRecord } from '../../../domain/strays.ts';

const late: ObjectRef = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'node-acme', name: 'late' };

const facts = (change: Partial<StrayFacts> = {}): StrayFacts => ({
  named: ['acme-web'],
  naming: () => [late],
  exists: () => false,
  isLiving: () => false,
  forms: ['web', 'data'],
  otherForms: [],
  ...change,
});

const found = (change: Partial<StrayFacts>): readonly string[] => {
  const strays = findStrays(facts(change));
  return strays.kind === 'few' ? strays.nodes.map(({ name }) => name) : [`${strays.rows} rows`];
};

describe('domain/strays', () => {
  it('finds what names a LynqNode of a form that does not exist, of a row that has none', () => {
    const node = { name: 'acme-web', uid: 'acme', form: 'web', refs: [late] };
    expect(findStrays(facts())).toEqual({ kind: 'few', nodes: [node] });
  });

  it.each<readonly [string, Partial<StrayFacts>]>([
    ['that is on its way out already', { naming: () => [] }],
    ['whose LynqNode exists', { exists: (node) => node === 'acme-web' }],
    ['whose row is active or frozen: its node comes, or comes back', { isLiving: (uid) => uid === 'acme' }],
    ['of a form that this hub does not have', { forms: ['data'] }],
    ['that may be of a row of another hub', { otherForms: ['web'] }],
    ['that may be of a row of another hub by a longer name', { named: ['a-b-web'], otherForms: ['b-web'] }],
    [
      'of which any reading of its name is a living row',
      {
        named: ['a-b-web'],
        forms: ['web', 'b-web'],
        isLiving: (uid) => uid === 'a',
      },
    ],
    [
      'that names no row',
      {
        named: ['-web', 'web'],
      },
    ],
  ])('leaves an object %s', (_, change) => {
    expect(found(change)).toEqual([]);
  });

  it('takes nothing away when more rows are concerned than late writes explain', () => {
    const rows = (count: number) => Array.from({ length: count }, (_, index) => `row-${index}-web`);
    expect(found({ named: rows(10) })).toHaveLength(10);
    expect(found({ named: rows(11) })).toEqual(['11 rows']);
  });

  describe('strayRecord', () => {
    const node = { namespace: 'lynq', name: 'acme-web' };
    const object = (change: JsonObject = {}): JsonObject => ({
      metadata: {
        uid: 'live-uid',
        labels: { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': 'lynq' },
        annotations: { 'lynq.sh/deletion-policy': 'Delete' },
        managedFields: [{ manager: 'lynq-operator', operation: 'Apply' }],
        ...change,
      },
    });

    it('names the very object, and what its node would have done with it', () => {
      expect(strayRecord(object(), late, node)).toEqual({
        ...late,
        id: 'ConfigMap/late',
        uid: 'live-uid',
        policy: 'Delete',
      });
      expect(strayRecord(object({ annotations: {} }), late, node)?.policy).toBe('Retain');
    });

    it.each<readonly [string, JsonObject | undefined]>([
      ['that is gone', undefined],
      ['of another node', object({ labels: { 'lynq.sh/node': 'other-web', 'lynq.sh/node-namespace': 'lynq' } })],
      ['that we never wrote', object({ managedFields: [{ manager: 'kubectl', operation: 'Update' }] })],
      [
        'that is kept already',
        object({
          labels: { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': 'lynq', 'lynq.sh/orphaned': 'true' },
        }),
      ],
    ])('leaves an object %s', (_, live) => {
      expect(strayRecord(live, late, node)).toBeUndefined();
    });
  });
});
