import { describe, expect, it } from 'vitest';
import { LynqHubSpec } from '../../../domain/api/hub.ts';
import { mappingProblem, readableSpec, sealOf, sealRow } from '../../../domain/secret-values.ts';

const key = new Uint8Array(32).fill(7);
const aSpec = (change: Readonly<Record<string, unknown>>) =>
  LynqHubSpec.parse({
    source: { type: 'mysql', syncInterval: '30s' },
    valueMappings: { uid: 'id', activate: 'active' },
    ...change,
  });
const aRow = (extra: Readonly<Record<string, string>>, uid = 'acme') => ({ uid, activate: '1', hostOrUrl: '', extra });

describe('domain/secret-values', () => {
  it('takes the secret values out of a row and leaves a seal that shows none of them', () => {
    const { row, secrets } = sealRow(aRow({ size: '2', token: 'canary' }), new Set(['token']), key);

    expect(secrets).toEqual(new Map([['token', 'canary']]));
    expect(row.extra).toEqual({ size: '2' });
    expect(row.seal).toMatch(/^[0-9a-f]{64}$/);
    expect(JSON.stringify(row)).not.toContain('canary');
  });

  it('leaves a row of a hub without secret columns as it is', () => {
    const row = aRow({ size: '2' });
    expect(sealRow(row, new Set(), key)).toEqual({ row, secrets: new Map() });
  });

  it('seals differently for another value, variable, row or key, and alike for another order', () => {
    const seal = sealOf(
      key,
      'acme',
      new Map([
        ['a', '1'],
        ['b', '2'],
      ]),
    );

    expect(
      sealOf(
        key,
        'acme',
        new Map([
          ['b', '2'],
          ['a', '1'],
        ]),
      ),
    ).toBe(seal);
    const others = [
      sealOf(
        key,
        'acme',
        new Map([
          ['a', '1'],
          ['b', '3'],
        ]),
      ),
      sealOf(
        key,
        'acme',
        new Map([
          ['a', '1'],
          ['c', '2'],
        ]),
      ),
      sealOf(
        key,
        'other',
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      ),
      sealOf(
        new Uint8Array(32).fill(8),
        'acme',
        new Map([
          ['a', '1'],
          ['b', '2'],
        ]),
      ),
    ];
    expect(new Set([seal, ...others]).size).toBe(5);
  });

  it('reads secret columns among the others', () => {
    const spec = readableSpec(aSpec({ extraValueMappings: { size: 's' }, secretValueMappings: { token: 't' } }));
    expect(spec.extraValueMappings).toEqual({ size: 's', token: 't' });
  });

  it.each([
    [
      'a variable in both mappings',
      { extraValueMappings: { token: 'a' }, secretValueMappings: { token: 'b' } },
      /token/,
    ],
    ['a variable that every row has', { secretValueMappings: { uid: 'b' } }, /uid/],
    [
      'a column that is shown elsewhere',
      { extraValueMappings: { open: 'b' }, secretValueMappings: { token: 'b' } },
      /column b/,
    ],
    ['the column of the uid', { secretValueMappings: { token: 'id' } }, /column id/],
  ])('refuses %s', (_what, change, message) => {
    const spec = aSpec(change);
    expect(mappingProblem(spec)).toMatch(message);
    expect(() => readableSpec(spec)).toThrow(message);
  });
});
