import { describe, expect, it } from 'vitest';
import { type Attempt, type ChildDigest, childSignature, isTrackedOnly, planWave } from '../../../domain/node-plan.ts';
import type { RefusedReason } from '../../../domain/ports.ts';
import {
  aDigest,
  afterNoon,
  aPass,
  graphOf,
  live,
  noon,
  overview,
  reported,
  seen,
  verdictOf,
} from '../../support/builders/node-pass.ts';
import { aChild, anEntry } from '../../support/builders/resources.ts';

const refused = (reason: RefusedReason): Attempt => ({ kind: 'refused', reason, message: 'the API server said no' });

describe('domain/node-plan', () => {
  describe('what can go now', () => {
    it('looks first at entries of which nothing is known', () => {
      expect(overview(aPass({ a: {}, b: {} }))).toEqual({ a: 'look Pending', b: 'look Pending' });
    });

    it('applies every absent entry whose dependencies are done, on whatever level of the graph it is', () => {
      const facts = aPass(
        {
          base: {},
          slow: {},
          top: { dependIds: ['base'] },
          higher: { dependIds: ['top'] },
          later: { dependIds: ['slow'] },
        },
        {
          observed: seen({
            base: live.ready,
            slow: live.progressing,
            top: live.ready,
            higher: live.absent,
            later: live.absent,
          }),
        },
      );

      expect(overview(facts)).toEqual({
        base: 'none Ready',
        slow: 'none Progressing',
        top: 'none Ready',
        higher: 'apply Pending',
        later: 'none Waiting',
      });
    });

    it('lets an entry that does not wait for readiness go on at once', () => {
      const facts = aPass(
        { base: { waitForReady: false }, top: { dependIds: ['base'] } },
        { observed: seen({ base: live.progressing, top: live.absent }) },
      );

      expect(overview(facts)).toEqual({ base: 'none Ready', top: 'apply Pending' });
    });

    it('names the dependency an entry waits for', () => {
      const facts = aPass(
        { base: {}, other: {}, top: { dependIds: ['base', 'other'] } },
        { observed: seen({ base: live.ready, other: live.progressing, top: live.absent }) },
      );

      expect(verdictOf(facts, 'top').status).toMatchObject({
        reason: 'DependencyNotReady',
        message: "waits for 'other'",
      });
    });

    it('does not apply a dependent while its dependency still has to be written', () => {
      const facts = aPass(
        { base: {}, top: { dependIds: ['base'] } },
        { observed: seen({ base: live.outdated, top: live.absent }) },
      );

      expect(overview(facts)).toEqual({ base: 'apply Pending', top: 'none Waiting' });
    });

    it('leaves an existing dependent as it is while its dependency is on its way', () => {
      const facts = aPass(
        { base: {}, top: { dependIds: ['base'] } },
        { observed: seen({ base: live.progressing, top: live.ready }) },
      );

      expect(overview(facts)).toEqual({ base: 'none Progressing', top: 'none Ready' });
    });

    it('holds a change back until the dependencies are done', () => {
      const facts = aPass(
        { base: {}, top: { dependIds: ['base'] } },
        { observed: seen({ base: live.progressing, top: live.outdated }) },
      );

      expect(overview(facts)).toMatchObject({ top: 'none Waiting' });
    });

    it('keeps everything that does not depend on a waiting or failed entry going', () => {
      const facts = aPass(
        {
          bad: {},
          stuck: {},
          afterBad: { dependIds: ['bad'] },
          afterStuck: { dependIds: ['stuck'] },
          free: {},
          afterFree: { dependIds: ['free'] },
        },
        {
          observed: seen({
            bad: live.failed,
            stuck: live.absent,
            afterBad: live.absent,
            afterStuck: live.absent,
            free: live.ready,
            afterFree: live.absent,
          }),
          attempts: new Map([['stuck', refused('QuotaExceeded')]]),
        },
      );

      expect(overview(facts)).toEqual({
        bad: 'none Failed',
        stuck: 'none Waiting',
        afterBad: 'none Skipped',
        afterStuck: 'none Waiting',
        free: 'none Ready',
        afterFree: 'apply Pending',
      });
    });

    it('waits while an object is being deleted', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: { kind: 'ours', digest: aDigest({ deleting: true }) } }) });

      expect(verdictOf(facts, 'a')).toMatchObject({
        step: 'none',
        done: false,
        status: { state: 'Waiting', reason: 'Terminating' },
      });
    });

    it('reports the kind and name of the object', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: live.ready }) });

      expect(verdictOf(facts, 'a').status).toEqual({
        id: 'a',
        kind: 'ConfigMap',
        name: 'a-object',
        state: 'Ready',
        since: noon.toISOString(),
      });
    });
  });

  describe('a claim that waits for its first consumer', () => {
    const entries = { claim: {}, consumer: { dependIds: ['claim'] } };

    it('satisfies its dependents although it is not ready', () => {
      const facts = aPass(entries, { observed: seen({ claim: live.firstConsumer, consumer: live.absent }) });

      expect(overview(facts)).toEqual({ claim: 'none Progressing', consumer: 'apply Pending' });
      expect(verdictOf(facts, 'claim').done).toBe(true);
    });

    it('satisfies its dependents still when its timeout is over', () => {
      const facts = aPass(entries, {
        observed: seen({ claim: live.firstConsumer, consumer: live.absent }),
        previous: reported('claim', 'Progressing', { since: afterNoon(-301).toISOString() }),
      });

      expect(overview(facts)).toMatchObject({ consumer: 'apply Pending' });
    });
  });

  describe('a dependency that failed', () => {
    const failing = {
      observed: seen({ bad: live.failed, top: live.absent, higher: live.absent, highest: live.absent }),
    };

    it('skips its dependents, and theirs', () => {
      const facts = aPass({ bad: {}, top: { dependIds: ['bad'] }, higher: { dependIds: ['top'] } }, failing);

      expect(overview(facts)).toEqual({ bad: 'none Failed', top: 'none Skipped', higher: 'none Skipped' });
      expect(verdictOf(facts, 'top').status).toMatchObject({
        reason: 'DependencyFailed',
        message: "dependency 'bad' failed",
      });
    });

    it('does not keep an entry with skipOnDependencyFailure=false from being applied', () => {
      const facts = aPass({ bad: {}, top: { dependIds: ['bad'], skipOnDependencyFailure: false } }, failing);

      expect(overview(facts)).toEqual({ bad: 'none Failed', top: 'apply Pending' });
    });

    it('does not keep an entry with skipOnDependencyFailure=false waiting for its other dependencies', () => {
      const facts = aPass(
        { bad: {}, slow: {}, top: { dependIds: ['slow', 'bad'], skipOnDependencyFailure: false } },
        { observed: seen({ bad: live.failed, slow: live.progressing, top: live.absent }) },
      );

      expect(overview(facts)).toMatchObject({ top: 'apply Pending' });
    });

    it('is outdone for those above an entry that proceeded and became ready', () => {
      const facts = aPass(
        { bad: {}, top: { dependIds: ['bad'], skipOnDependencyFailure: false }, higher: { dependIds: ['top'] } },
        { observed: seen({ bad: live.failed, top: live.ready, higher: live.absent }) },
      );

      expect(overview(facts)).toEqual({ bad: 'none Failed', top: 'none Ready', higher: 'apply Pending' });
    });

    it('skips dependents that exist already without touching them', () => {
      const facts = aPass(
        { bad: {}, top: { dependIds: ['bad'] } },
        { observed: seen({ bad: live.failed, top: live.outdated }) },
      );

      expect(overview(facts)).toMatchObject({ top: 'none Skipped' });
    });

    it.each([
      ['a conflict', seen({ bad: live.foreign, top: live.absent }), new Map<string, Attempt>()],
      ['a final refusal', seen({ bad: live.absent, top: live.absent }), new Map([['bad', refused('Invalid')]])],
    ])('counts as failed after %s', (_, observed, attempts) => {
      const facts = aPass({ bad: {}, top: { dependIds: ['bad'] } }, { observed, attempts });

      expect(overview(facts)).toMatchObject({ top: 'none Skipped' });
    });

    it('makes way again as soon as it is ready', () => {
      const facts = aPass(
        { bad: {}, top: { dependIds: ['bad'] } },
        { observed: seen({ bad: live.ready, top: live.absent }), previous: reported('top', 'Skipped') },
      );

      expect(overview(facts)).toEqual({ bad: 'none Ready', top: 'apply Pending' });
    });
  });

  describe('writes', () => {
    it('writes an object whose applied hash is another one', () => {
      expect(overview(aPass({ a: {} }, { observed: seen({ a: live.outdated }) }))).toEqual({ a: 'apply Pending' });
    });

    it('leaves an object with the hash that an earlier version put on it for the same content', () => {
      const before = { kind: 'ours', digest: aDigest({ appliedHash: 'former-1' }) } as const;
      const written = new Map([['a', 'former-1']]);
      expect(overview(aPass({ a: {} }, { observed: seen({ a: before }), written }))).toEqual({ a: 'none Ready' });
      expect(overview(aPass({ a: {} }, { observed: seen({ a: before }) }))).toEqual({ a: 'none Ready' });
    });

    it('writes an object that bears no applied hash', () => {
      const observed = seen({ a: { kind: 'ours', digest: aDigest({ appliedHash: undefined }) } });

      expect(overview(aPass({ a: {} }, { observed }))).toEqual({ a: 'apply Pending' });
    });

    it('writes nothing at rest', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: live.ready }), baselines: new Map([['a', 'owned-1']]) });

      expect(overview(facts)).toEqual({ a: 'none Ready' });
    });

    it('writes an object whose owned fields differ from the baseline', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: live.ready }), baselines: new Map([['a', 'owned-0']]) });

      expect(overview(facts)).toEqual({ a: 'apply Pending' });
    });

    it('writes an object that lost every field we own', () => {
      const observed = seen({ a: { kind: 'ours', digest: aDigest({ ownedHash: undefined }) } });

      expect(overview(aPass({ a: {} }, { observed, baselines: new Map([['a', 'owned-1']]) }))).toEqual({
        a: 'apply Pending',
      });
    });

    it('writes nothing when there is no baseline to compare with', () => {
      expect(overview(aPass({ a: {} }, { observed: seen({ a: live.ready }) }))).toEqual({ a: 'none Ready' });
    });

    it('writes a forced entry although nothing differs', () => {
      const facts = aPass(
        { a: {}, b: {} },
        { observed: seen({ a: live.ready, b: live.ready }), forced: new Set(['a']) },
      );

      expect(overview(facts)).toEqual({ a: 'apply Pending', b: 'none Ready' });
    });

    it('takes an orphan of this node back', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: { kind: 'orphan', digest: aDigest() } }) });

      expect(overview(facts)).toEqual({ a: 'apply Pending' });
    });
  });

  describe('a fight over a field', () => {
    const fight = (until: number) => new Map([['a', { until: afterNoon(until), message: 'who and what' }]]);
    const drifted = { observed: seen({ a: live.ready }), baselines: new Map([['a', 'owned-0']]) };

    it('is a waiting state until the object may be put right again', () => {
      expect(verdictOf(aPass({ a: {} }, { ...drifted, fights: fight(60) }), 'a')).toMatchObject({
        step: 'none',
        done: false,
        deadline: afterNoon(60),
        status: { state: 'Waiting', reason: 'FieldFight', message: 'who and what' },
      });
      expect(overview(aPass({ a: {} }, { ...drifted, fights: fight(0) }))).toEqual({ a: 'apply Pending' });
    });

    it('holds back a new object as well, when the old one is deleted again and again', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: live.absent }), fights: fight(60) });
      expect(overview(facts)).toEqual({ a: 'none Waiting' });
    });

    it('holds back nothing that is as it should be, or that someone asked for', () => {
      const rest = { observed: seen({ a: live.ready }), baselines: new Map([['a', 'owned-1']]) };
      expect(overview(aPass({ a: {} }, { ...rest, fights: fight(60) }))).toEqual({ a: 'none Ready' });
      const forced = aPass({ a: {} }, { ...drifted, fights: fight(60), forced: new Set(['a']) });
      expect(overview(forced)).toEqual({ a: 'apply Pending' });
    });
  });

  describe('Once', () => {
    const once = { a: { creationPolicy: 'Once' } } as const;

    it('is created when it is absent', () => {
      expect(overview(aPass(once, { observed: seen({ a: live.absent }) }))).toEqual({ a: 'apply Pending' });
    });

    it.each([
      ['its form changed', { observed: seen({ a: live.outdated }) }],
      ['it was edited', { observed: seen({ a: live.ready }), baselines: new Map([['a', 'owned-0']]) }],
      ['a resync is forced', { observed: seen({ a: live.ready }), forced: new Set(['a']) }],
      ['values changed', { observed: seen({ a: live.outdated }), inputChanged: true }],
    ])('is never written again when %s', (_, change) => {
      expect(overview(aPass(once, change))).toEqual({ a: 'none Ready' });
    });

    it('still counts by its readiness', () => {
      const entries = { ...once, top: { dependIds: ['a'] } };

      expect(overview(aPass(entries, { observed: seen({ a: live.progressing, top: live.absent }) }))).toEqual({
        a: 'none Progressing',
        top: 'none Waiting',
      });
      expect(overview(aPass(entries, { observed: seen({ a: live.failed, top: live.absent }) }))).toEqual({
        a: 'none Failed',
        top: 'none Skipped',
      });
    });

    it('is adopted when the row returns', () => {
      const observed = seen({ a: { kind: 'orphan', digest: aDigest() } });

      expect(overview(aPass(once, { observed }))).toEqual({ a: 'apply Pending' });
    });
  });

  describe('objects of others', () => {
    it('are conflicts that name the holder and are never written, not even when forced', () => {
      const facts = aPass(
        { a: {} },
        { observed: seen({ a: live.foreign }), forced: new Set(['a']), inputChanged: true },
      );

      expect(verdictOf(facts, 'a')).toMatchObject({
        step: 'none',
        done: false,
        status: { state: 'Conflicted', reason: 'ResourceConflict', message: 'held by Deployment someone-else' },
      });
    });

    it('are not taken with conflictPolicy Force either', () => {
      const facts = aPass({ a: { conflictPolicy: 'Force' } }, { observed: seen({ a: live.foreign }) });

      expect(overview(facts)).toEqual({ a: 'none Conflicted' });
    });

    it('hold fields of an object of ours: a conflict that names the manager', () => {
      const facts = aPass(
        { a: {} },
        {
          observed: seen({ a: live.outdated }),
          attempts: new Map([['a', { kind: 'conflicted', owner: 'field manager hpa (.spec.replicas)' }]]),
        },
      );

      expect(verdictOf(facts, 'a')).toMatchObject({
        step: 'none',
        status: { state: 'Conflicted', message: 'held by field manager hpa (.spec.replicas)' },
      });
    });

    it('that gave way make room for the next attempt', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: live.absent }), previous: reported('a', 'Conflicted') });

      expect(overview(facts)).toEqual({ a: 'apply Pending' });
    });
  });

  describe('refusals', () => {
    const final: readonly RefusedReason[] = ['Invalid', 'Immutable', 'TooLarge'];
    const retried: readonly RefusedReason[] = [
      'MissingNamespace',
      'TerminatingNamespace',
      'MissingKind',
      'QuotaExceeded',
      'Forbidden',
      'AdmissionDenied',
    ];
    const absent = { observed: seen({ a: live.absent }) };

    it.each(final)('%s fails the entry with the reason of the API server', (reason) => {
      const facts = aPass({ a: {} }, { ...absent, attempts: new Map([['a', refused(reason)]]) });

      expect(verdictOf(facts, 'a')).toMatchObject({
        step: 'none',
        status: { state: 'Failed', reason, message: 'the API server said no' },
      });
    });

    it.each(retried)('%s is a waiting state with a reason', (reason) => {
      const facts = aPass({ a: {} }, { ...absent, attempts: new Map([['a', refused(reason)]]) });

      expect(verdictOf(facts, 'a')).toMatchObject({ step: 'none', done: false, status: { state: 'Waiting', reason } });
    });

    it.each(final)('%s of an earlier pass is not sent again and keeps its words and its time', (reason) => {
      const since = afterNoon(-3600).toISOString();
      const previous = reported('a', 'Failed', { reason, message: 'said before', since });

      expect(verdictOf(aPass({ a: {} }, { ...absent, previous }), 'a')).toMatchObject({
        step: 'none',
        status: { state: 'Failed', reason, message: 'said before', since },
      });
    });

    it.each([
      ['the input changed', { inputChanged: true }],
      ['a resync is forced', { forced: new Set(['a']) }],
    ])('a final refusal of an earlier pass is tried again when %s', (_, change) => {
      const previous = reported('a', 'Failed', { reason: 'Invalid', message: 'said before' });

      expect(overview(aPass({ a: {} }, { ...absent, previous, ...change }))).toEqual({ a: 'apply Pending' });
    });

    it('what was refused of an object that has gone since says nothing about a new one', () => {
      const previous = reported('a', 'Failed', { reason: 'Invalid', message: 'said before' });
      const facts = aPass({ a: {} }, { ...absent, previous, baselines: new Map([['a', 'owned-1']]) });

      expect(overview(facts)).toEqual({ a: 'apply Pending' });
    });

    it.each(retried)('%s of an earlier pass is tried again', (reason) => {
      const previous = reported('a', 'Waiting', { reason, message: 'said before' });

      expect(overview(aPass({ a: {} }, { ...absent, previous }))).toEqual({ a: 'apply Pending' });
    });

    it('does not hide that an object of ours became what it should be', () => {
      const previous = reported('a', 'Failed', { reason: 'Immutable', message: 'said before' });

      expect(overview(aPass({ a: {} }, { observed: seen({ a: live.ready }), previous }))).toEqual({ a: 'none Ready' });
    });
  });

  describe('entries that cannot be made into an object', () => {
    const facts = (state: 'Failed' | 'Waiting') =>
      aPass(
        { bad: {}, top: { dependIds: ['bad'] }, other: {} },
        {
          entries: new Map([
            ...aPass({ top: { dependIds: [] }, other: {} }).entries,
            ...aPass({ bad: {}, top: { dependIds: ['bad'] } }).entries,
            [
              'bad',
              {
                kind: 'broken',
                entry: anEntry('bad'),
                state,
                reason: 'TemplateRenderError',
                message: 'no such variable',
              },
            ],
          ]),
          observed: seen({ top: live.absent, other: live.absent }),
        },
      );

    it('fail with the reason and skip their dependents only', () => {
      expect(overview(facts('Failed'))).toEqual({ bad: 'none Failed', top: 'none Skipped', other: 'apply Pending' });
      expect(verdictOf(facts('Failed'), 'bad').status).toMatchObject({
        kind: 'ConfigMap',
        reason: 'TemplateRenderError',
        message: 'no such variable',
      });
    });

    it('hold their dependents back while they wait for something outside', () => {
      expect(overview(facts('Waiting'))).toEqual({ bad: 'none Waiting', top: 'none Waiting', other: 'apply Pending' });
    });
  });

  describe('the readiness clock', () => {
    const observed = seen({ a: live.progressing });
    const since = (seconds: number) => ({ since: afterNoon(seconds).toISOString() });

    it('starts when the object became unready, however long ago it was applied', () => {
      const facts = aPass({ a: {} }, { observed, previous: reported('a', 'Ready', since(-100_000)) });

      expect(verdictOf(facts, 'a')).toMatchObject({
        status: { state: 'Progressing', since: noon.toISOString() },
        deadline: afterNoon(300),
      });
    });

    it('starts when the object was written', () => {
      const facts = aPass({ a: {} }, { observed, appliedAt: new Map([['a', afterNoon(-10)]]) });

      expect(verdictOf(facts, 'a')).toMatchObject({ status: since(-10), deadline: afterNoon(290) });
    });

    it('goes on while the object stays on its way', () => {
      const facts = aPass({ a: {} }, { observed, previous: reported('a', 'Progressing', since(-200)) });

      expect(verdictOf(facts, 'a')).toMatchObject({
        status: { state: 'Progressing', ...since(-200) },
        deadline: afterNoon(100),
      });
    });

    it('starts anew with a new write', () => {
      const facts = aPass(
        { a: {} },
        { observed, previous: reported('a', 'Progressing', since(-299)), appliedAt: new Map([['a', afterNoon(-1)]]) },
      );

      expect(verdictOf(facts, 'a')).toMatchObject({
        status: { state: 'Progressing', ...since(-1) },
        deadline: afterNoon(299),
      });
    });

    it.each([
      { elapsed: 299, state: 'Progressing' },
      { elapsed: 300, state: 'Failed' },
      { elapsed: 301, state: 'Failed' },
    ])('finds the entry $state after $elapsed of 300 seconds', ({ elapsed, state }) => {
      const facts = aPass({ a: {} }, { observed, previous: reported('a', 'Progressing', since(-elapsed)) });

      expect(verdictOf(facts, 'a').status.state).toBe(state);
    });

    it('fails the entry with reason ReadinessTimeout, tells what was missing and skips its dependents', () => {
      const facts = aPass(
        { a: {}, top: { dependIds: ['a'] } },
        {
          observed: seen({ a: live.progressing, top: live.absent }),
          previous: reported('a', 'Progressing', since(-300)),
        },
      );

      expect(verdictOf(facts, 'a').status).toMatchObject({ state: 'Failed', reason: 'ReadinessTimeout' });
      expect(verdictOf(facts, 'a').status.message).toContain('is on its way');
      expect(verdictOf(facts, 'a')).not.toHaveProperty('deadline');
      expect(overview(facts)).toMatchObject({ top: 'none Skipped' });
    });

    it('leaves a timed-out entry failed until it is ready', () => {
      const timedOut = reported('a', 'Failed', { reason: 'ReadinessTimeout', message: 'too late', ...since(-60) });

      expect(verdictOf(aPass({ a: {} }, { observed, previous: timedOut }), 'a')).toMatchObject({
        done: false,
        status: { state: 'Failed', reason: 'ReadinessTimeout', message: 'too late', ...since(-60) },
      });
      expect(overview(aPass({ a: {} }, { observed: seen({ a: live.ready }), previous: timedOut }))).toEqual({
        a: 'none Ready',
      });
    });

    it('gives a timed-out entry its whole time again when it is written again', () => {
      const timedOut = reported('a', 'Failed', { reason: 'ReadinessTimeout', message: 'too late', ...since(-60) });
      const facts = aPass({ a: {} }, { observed, previous: timedOut, appliedAt: new Map([['a', noon]]) });

      expect(verdictOf(facts, 'a')).toMatchObject({ status: { state: 'Progressing' }, deadline: afterNoon(300) });
    });

    it('starts when the object became unready also in the pass that wrote it', () => {
      const facts = aPass(
        { a: {} },
        { observed, previous: reported('a', 'Ready', since(-390)), appliedAt: new Map([['a', afterNoon(-400)]]) },
      );

      expect(verdictOf(facts, 'a')).toMatchObject({
        status: { state: 'Progressing', since: noon.toISOString() },
        deadline: afterNoon(300),
      });
    });

    it('goes on from when the object became unready, also in the pass that wrote it', () => {
      const facts = aPass(
        { a: {} },
        { observed, previous: reported('a', 'Progressing', since(-100)), appliedAt: new Map([['a', afterNoon(-400)]]) },
      );

      expect(verdictOf(facts, 'a')).toMatchObject({ status: { state: 'Progressing' }, deadline: afterNoon(200) });
    });

    it('keeps the time of a timeout also in the pass that wrote the object', () => {
      const timedOut = reported('a', 'Failed', { reason: 'ReadinessTimeout', message: 'too late', ...since(-60) });
      const facts = aPass({ a: {} }, { observed, previous: timedOut, appliedAt: new Map([['a', afterNoon(-360)]]) });

      expect(verdictOf(facts, 'a').status).toMatchObject({ state: 'Failed', ...since(-60) });
    });

    it('does not run for entries that do not wait for readiness', () => {
      const facts = aPass(
        { a: { waitForReady: false } },
        { observed, previous: reported('a', 'Progressing', since(-3600)) },
      );

      expect(verdictOf(facts, 'a')).toMatchObject({ done: true, status: { state: 'Ready' } });
    });

    it('does not run while something outside is missing', () => {
      const facts = aPass(
        { a: {} },
        {
          observed: seen({ a: live.absent }),
          attempts: new Map([['a', refused('QuotaExceeded')]]),
          previous: reported('a', 'Waiting', { reason: 'QuotaExceeded', ...since(-100_000) }),
        },
      );

      expect(verdictOf(facts, 'a').status).toMatchObject({ state: 'Waiting', ...since(-100_000) });
    });

    it('uses the timeout of the entry', () => {
      const facts = aPass(
        { a: { timeoutSeconds: 1 } },
        { observed, previous: reported('a', 'Progressing', since(-1)) },
      );

      expect(verdictOf(facts, 'a').status.state).toBe('Failed');
    });

    it('does not wait for a timeout when the object says that it failed', () => {
      const facts = aPass({ a: {} }, { observed: seen({ a: live.failed }), appliedAt: new Map([['a', noon]]) });

      expect(verdictOf(facts, 'a').status).toMatchObject({ state: 'Failed', reason: 'BackoffLimitExceeded' });
    });
  });

  describe('since', () => {
    it('stays while the state does and moves when the state does', () => {
      const before = afterNoon(-500).toISOString();
      const observed = seen({ a: live.ready });

      expect(
        verdictOf(aPass({ a: {} }, { observed, previous: reported('a', 'Ready', { since: before }) }), 'a').status
          .since,
      ).toBe(before);
      expect(
        verdictOf(aPass({ a: {} }, { observed, previous: reported('a', 'Failed', { since: before }) }), 'a').status
          .since,
      ).toBe(noon.toISOString());
    });
  });

  it('has no verdict for an id that is in the graph but not in the plan', () => {
    const facts = aPass(
      { a: {} },
      {
        graph: graphOf([
          { id: 'a', dependIds: [] },
          { id: 'ghost', dependIds: [] },
        ]),
      },
    );

    expect([...planWave(facts).keys()]).toEqual(['a']);
  });

  describe('childSignature', () => {
    it('changes with everything a pass acts on, and with nothing else', () => {
      const base = childSignature(aDigest());

      expect(childSignature(undefined)).not.toBe(base);
      for (const change of [
        { uid: 'other' },
        { deleting: true },
        { readiness: live.failed.digest.readiness },
        { appliedHash: 'hash-2' },
        { ownedHash: 'owned-2' },
      ])
        expect(childSignature(aDigest(change))).not.toBe(base);
      expect(childSignature(aDigest({ resourceVersion: '8' }))).toBe(base);
    });
  });

  describe('driftPolicy', () => {
    const written = new Map([['a', 'hash-1']]);
    const baselines = new Map([['a', 'owned-1']]);
    const drifted = { kind: 'ours', digest: aDigest({ ownedHash: 'owned-2' }) } as const;
    const report = { written, baselines, reportDrift: true };

    it('Report tells what someone else changed and leaves it, and dependents go on', () => {
      const facts = aPass(
        { a: {}, b: { dependIds: ['a'] } },
        { ...report, observed: seen({ a: drifted, b: live.absent }) },
      );

      expect(verdictOf(facts, 'a')).toMatchObject({ step: 'none', drifted: true, done: true });
      expect(verdictOf(facts, 'a').status).toMatchObject({ state: 'Ready', reason: 'Drifted' });
      expect(verdictOf(facts, 'b').step).toBe('apply');
    });

    it('Report tells what is wrong with a drifted object rather than that it drifted', () => {
      const digest = aDigest({
        ownedHash: 'owned-2',
        readiness: { state: 'progressing', reason: 'NotYet', message: '' },
      });
      const facts = aPass({ a: {} }, { ...report, observed: seen({ a: { kind: 'ours', digest } }) });

      expect(verdictOf(facts, 'a')).toMatchObject({
        drifted: true,
        status: { state: 'Progressing', reason: 'NotYet' },
      });
    });

    it.each([
      ['Correct', { reportDrift: false }],
      ['Report when the form or the row say something else', { written: new Map([['a', 'hash-0']]) }],
      ['Report when a resync is asked for', { forced: new Set(['a']) }],
      ['Report when nobody knows what was written', { baselines: new Map([['a', '']]) }],
    ])('%s writes it', (_, change) => {
      expect(verdictOf(aPass({ a: {} }, { ...report, observed: seen({ a: drifted }), ...change }), 'a').step).toBe(
        'apply',
      );
    });

    it('Report makes an object again that someone deleted', () => {
      expect(verdictOf(aPass({ a: {} }, { ...report, observed: seen({ a: live.absent }) }), 'a').step).toBe('apply');
    });
  });

  describe('what holds for all entries', () => {
    it('is that nothing is looked at or made while the node waits for another form', () => {
      const gate = { reason: 'WaitingForForm', message: 'starts later' };

      expect(overview(aPass({ a: {}, b: { dependIds: ['a'] } }, { gate }))).toEqual({
        a: 'none Waiting',
        b: 'none Waiting',
      });
    });

    it('is that nothing is made after a rollback, and that what failed is still said', () => {
      const previous = reported('a', 'Failed', { reason: 'ReadinessTimeout', message: 'too late' });
      const facts = aPass({ a: {}, b: {} }, { previous, rolledBack: { message: 'taken back' } });

      expect(overview(facts)).toEqual({ a: 'none Failed', b: 'none Skipped' });
      expect(verdictOf(facts, 'a').status).toMatchObject({ reason: 'ReadinessTimeout', message: 'too late' });
      expect(verdictOf(facts, 'b').status).toMatchObject({ reason: 'RolledBack', message: 'taken back' });
    });
  });

  describe('an object that is made once and has no tracking label', () => {
    const once = { creationPolicy: 'Once' } as const;
    const untracked = (change: Partial<ChildDigest> = {}) => ({
      kind: 'ours' as const,
      digest: aDigest({ untracked: true, appliedHash: 'hash-0', ...change }),
    });

    it('gets its labels, so that the watch shows it, and nothing else is written', () => {
      const facts = aPass({ a: once }, { observed: seen({ a: untracked() }), baselines: new Map([['a', 'owned-1']]) });

      expect(verdictOf(facts, 'a').step).toBe('apply');
      expect(isTrackedOnly(aChild('a', once), untracked())).toBe(true);
    });

    it('is applied in full where it was never applied, and never where it may change', () => {
      expect(isTrackedOnly(aChild('a', once), untracked({ appliedHash: undefined }))).toBe(false);
      expect(isTrackedOnly(aChild('a'), untracked())).toBe(false);
    });
  });

  describe('an object that is made once and has an owner', () => {
    const owned = { kind: 'ours' as const, digest: aDigest({ owned: true }) };
    const step = (entry: NonNullable<Parameters<typeof aChild>[1]>) =>
      verdictOf(aPass({ a: entry }, { observed: seen({ a: owned }), baselines: new Map([['a', 'owned-1']]) }), 'a')
        .step;

    it('loses it when it has come to be retained, and nothing else is written', () => {
      const kept = { creationPolicy: 'Once', deletionPolicy: 'Retain' } as const;

      expect(step(kept)).toBe('apply');
      expect(isTrackedOnly(aChild('a', kept), owned)).toBe(true);
    });

    it('keeps it as long as it is to go with its node', () => {
      expect(step({ creationPolicy: 'Once' })).toBe('none');
      expect(isTrackedOnly(aChild('a', { creationPolicy: 'Once' }), owned)).toBe(false);
      expect(isTrackedOnly(aChild('a', { deletionPolicy: 'Retain' }), owned)).toBe(false);
    });
  });
});
