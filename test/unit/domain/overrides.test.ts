import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addOverrides,
  describeRefusal,
  liveOverrides,
  type Override,
  overriddenVariables,
  readOverrides,
  writeOverrides,
} from '../../../domain/overrides.ts';
import { awkwardKey } from '../../support/builders/arbitraries.ts';

const row = new Map([
  ['uid', 'acme'],
  ['activate', '1'],
  ['apiReplicas', '2'],
  ['plan', 'pro'],
]);
const replicas = new Map([['apiReplicas', { value: '4', base: '2' }]]);

const anyOverrides: fc.Arbitrary<ReadonlyMap<string, Override>> = fc
  .uniqueArray(fc.tuple(awkwardKey, fc.record({ value: fc.string(), base: fc.string() })), {
    selector: ([name]) => name,
    maxLength: 5,
  })
  .map((entries) => new Map(entries));

describe('domain/overrides', () => {
  describe('the annotation', () => {
    it('gives back what was written, names of every kind included', () => {
      fc.assert(
        fc.property(anyOverrides, (overrides) => {
          expect(readOverrides(writeOverrides(overrides))).toEqual(overrides);
        }),
      );
    });

    it('is the same text for the same overrides and absent without any', () => {
      const two: readonly (readonly [string, Override])[] = [
        ['b', { value: '1', base: '' }],
        ['a', { value: '2', base: '0' }],
      ];

      expect(writeOverrides(new Map(two))).toBe(writeOverrides(new Map([...two].toReversed())));
      expect(writeOverrides(new Map())).toBeUndefined();
      expect(readOverrides(undefined)).toEqual(new Map());
    });

    it.each([
      '',
      'nonsense',
      '[]',
      'null',
      '7',
      '{"a":"4"}',
      '{"a":{"value":4,"base":"2"}}',
      '{"a":{"value":"4"}}',
      '{"a":null}',
    ])('counts %j as no override, since a person may have written it', (text) => {
      expect(readOverrides(text)).toEqual(new Map());
    });

    it('keeps the readable overrides of a partly damaged annotation', () => {
      expect(readOverrides('{"a":{"value":"4","base":"2"},"b":7}')).toEqual(
        new Map([['a', { value: '4', base: '2' }]]),
      );
    });

    it('never throws, whatever the text is', () => {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
          for (const { value, base } of readOverrides(text).values())
            expect([typeof value, typeof base]).toEqual(['string', 'string']);
        }),
      );
    });
  });

  describe('what holds', () => {
    it('stands in place of the column until the column changes', () => {
      expect(overriddenVariables(row, replicas).get('apiReplicas')).toBe('4');
      expect(overriddenVariables(new Map([...row, ['apiReplicas', '3']]), replicas).get('apiReplicas')).toBe('3');
    });

    it('does not hold again once the column changed and the override was written anew', () => {
      const changed = new Map([...row, ['apiReplicas', '3']]);

      expect(liveOverrides(liveOverrides(replicas, changed), row)).toEqual(new Map());
    });

    it('ends when the hub does not declare the variable any more', () => {
      expect(overriddenVariables(new Map([['uid', 'acme']]), replicas)).toEqual(new Map([['uid', 'acme']]));
    });

    it('never adds a variable and never changes one that is not overridden', () => {
      fc.assert(
        fc.property(fc.dictionary(fc.string(), fc.constantFrom('0', '1')), anyOverrides, (values, overrides) => {
          const variables = new Map(Object.entries(values));

          const result = overriddenVariables(variables, overrides);

          expect([...result.keys()]).toEqual([...variables.keys()]);
          for (const [name, value] of variables) if (!overrides.has(name)) expect(result.get(name)).toBe(value);
        }),
      );
    });
  });

  describe('addOverrides', () => {
    it('keeps the value of the row of that moment beside the new one', () => {
      expect(addOverrides(row, new Map(), { apiReplicas: '4' })).toEqual({ ok: true, overrides: replicas });
    });

    it('replaces an override, keeps others that hold and drops those that do not', () => {
      const current = new Map([
        ['apiReplicas', { value: '3', base: '2' }],
        ['plan', { value: 'free', base: 'former' }],
      ]);

      expect(addOverrides(row, current, { apiReplicas: '4' })).toEqual({ ok: true, overrides: replicas });
      expect(addOverrides(row, replicas, { plan: 'free' })).toEqual({
        ok: true,
        overrides: new Map([...replicas, ['plan', { value: 'free', base: 'pro' }]]),
      });
    });

    it('refuses unknown and identity variables by name, all at once, and changes nothing then', () => {
      const result = addOverrides(row, new Map(), { apiReplicas: '4', apiReplica: '4', uid: 'other', nope: '1' });

      expect(result).toEqual({
        ok: false,
        refusals: [
          { kind: 'unknown', variable: 'apiReplica', declared: ['apiReplicas', 'plan'] },
          { kind: 'identity', variable: 'uid' },
          { kind: 'unknown', variable: 'nope', declared: ['apiReplicas', 'plan'] },
        ],
      });
    });

    it.each(['uid', 'activate', 'hubId', 'templateRef', 'hostOrUrl', 'host'])(
      'refuses %s, whether the row has it or not',
      (variable) => {
        expect(addOverrides(row, new Map(), { [variable]: 'x' })).toEqual({
          ok: false,
          refusals: [{ kind: 'identity', variable }],
        });
      },
    );

    it.each(['__proto__', 'constructor', 'toString'])('does not take %s for a declared variable', (variable) => {
      const wanted = JSON.parse(`{"${variable}":"x"}`) as Record<string, string>;

      expect(addOverrides(row, new Map(), wanted)).toMatchObject({
        ok: false,
        refusals: [{ kind: 'unknown', variable }],
      });
    });

    it('may set an empty text', () => {
      expect(addOverrides(row, new Map(), { plan: '' })).toEqual({
        ok: true,
        overrides: new Map([['plan', { value: '', base: 'pro' }]]),
      });
    });

    it('what it sets is what the node is rendered with', () => {
      fc.assert(
        fc.property(fc.string(), fc.string(), (plan, apiReplicas) => {
          const result = addOverrides(row, new Map(), { plan, apiReplicas });

          const variables = overriddenVariables(row, result.ok ? result.overrides : new Map());
          expect([variables.get('plan'), variables.get('apiReplicas'), variables.get('uid')]).toEqual([
            plan,
            apiReplicas,
            'acme',
          ]);
        }),
      );
    });
  });

  it('tells people what was refused and what there is', () => {
    expect(describeRefusal({ kind: 'identity', variable: 'uid' })).toContain('uid');
    expect(describeRefusal({ kind: 'unknown', variable: 'x', declared: ['a', 'b'] })).toMatch(/x.*a, b/);
    expect(describeRefusal({ kind: 'unknown', variable: 'x', declared: [] })).toContain('none');
  });
});
