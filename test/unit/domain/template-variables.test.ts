import { describe, expect, it } from 'vitest';
import { templateVariables } from '../../../domain/template-variables.ts';

describe('domain/template-variables', () => {
  const row = new Map([['uid', 'acme']]);

  it('adds the namespace of the node', () => {
    expect([...templateVariables(row, new Map(), 'tenants')]).toEqual([
      ['uid', 'acme'],
      ['namespace', 'tenants'],
    ]);
  });

  it('leaves the name to a column that the hub maps to it, secret or not', () => {
    expect(templateVariables(new Map([['namespace', 'own']]), new Map(), 'tenants').get('namespace')).toBe('own');
    expect(templateVariables(row, new Map([['namespace', 'secret']]), 'tenants').has('namespace')).toBe(false);
  });
});
