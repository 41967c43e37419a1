import { describe, expect, it } from 'vitest';
import type { ObjectRef } from '../../../domain/ports.ts';
import { findStrays, type StrayFacts } from '../../../domain/strays.ts';

const late: ObjectRef = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'node-acme', name: 'late' };

const facts = (change: Partial<StrayFacts> = {}): StrayFacts => ({
  tracked: new Map([['acme-web', [late]]]),
  exists: () => false,
  isLiving: () => false,
  forms: ['web', 'data'],
  otherForms: [],
  ...change,
});

const found = (change: Partial<StrayFacts>): readonly string[] => {
  const strays = findStrays(facts(change));
  return strays.kind === 'few' ? [...strays.nodes.keys()] : [`${strays.rows} rows`];
};

describe('domain/strays', () => {
  it('finds what names a LynqNode of a form that does not exist, of a row that has none', () => {
    expect(findStrays(facts())).toEqual({ kind: 'few', nodes: new Map([['acme-web', [late]]]) });
  });

  it.each<readonly [string, Partial<StrayFacts>]>([
    ['whose LynqNode exists', { exists: (node) => node === 'acme-web' }],
    ['whose row is active or frozen: its node comes, or comes back', { isLiving: (uid) => uid === 'acme' }],
    ['of a form that this hub does not have', { forms: ['data'] }],
    ['that may be of a row of another hub', { otherForms: ['web'] }],
    [
      'that may be of a row of another hub by a longer name',
      { tracked: new Map([['a-b-web', [late]]]), otherForms: ['b-web'] },
    ],
    [
      'of which any reading of its name is a living row',
      {
        tracked: new Map([['a-b-web', [late]]]),
        forms: ['web', 'b-web'],
        isLiving: (uid) => uid === 'a',
      },
    ],
    [
      'that names no row',
      {
        tracked: new Map([
          ['-web', [late]],
          ['web', [late]],
        ]),
      },
    ],
  ])('leaves an object %s', (_, change) => {
    expect(found(change)).toEqual([]);
  });

  it('takes nothing away when more rows are concerned than late writes explain', () => {
    const tracked = (count: number) =>
      new Map(Array.from({ length: count }, (_, index) => [`row-${index}-web`, [late]] as const));
    expect(found({ tracked: tracked(10) })).toHaveLength(10);
    expect(found({ tracked: tracked(11) })).toEqual(['11 rows']);
  });
});
