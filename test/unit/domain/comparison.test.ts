import { describe, expect, it } from 'vitest';
import { keyedHash } from '../../../domain/hashes.ts';
import { type ChildLookup, isItsTurn, needsAnotherLook, nodeDifferences } from '../../../domain/comparison.ts';
import type { NodeDigest, ReportedChild } from '../../../domain/watching.ts';
import { aDigest } from '../../support/builders/node-pass.ts';
import { hubKey } from '../../support/builders/resources.ts';

const key = '/ConfigMap/tenants/settings';

function node(reported: Partial<ReportedChild> = {}): NodeDigest {
  const child: ReportedChild = {
    uid: 'live-uid',
    namespace: 'tenants',
    state: 'Ready',
    baseline: keyedHash(hubKey, 'owned-1'),
    apiVersion: 'v1',
    once: false,
    readyWhen: false,
    drifted: false,
    ...reported,
  };
  return {
    name: 'acme-web',
    namespace: 'lynq',
    nodeUid: 'node-uid',
    rowUid: 'acme',
    form: 'web',
    revision: 'web-1',
    dataHash: '',
    deleting: false,
    hub: 'customers',
    resourceVersion: '1',
    inputHash: 'a',
    observedInput: 'a',
    ready: true,
    failed: false,
    conflicted: false,
    failure: undefined,
    labels: {},
    paused: false,
    released: false,
    overridden: false,
    templateGeneration: '1',
    counts: { ready: 0, desired: 0, failed: 0, conflicted: 0, conditions: {}, degraded: undefined },
    dependsOn: [],
    needs: [],
    kept: [],
    children: new Map([[key, child]]),
  };
}

const finds = (child: ReturnType<typeof aDigest> | undefined, known = true): ChildLookup => {
  return () => ({ known, child });
};

describe('domain/comparison', () => {
  describe('isItsTurn', () => {
    const interval = 600_000;
    const keys = Array.from({ length: 500 }, (_, index) => `lynq/node-${index}`);
    const start = 1_790_000_000_000;
    const turnsIn = (after: number, until: number): number =>
      keys.filter((one) => isItsTurn(one, { after, until }, interval)).length;

    it('comes exactly once in each interval, wherever it begins', () => {
      for (const one of keys) {
        const steps = Array.from({ length: 61 }, (_, index) => start + index * 10_000);
        const turns = steps.slice(1).filter((until) => isItsTurn(one, { after: until - 10_000, until }, interval));
        expect(turns).toHaveLength(1);
      }
      expect(turnsIn(start + 123, start + 123 + interval)).toBe(keys.length);
    });

    it('is spread over the interval', () => {
      const tenths = Array.from({ length: 10 }, (_, index) =>
        turnsIn(start + index * 60_000, start + (index + 1) * 60_000),
      );
      expect(Math.max(...tenths)).toBeLessThan(100);
      expect(Math.min(...tenths)).toBeGreaterThan(15);
    });

    it('does not begin anew with the process', () => {
      const one = keys[0] ?? '';
      const at = Array.from({ length: 600 }, (_, index) => start + index * 1_000).find((until) =>
        isItsTurn(one, { after: until - 1_000, until }, interval),
      );
      expect(isItsTurn(one, { after: (at ?? 0) + interval - 1_000, until: (at ?? 0) + interval }, interval)).toBe(true);
    });
  });

  describe('nodeDifferences', () => {
    it('finds none where children are as they were reported', () => {
      expect(nodeDifferences(node(), finds(aDigest()), hubKey)).toBe('');
      expect(
        nodeDifferences(
          node({ state: 'Progressing' }),
          finds(aDigest({ readiness: { state: 'failed', reason: 'x', message: '' } })),
          hubKey,
        ),
      ).toBe('');
    });

    it.each([
      ['is gone', node(), undefined],
      ['was replaced', node(), aDigest({ uid: 'another' })],
      ['was edited', node(), aDigest({ ownedHash: 'owned-2' })],
      ['is not ready any more', node(), aDigest({ readiness: { state: 'progressing', reason: 'x', message: '' } })],
      ['became ready', node({ state: 'Progressing' }), aDigest()],
      [
        'has an owner though it is made once and retained',
        node({ once: true, retained: true }),
        aDigest({ owned: true }),
      ],
    ])('finds a child that %s', (_, of, child) => {
      expect(nodeDifferences(of, finds(child), hubKey)).toContain(key);
    });

    it('names the same difference by the same text, and another by another', () => {
      const text = (ownedHash: string) => nodeDifferences(node(), finds(aDigest({ ownedHash })), hubKey);
      expect(text('owned-2')).toBe(text('owned-2'));
      expect(text('owned-2')).not.toBe(text('owned-3'));
    });

    it.each([
      ['a kind that is not watched', node(), finds(undefined, false)],
      ['a child that was never applied', node({ uid: undefined }), finds(undefined)],
      ['the owner of a child that goes with its node', node({ once: true }), finds(aDigest({ owned: true }))],
      ['an edit of a child that is made once', node({ once: true }), finds(aDigest({ ownedHash: 'owned-2' }))],
    ])('concludes nothing from %s', (_, of, lookUp) => {
      expect(nodeDifferences(of, lookUp, hubKey)).toBe('');
    });
  });

  describe('baselines', () => {
    const plain = 'ab'.repeat(16);
    const edited = aDigest({ ownedHash: 'cd'.repeat(16) });

    it('holds one that an earlier version recorded, until an edit', () => {
      const former = node({ baseline: plain.slice(0, 16) });
      expect(nodeDifferences(former, finds(aDigest({ ownedHash: plain })), undefined)).toBe('');
      expect(nodeDifferences(former, finds(edited), undefined)).toContain(key);
    });

    it('concludes nothing from a keyed one while the key is not known', () => {
      const keyed = node({ baseline: keyedHash(hubKey, plain) });
      expect(nodeDifferences(keyed, finds(edited), undefined)).toBe('');
      expect(nodeDifferences(keyed, finds(edited), hubKey)).toContain(key);
    });
  });

  it('looks again at what no watch can tell', () => {
    expect([false, true].map((conflicted) => needsAnotherLook({ ...node(), conflicted }))).toEqual([false, true]);
  });
});
