import { describe, expect, it } from 'vitest';
import type { CreationAttempt } from '../../../domain/api/node.ts';
import {
  attemptId,
  type CreationFacts,
  creationFailure,
  creationOf,
  isCreated,
  madeBy,
  removalRecord,
} from '../../../domain/creation.ts';
import { aPass, live, seen } from '../../support/builders/node-pass.ts';
import { planWave } from '../../../domain/node-plan.ts';
import { aRecord } from '../../support/builders/resources.ts';

const facts = (change: Partial<CreationFacts> = {}): CreationFacts => {
  return { enabled: true, previous: undefined, recorded: false, input: 'now', forced: false, ...change };
};
const attempt = (phase: CreationAttempt['phase'], id = 'now'): CreationAttempt => ({ id, phase });

describe('domain/creation', () => {
  it.each<[string, Partial<CreationFacts>, string]>([
    ['a new node of a form that asks for it', {}, 'create'],
    ['a node of a form that does not ask for it', { enabled: false }, 'none'],
    ['a node that was there before the form asked for it', { recorded: true }, 'none'],
    ['a node half-way', { previous: attempt('Creating'), recorded: true }, 'create'],
    ['a node half-way whose form or row changed', { previous: attempt('Creating', 'before') }, 'rollBack'],
    [
      'a node half-way whose form does not ask for it any more',
      { previous: attempt('Creating'), enabled: false },
      'none',
    ],
    ['a rollback that was interrupted', { previous: attempt('RollingBack') }, 'rollBack'],
    ['a rollback that was interrupted, the form changed since', { previous: attempt('RollingBack', 'x') }, 'rollBack'],
    [
      'a rollback that was interrupted, not asked for any more',
      { previous: attempt('RollingBack'), enabled: false },
      'rollBack',
    ],
    ['a node that was rolled back', { previous: attempt('RolledBack') }, 'rest'],
    [
      'a node that was rolled back and is to be tried again',
      { previous: attempt('RolledBack'), forced: true },
      'create',
    ],
    ['a node that was rolled back and whose form or row changed', { previous: attempt('RolledBack', 'x') }, 'create'],
  ])('of %s', (_, change, kind) => {
    expect(creationOf(facts(change)).kind).toBe(kind);
  });

  it('is another attempt when form, values or overrides change, not when a resync or a pause is asked for', () => {
    const node = (annotations: Record<string, string>, spec = {}) => ({
      metadata: { annotations: { 'lynq.sh/extra': '{}', ...annotations } },
      spec: { formRevision: 'web-1', ...spec },
    });
    const base = attemptId(node({}));

    expect(attemptId(node({ 'lynq.sh/force-reconcile': 'x' }, { paused: true }))).toBe(base);
    for (const other of [
      node({ 'lynq.sh/extra': '{"a":"b"}' }),
      node({ 'lynq.sh/overrides': '{}' }),
      node({}, { formRevision: 'web-2' }),
    ])
      expect(attemptId(other)).not.toBe(base);
  });

  it('fails with the first entry that failed, and is complete when every entry is done', () => {
    const verdicts = (observed: Parameters<typeof seen>[0]) =>
      planWave(aPass({ a: {}, b: {} }, { observed: seen(observed) }));

    expect(creationFailure(verdicts({ a: live.ready, b: live.failed }))).toMatchObject({
      reason: 'BackoffLimitExceeded',
    });
    expect(creationFailure(verdicts({ a: live.ready, b: live.foreign }))).toMatchObject({ reason: 'ResourceConflict' });
    expect(creationFailure(verdicts({ a: live.ready, b: live.progressing }))).toBeUndefined();
    expect(isCreated(verdicts({ a: live.ready, b: live.progressing }))).toBe(false);
    expect(isCreated(verdicts({ a: live.ready, b: live.ready }))).toBe(true);
  });

  it('takes back what the attempt made and what may be deleted, nothing else', () => {
    const inventory = [
      aRecord('mine', { attempt: 'now' }),
      aRecord('kept', { attempt: 'now', policy: 'Retain' }),
      aRecord('older', { attempt: 'before' }),
      aRecord('there'),
    ];

    expect(madeBy(attempt('RollingBack'), inventory).map(({ id }) => id)).toEqual(['mine']);
  });

  it('lets the removal of a half-made node keep what was there before, and that of any other node as it is', () => {
    const inventory = [aRecord('mine', { attempt: 'now' }), aRecord('there')];
    const policies = (made: CreationAttempt | undefined) => removalRecord(made, inventory).map(({ policy }) => policy);

    expect(policies(attempt('Creating'))).toEqual(['Delete', 'Retain']);
    expect(policies(attempt('RollingBack'))).toEqual(['Delete', 'Retain']);
    expect(policies(attempt('RolledBack'))).toEqual(['Delete', 'Delete']);
    expect(policies(undefined)).toEqual(['Delete', 'Delete']);
  });

  it('does not say of a Namespace that another node of the row keeps that it is to stay', () => {
    const { uid: _, ...held } = aRecord('ns', { apiVersion: 'v1', kind: 'Namespace', name: 'of-acme' });
    expect(removalRecord(attempt('Creating'), [held])).toEqual([held]);
  });
});
