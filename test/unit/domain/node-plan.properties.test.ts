import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ResourceStatus } from '../../../domain/api/node.ts';
import type { TResource } from '../../../domain/api/resource.ts';
import type { Attempt, EntryVerdict, Observation, PassFacts } from '../../../domain/node-plan.ts';
import { planWave } from '../../../domain/node-plan.ts';
import { acyclicEntries } from '../../support/builders/arbitraries.ts';
import { aDigest, afterNoon, aPass, type Entries, live } from '../../support/builders/node-pass.ts';

const observation: fc.Arbitrary<Observation> = fc.oneof(
  fc.constantFrom<Observation>(...Object.values(live)),
  fc.record({
    kind: fc.constantFrom('ours' as const, 'orphan' as const),
    digest: fc.boolean().map((deleting) => aDigest({ deleting })),
  }),
);

const attempt: fc.Arbitrary<Attempt> = fc.oneof(
  fc.constant<Attempt>({ kind: 'conflicted', owner: 'someone' }),
  fc
    .constantFrom('MissingNamespace', 'QuotaExceeded', 'Invalid', 'Immutable')
    .map((reason): Attempt => ({ kind: 'refused', reason, message: 'no' })),
);

const entryChange: fc.Arbitrary<Partial<TResource>> = fc.record({
  skipOnDependencyFailure: fc.boolean(),
  creationPolicy: fc.constantFrom('Once' as const, 'WhenNeeded' as const),
  waitForReady: fc.boolean(),
  timeoutSeconds: fc.integer({ min: 1, max: 600 }),
});

const status: fc.Arbitrary<Omit<ResourceStatus, 'id' | 'kind' | 'name'>> = fc.record({
  state: fc.constantFrom('Pending', 'Waiting', 'Progressing', 'Ready', 'Failed', 'Conflicted', 'Skipped'),
  reason: fc.constantFrom('ReadinessTimeout', 'Invalid', 'NotYet'),
  since: fc.integer({ min: -1000, max: 0 }).map((seconds) => afterNoon(seconds).toISOString()),
});

/** Passes of every kind over a graph of up to ten entries. */
const pass: fc.Arbitrary<PassFacts> = acyclicEntries(10).chain((graph) => {
  const ids = graph.map(({ id }) => id);
  const each = <T>(arbitrary: fc.Arbitrary<T>) =>
    fc
      .array(arbitrary, { minLength: ids.length, maxLength: ids.length })
      .map((values) => new Map(ids.map((id, index) => [id, values[index] as T] as const)));
  const some = <T>(arbitrary: fc.Arbitrary<T>) =>
    each(fc.option(arbitrary, { freq: 3, nil: undefined })).map(
      (map) => new Map([...map].flatMap(([id, value]) => (value === undefined ? [] : [[id, value] as const]))),
    );
  return fc
    .record({
      changes: each(entryChange),
      observed: some(observation),
      attempts: some(attempt),
      baselines: some(fc.constantFrom('owned-0', 'owned-1')),
      previous: some(status),
      appliedAt: some(fc.integer({ min: -600, max: 0 }).map(afterNoon)),
      forced: fc.subarray(ids),
      inputChanged: fc.boolean(),
    })
    .map(({ changes, previous, forced, ...facts }) => {
      const entries: Entries = Object.fromEntries(
        graph.map(({ id, dependIds }) => [id, { ...changes.get(id), dependIds: [...dependIds] }]),
      );
      const reported = new Map(
        [...previous].map(([id, rest]) => [id, { id, kind: 'ConfigMap', name: `${id}-object`, ...rest }]),
      );
      return aPass(entries, { ...facts, previous: reported, forced: new Set(forced) });
    });
});

const entryOf = (facts: PassFacts, id: string): TResource => {
  const planned = facts.entries.get(id);
  if (planned?.kind !== 'desired') throw new Error(`no entry ${id}`);
  return planned.child.entry;
};

const satisfiesAnyway = (observed: Observation | undefined): boolean => {
  const isThere = observed?.kind === 'ours' || observed?.kind === 'held';
  return isThere && observed.digest.readiness.state === 'progressing' && observed.digest.readiness.satisfies === true;
};

/** A claim whose first consumer is not there yet satisfies its dependents although its timeout is over. */
const hasFailed = (verdict: EntryVerdict | undefined): boolean =>
  verdict?.done === false && ['Failed', 'Conflicted', 'Skipped'].includes(verdict.status.state);

describe('domain/node-plan', () => {
  it('never applies an entry before its dependencies are done, unless one failed and it is not to be skipped', () => {
    fc.assert(
      fc.property(pass, (facts) => {
        const verdicts = planWave(facts);
        for (const [id, { step }] of verdicts) {
          if (step !== 'apply') continue;
          const entry = entryOf(facts, id);
          const dependencies = (entry.dependIds ?? []).map((dependency) => verdicts.get(dependency));
          const failed = dependencies.some(hasFailed);
          if (failed) expect(entry.skipOnDependencyFailure).toBe(false);
          else for (const dependency of dependencies) expect(dependency?.done).toBe(true);
        }
      }),
    );
  });

  it('skips an entry exactly when a dependency failed and the entry allows it', () => {
    fc.assert(
      fc.property(pass, (facts) => {
        const verdicts = planWave(facts);
        for (const [id, { status: found }] of verdicts) {
          const entry = entryOf(facts, id);
          const failed = (entry.dependIds ?? []).some((dependency) => hasFailed(verdicts.get(dependency)));
          expect(found.state === 'Skipped').toBe(failed && entry.skipOnDependencyFailure);
        }
      }),
    );
  });

  it('answers the same facts the same, whatever the order of its maps, and changes none of them', () => {
    fc.assert(
      fc.property(pass, (facts) => {
        const reversed = <T>(map: ReadonlyMap<string, T>) => new Map([...map].toReversed());
        const before = structuredClone({ ...facts, graph: undefined });

        const first = planWave(facts);
        const again = planWave({
          ...facts,
          entries: reversed(facts.entries),
          observed: reversed(facts.observed),
          attempts: reversed(facts.attempts),
          previous: reversed(facts.previous),
          baselines: reversed(facts.baselines),
        });

        expect(again).toEqual(first);
        expect({ ...facts, graph: undefined }).toEqual(before);
      }),
    );
  });

  it('has one verdict per entry, whose time is never later than now', () => {
    fc.assert(
      fc.property(pass, (facts) => {
        const verdicts = planWave(facts);

        expect([...verdicts.keys()].toSorted()).toEqual([...facts.entries.keys()].toSorted());
        for (const { status: found } of verdicts.values())
          expect(new Date(found.since).getTime()).toBeLessThanOrEqual(facts.now.getTime());
      }),
    );
  });

  it('never writes an object of someone else, and never a Once object that is there', () => {
    fc.assert(
      fc.property(pass, (facts) => {
        for (const [id, { step }] of planWave(facts)) {
          const kind = facts.observed.get(id)?.kind;
          if (kind === 'foreign' || kind === 'held' || kind === 'claimed') expect(step).toBe('none');
          if (kind === 'ours' && entryOf(facts, id).creationPolicy === 'Once') expect(step).toBe('none');
        }
      }),
    );
  });

  it('lets dependents go on only after an object that exists, and ends every wait for readiness by a deadline', () => {
    fc.assert(
      fc.property(pass, (facts) => {
        for (const [id, { done, status: found, deadline }] of planWave(facts)) {
          const observed = facts.observed.get(id);
          if (done) expect(observed?.kind).toMatch(/^(?:ours|held)$/);
          const satisfies = satisfiesAnyway(observed);
          if (done && found.state !== 'Ready') expect(satisfies).toBe(true);
          expect(deadline !== undefined).toBe(found.state === 'Progressing');
          if (deadline) expect(deadline.getTime()).toBeGreaterThan(facts.now.getTime());
        }
      }),
    );
  });

  it('gives the same verdict to an entry whatever becomes of entries it does not depend on', () => {
    fc.assert(
      fc.property(pass, fc.nat(), (facts, pick) => {
        const ids = [...facts.entries.keys()];
        const chosen = ids[pick % Math.max(1, ids.length)];
        fc.pre(chosen !== undefined);
        const needed = new Set([chosen]);
        for (const id of facts.graph.order.toReversed())
          if (needed.has(id ?? ''))
            for (const dependency of facts.graph.dependencies.get(id) ?? []) needed.add(dependency);

        const others = new Map(
          [...facts.observed].map(([id, seen]) => [id, needed.has(id) ? seen : live.foreign] as const),
        );

        expect(planWave({ ...facts, observed: others }).get(chosen)).toEqual(planWave(facts).get(chosen));
      }),
    );
  });
});
