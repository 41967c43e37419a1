import { describe, expect, it } from 'vitest';
import { isAppliedKeyOf } from '../../../domain/peer-record.ts';

const child = { id: 'map', ref: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tenants', name: 'acme-map' } };
const space = { id: 'ns', ref: { apiVersion: 'v1', kind: 'Namespace', name: 'node-acme' } };

describe('domain/peer-record', () => {
  it.each([
    ['ConfigMap/tenants/acme-map@map', true],
    ['ConfigMap/tenants/acme-map@renamed', true],
    ['ConfigMap/other/acme-map@map', false],
    ['ConfigMap/tenants/other@map', false],
    ['Secret/tenants/acme-map@map', false],
    ['ConfigMap/tenants/@map', true],
    ['ConfigMap/tenants/@other', false],
    ['ConfigMap/node-{{ .uid }}/acme-map@map', true],
    ['ConfigMap/node-{{ .uid }}/acme-map@other', false],
    ['', false],
    ['ConfigMap', false],
    ['ConfigMap@map', false],
  ])('of a ConfigMap: %j is %s', (key, expected) => {
    expect(isAppliedKeyOf(key, child)).toBe(expected);
  });

  it('of a kind without namespaces does not look at the one that was written', () => {
    expect(isAppliedKeyOf('Namespace/lynq-system/node-acme@ns', space)).toBe(true);
    expect(isAppliedKeyOf('Namespace/lynq-system/node-other@ns', space)).toBe(false);
  });
});
