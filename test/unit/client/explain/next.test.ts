import { describe, expect, it } from 'vitest';
import { whatNext } from '../../../../client/explain/next.ts';
import type { Json } from '../../../../domain/api/json.ts';
import { ResourceState } from '../../../../domain/api/node.ts';

const now = new Date('2026-11-22T12:00:00Z');

function next(
  resource: Json,
  entry: Json = {},
  dependents: readonly string[] = [],
  beside: readonly Json[] = [],
): string {
  const resources = [resource, ...beside];
  return whatNext({ node: 'acme-api', namespace: 'team-a', now, resource, resources, entry, dependents });
}

describe('client/explain/next', () => {
  it.each(ResourceState.options)('has something to say about %s', (state) => {
    expect(next({ state, since: '2026-11-22T11:59:00Z' })).not.toContain('nothing is known');
  });

  it('says when an object fails, by the timeout of its entry, who is skipped then, and when it is looked at before', () => {
    const resource = { state: 'Progressing', since: '2026-11-22T11:59:00Z' };

    expect(next(resource, { timeoutSeconds: 90 }, ['svc'])).toBe(
      'looked at again as soon as it changes, at the latest every 600 s (default of LYNQ_RELIST_SECONDS); ' +
        'fails at 2026-11-22T12:00:30Z (in 30s, timeoutSeconds 90); svc would then be skipped (skipOnDependencyFailure)',
    );
    expect(next(resource)).toContain('fails at 2026-11-22T12:04:00Z (in 4m, timeoutSeconds 300)');
    expect(next(resource, { timeoutSeconds: 30 })).toContain('(due now, timeoutSeconds 30)');
  });

  it('says of a node that waits for something that no watch shows that all of it is looked at every 30 s', () => {
    const [progressing, refused] = [
      { state: 'Progressing', since: '2026-11-22T11:59:00Z' },
      { state: 'Waiting', reason: 'QuotaExceeded' },
    ];

    expect(next(progressing, {}, [], [refused])).toMatch(
      /^looked at again as soon as it changes, at the latest every 30 s; fails/,
    );
    expect(next(refused, {}, [], [progressing])).toBe(
      'tried again every 30 s; raise the ResourceQuota or free some of it',
    );
  });

  it.each`
    state           | reason                  | text
    ${'Waiting'}    | ${'DependencyNotReady'} | ${/^written as soon as .*, at the latest every 600 s \(default of LYNQ_RELIST_SECONDS\)$/}
    ${'Waiting'}    | ${'WaitingForForm'}     | ${/^starts as soon as these nodes are Ready, .* at the latest every 600 s$/}
    ${'Waiting'}    | ${'Terminating'}        | ${/gone, .*, at the latest every 30 s$/}
    ${'Waiting'}    | ${'MissingNamespace'}   | ${/^made as soon as the namespace exists, .* at the latest every 30 s$/}
    ${'Waiting'}    | ${'FieldFight'}         | ${/put right .*, at the latest after 300 s/}
    ${'Waiting'}    | ${'SomethingNew'}       | ${/at the latest every 30 s$/}
    ${'Conflicted'} | ${'ResourceConflict'}   | ${/^looked at again every 30 s; /}
    ${'Deleting'}   | ${'Terminating'}        | ${/, at the latest every 10 s; the node stays/}
    ${'Failed'}     | ${'ReadinessTimeout'}   | ${/, at the latest every 600 s/}
    ${'Skipped'}    | ${'DependencyFailed'}   | ${/^made as soon as the dependency/}
    ${'Skipped'}    | ${'RolledBack'}         | ${/^made again when .*; or now: lynq resync node\/acme-api -n team-a$/}
  `('says when $state for $reason is looked at', ({ state, reason, text }) => {
    expect(next({ state, reason })).toMatch(text);
  });

  it('says of what someone else holds that it has to wait while other entries are on their way', () => {
    const conflicted = { state: 'Conflicted', reason: 'ResourceConflict' };

    expect(next(conflicted, {}, [], [{ state: 'Progressing' }])).toMatch(
      /^looked at again when the entries that are Progressing are ready or have failed; /,
    );
  });

  it('tells refusals that stand from those that are tried again', () => {
    expect(next({ state: 'Failed', reason: 'Immutable' })).toContain('or now: lynq resync node/acme-api -n team-a');
    expect(next({ state: 'Failed', reason: 'JobFailed' })).toContain('or now: lynq resync node/acme-api -n team-a');
    expect(next({ state: 'Waiting', reason: 'QuotaExceeded' })).toContain('tried again every');
  });
});
