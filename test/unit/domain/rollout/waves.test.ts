import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assignWaves } from '../../../../domain/rollout/waves.ts';

const node = (uid: string, labels: Record<string, string> = {}) => ({ name: `${uid}-web`, uid, labels });
const ten = Array.from({ length: 10 }, (_, index) => node(`row-${index}`));
const uids = (wave: { nodes: readonly { uid: string }[] } | undefined) => wave?.nodes.map(({ uid }) => uid);

describe('domain/rollout/waves', () => {
  it('is one wave of all nodes in the order of their uids when the form names none', () => {
    const [all, ...others] = assignWaves([node('b'), node('a')], []);
    expect(uids(all)).toEqual(['a', 'b']);
    expect(others).toEqual([]);
  });

  it('takes named rows first, then shares of what is left, then the rest', () => {
    const waves = assignWaves(ten, [{ name: 'canary', uids: ['row-7'] }, { percentage: 25 }]);
    expect(waves.map(({ name }) => name)).toEqual(['canary', '2', 'rest']);
    expect(waves.map(uids)).toEqual([
      ['row-7'],
      ['row-0', 'row-1', 'row-2'],
      ['row-3', 'row-4', 'row-5', 'row-6', 'row-8', 'row-9'],
    ]);
  });

  it('matches labels of the LynqNode', () => {
    const [early] = assignWaves([node('a', { ring: 'early' }), node('b')], [{ matchLabels: { ring: 'early' } }]);
    expect(uids(early)).toEqual(['a']);
  });

  it('puts every node into exactly one wave, whatever the order it is given in', () => {
    const wave = fc.record(
      { uids: fc.array(fc.constantFrom(...ten.map(({ uid }) => uid))), percentage: fc.integer({ min: 1, max: 100 }) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(wave, { maxLength: 5 }), fc.shuffledSubarray(ten), (waves, nodes) => {
        const assigned = assignWaves(nodes, waves).map((item) => uids(item));
        expect(new Set(assigned.flat())).toEqual(new Set(nodes.map(({ uid }) => uid)));
        expect(assigned.flat()).toHaveLength(nodes.length);
        expect(assignWaves(nodes.toReversed(), waves).map((item) => uids(item))).toEqual(assigned);
      }),
    );
  });
});
