import { describe, expect, it } from 'vitest';
import { annotations, finalizers, labels, managers, reservedPrefix } from '../../../domain/keys.ts';

/** Literal texts of parity 1.6 and decisions.md: an existing installation's objects carry these. */
describe('domain/keys', () => {
  it('spells the keys an existing installation has on its objects', () => {
    expect({ ...labels }).toEqual({
      hub: 'lynq.sh/hub',
      uid: 'lynq.sh/uid',
      node: 'lynq.sh/node',
      nodeNamespace: 'lynq.sh/node-namespace',
      orphaned: 'lynq.sh/orphaned',
      form: 'lynq.sh/form',
      hubSecret: 'lynq.sh/hub-secret',
    });
    expect(Object.values(annotations)).toEqual(
      expect.arrayContaining([
        'lynq.sh/hostOrUrl',
        'lynq.sh/activate',
        'lynq.sh/extra',
        'lynq.sh/template-generation',
        'lynq.sh/hubId',
        'lynq.sh/rollout-update-start',
        'lynq.sh/deletion-policy',
        'lynq.sh/created-once',
        'lynq.sh/applied-hash',
        'lynq.sh/orphaned-at',
        'lynq.sh/orphaned-reason',
        'lynq.sh/orphaned-from',
        'lynq.sh/force-reconcile',
        'lynq.sh/overrides',
        'lynq.sh/abandon',
        'lynq.sh/approve-deletions',
      ]),
    );
  });

  it('keeps the finalizers, the field manager and the lease of the Go operator', () => {
    expect(Object.values(finalizers)).toEqual(['lynq.sh/hub-finalizer', 'lynqnode.operator.lynq.sh/finalizer']);
    expect(managers).toEqual({
      apply: 'lynq-operator',
      markers: 'lynq-operator-markers',
      ignored: 'lynq-operator-ignored',
    });
  });

  it('has every label and annotation under the reserved prefix', () => {
    for (const key of [...Object.values(labels), ...Object.values(annotations)])
      expect(key.startsWith(reservedPrefix)).toBe(true);
  });
});
