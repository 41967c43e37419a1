import { describe, expect, it } from 'vitest';
import { type BlockedLeftover, blockedCleanup, newlyBlocked, saidCleanup } from '../../../domain/blocked-cleanup.ts';
import { settleConditions } from '../../../domain/status.ts';
import { noon } from '../../support/builders/node-pass.ts';

const blocked = (name: string, why: string): BlockedLeftover => ({
  entry: { id: name, apiVersion: 'v1', kind: 'ConfigMap', namespace: 'tenants', name, policy: 'Delete' },
  why,
});
const said = (list: readonly BlockedLeftover[]) =>
  settleConditions([], blockedCleanup(list), { now: noon, generation: 1 });

describe('domain/blocked-cleanup', () => {
  it('is no condition where nothing is blocked', () => {
    expect(blockedCleanup([])).toEqual([]);
  });

  it('names ten objects at most, and cuts what a server says at length', () => {
    const many = Array.from({ length: 12 }, (_, at) => blocked(`map-${at}`, `AdmissionDenied ${'x'.repeat(2_000)}`));
    const [condition] = blockedCleanup(many);
    expect(condition?.reason).toBe('AdmissionDenied');
    expect(condition?.message).toContain('map-9');
    expect(condition?.message).not.toContain('map-10 ');
    expect(condition?.message).toMatch(/; and 2 more$/);
    expect(condition?.message.length).toBeLessThan(6_000);
  });

  it('stays as it was said until it is known anew', () => {
    const list = [blocked('a', 'Terminating')];
    expect(saidCleanup(said(list))).toEqual(blockedCleanup(list));
    expect(saidCleanup(undefined)).toEqual([]);
  });

  it('knows which objects it did not name before, or for another reason', () => {
    const before = said([blocked('a', 'Terminating'), blocked('b', 'Terminating')]);
    const now = [blocked('a', 'Terminating'), blocked('b', 'AdmissionDenied no'), blocked('c', 'Terminating')];
    expect(newlyBlocked(now, before).map(({ entry }) => entry.name)).toEqual(['b', 'c']);
    expect(newlyBlocked(now, undefined)).toEqual(now);
  });
});
