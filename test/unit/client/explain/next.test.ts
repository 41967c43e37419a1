import { describe, expect, it } from 'vitest';
import { whatNext } from '../../../../client/explain/next.ts';
import type { Json } from '../../../../domain/api/json.ts';
import { ResourceState } from '../../../../domain/api/node.ts';

const now = new Date('2026-11-22T12:00:00Z');

function next(resource: Json, entry: Json = {}, dependents: readonly string[] = []): string {
  return whatNext({ node: 'acme-api', namespace: 'team-a', now, resource, entry, dependents });
}

describe('client/explain/next', () => {
  it.each(ResourceState.options)('has something to say about %s', (state) => {
    expect(next({ state, since: '2026-11-22T11:59:00Z' })).not.toContain('nothing is known');
  });

  it('says when an object is given up, by the timeout of its entry, and who is skipped then', () => {
    const resource = { state: 'Progressing', since: '2026-11-22T11:59:00Z' };

    expect(next(resource, { timeoutSeconds: 90 }, ['svc'])).toBe(
      'ready as soon as it is seen ready; given up at 2026-11-22T12:00:30Z (in 30s, timeoutSeconds 90); svc would then be skipped (skipOnDependencyFailure)',
    );
    expect(next(resource)).toContain('2026-11-22T12:04:00Z (in 4m, timeoutSeconds 300)');
    expect(next(resource, { timeoutSeconds: 30 })).toContain('(due now, timeoutSeconds 30)');
  });

  it('tells refusals that stand from those that are tried again', () => {
    expect(next({ state: 'Failed', reason: 'Immutable' })).toContain('or now: lynq resync node/acme-api -n team-a');
    expect(next({ state: 'Failed', reason: 'JobFailed' })).toContain('or now: lynq resync node/acme-api -n team-a');
    expect(next({ state: 'Waiting', reason: 'QuotaExceeded' })).toContain('tried again by itself');
  });
});
