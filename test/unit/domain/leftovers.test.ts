import { describe, expect, it } from 'vitest';
import type { InventoryEntry } from '../../../domain/api/node.ts';
import { awaitingLeftovers, freeLeftovers, leftoversOf, pinnedLeftovers } from '../../../domain/leftovers.ts';
import { refKey } from '../../../domain/child.ts';
import type { TResource } from '../../../domain/api/resource.ts';
import { type Attempt, type PassFacts, type PlannedEntry, planWave } from '../../../domain/node-plan.ts';
import type { RefusedReason } from '../../../domain/ports.ts';
import { anEntry } from '../../support/builders/resources.ts';
import { afterNoon, aPass, type Entries, live, reported, seen } from '../../support/builders/node-pass.ts';

const old = (id: string, change: Partial<InventoryEntry> = {}): InventoryEntry => ({
  id,
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace: 'tenants',
  name: `${id}-before`,
  policy: 'Delete',
  ...change,
});
const refused = (reason: RefusedReason): Attempt => ({ kind: 'refused', reason, message: 'the API server said no' });

/** Ids of the leftovers that may go; entries are absent where nothing is said of them. */
function free(
  leftovers: readonly InventoryEntry[],
  entries: Entries,
  facts: {
    readonly observed?: Parameters<typeof seen>[0];
    readonly attempts?: Readonly<Record<string, Attempt>>;
    readonly fights?: ReadonlyMap<string, { readonly until: Date; readonly message: string }>;
  } = {},
): readonly string[] {
  const absent = Object.fromEntries(Object.keys(entries).map((id) => [id, live.absent]));
  const pass = aPass(entries, {
    observed: seen({ ...absent, ...facts.observed }),
    attempts: new Map(Object.entries(facts.attempts ?? {})),
    ...(facts.fights === undefined ? {} : { fights: facts.fights }),
  });
  return freeLeftovers(leftovers, { entries: pass.entries, verdicts: planWave(pass) }).map(({ id }) => id);
}

describe('domain/leftovers', () => {
  it('lets an object of an entry that was removed go, whatever the others wait for', () => {
    const waiting = { slow: {}, room: {}, kind: {} };
    const attempts = { room: refused('QuotaExceeded'), kind: refused('MissingKind') };

    expect(free([old('removed')], waiting, { observed: { slow: live.progressing }, attempts })).toEqual(['removed']);
  });

  it('keeps what a new object takes the place of until that one is ready or has failed', () => {
    expect(free([old('a')], { a: {} }, { observed: { a: live.progressing } })).toEqual([]);
    expect(free([old('a')], { a: {} }, { observed: { a: live.ready } })).toEqual(['a']);
    expect(free([old('a')], { a: {} }, { observed: { a: live.failed } })).toEqual(['a']);
    expect(free([old('a')], { a: {} }, { observed: { a: live.foreign } })).toEqual(['a']);
    expect(free([old('a')], { a: {} }, { attempts: { a: refused('Invalid') } })).toEqual(['a']);
  });

  it('keeps it while the new one waits for something that its going would not bring', () => {
    for (const reason of ['MissingNamespace', 'TerminatingNamespace', 'MissingKind', 'Forbidden'] as const)
      expect([reason, free([old('a')], { a: {} }, { attempts: { a: refused(reason) } })]).toEqual([reason, []]);
    const behind = { base: {}, a: { dependIds: ['base'] } };
    expect(free([old('a')], behind, { observed: { base: live.progressing } })).toEqual([]);
  });

  it('lets it go where the new one may be refused because of it', () => {
    expect(free([old('a')], { a: {} }, { attempts: { a: refused('AdmissionDenied') } })).toEqual(['a']);
    expect(free([old('a')], { a: {} }, { attempts: { a: refused('QuotaExceeded') } })).toEqual(['a']);
  });

  it('knows that a quota is a matter of one namespace', () => {
    const elsewhere = old('a', { namespace: 'other' });
    expect(free([elsewhere], { a: {} }, { attempts: { a: refused('QuotaExceeded') } })).toEqual([]);
  });

  it('lets what waits behind a refused one make way too, since it goes first', () => {
    const entries = { a: {}, b: { dependIds: ['a'] } };
    const leftovers = [old('a'), old('b', { dependIds: ['a'] })];
    expect(free(leftovers, entries, { attempts: { a: refused('QuotaExceeded') } })).toEqual(['a', 'b']);
    expect(free(leftovers, entries, { observed: { a: live.progressing } })).toEqual([]);
  });

  it('lets it go when the new one is there and somebody else fights over it', () => {
    const fights = new Map([['a', { until: afterNoon(60), message: 'changed again and again' }]]);
    expect(free([old('a')], { a: {} }, { observed: { a: live.outdated }, fights })).toEqual(['a']);
  });

  it('keeps what one that stays depends on, and the namespace it is in', () => {
    const leftovers = [
      old('config'),
      old('api', { dependIds: ['config'], namespace: 'acme' }),
      old('space', { kind: 'Namespace', namespace: undefined, name: 'acme' }),
      old('other'),
    ];
    expect(free(leftovers, { api: {} }, { observed: { api: live.progressing } })).toEqual(['other']);
    expect(free(leftovers, { api: {} }, { observed: { api: live.ready } })).toEqual([
      'config',
      'api',
      'space',
      'other',
    ]);
  });

  describe('of entries that were not tried since one they depend on failed', () => {
    const chain = { a: {}, b: { dependIds: ['a'] }, c: { dependIds: ['b'] } };
    const leftovers = [old('a'), old('b', { dependIds: ['a'] }), old('c', { dependIds: ['b'] }), old('removed')];
    const failedAs = (reason: string) => ({
      observed: seen({ a: live.failed, b: live.absent, c: live.absent }),
      previous: reported('a', 'Failed', { reason }),
    });
    const freeAfter = (facts: Partial<PassFacts>) => {
      const pass = aPass(chain, { observed: seen({ a: live.absent, b: live.absent, c: live.absent }), ...facts });
      const verdicts = planWave(pass);
      expect(verdicts.get('c')?.status).toMatchObject({ state: 'Skipped', reason: 'DependencyFailed' });
      return freeLeftovers(leftovers, { entries: pass.entries, verdicts }).map(({ id }) => id);
    };

    it('keeps them, with what they depend on, while that one may still become ready', () => {
      expect(freeAfter(failedAs('BackoffLimitExceeded'))).toEqual(['removed']);
      const late = { observed: seen({ a: live.progressing, b: live.absent, c: live.absent }), now: afterNoon(301) };
      expect(freeAfter({ ...late, previous: reported('a', 'Progressing') })).toEqual(['removed']);
    });

    it('keeps them while that one cannot be rendered: its own object stays too', () => {
      const pass = aPass(chain, { observed: seen({ b: live.absent, c: live.absent }) });
      const broken = { kind: 'broken', state: 'Failed', reason: 'TemplateRenderError', message: '' } as const;
      const entries = new Map([...pass.entries, ['a', { ...broken, entry: anEntry('a') }] as const]);
      const verdicts = planWave({ ...pass, entries });
      const [, b, c, removed] = leftovers;
      expect(freeLeftovers([b!, c!, removed!], { entries, verdicts }).map(({ id }) => id)).toEqual(['removed']);
    });

    it.each(['Invalid', 'Immutable', 'TooLarge'] as const)('lets them go when that one was refused as %s', (reason) => {
      expect(freeAfter({ attempts: new Map([['a', refused(reason)]]) })).toEqual(['a', 'b', 'c', 'removed']);
    });

    it('says of them what they wait for, and of nothing else that it waits', () => {
      const saidAfter = (facts: Partial<PassFacts>, list = leftovers) => {
        const pass = aPass(chain, facts);
        const kept = awaitingLeftovers(list, { entries: pass.entries, verdicts: planWave(pass) });
        return kept.map(({ entry, why }) => `${entry.id}: ${why}`);
      };
      const texts = ['b: AwaitsReplacement by b', 'c: AwaitsReplacement by c', 'a: NeededBy b'];
      expect(saidAfter(failedAs('BackoffLimitExceeded'))).toEqual(texts);
      expect(saidAfter(failedAs('BackoffLimitExceeded'), leftovers.toReversed())).toEqual(texts);
      expect(saidAfter({ observed: seen({ a: live.progressing, b: live.absent, c: live.absent }) })).toEqual([]);
      expect(saidAfter({ observed: seen({ a: live.foreign, b: live.absent, c: live.absent }) })).toEqual([]);
    });

    it('lets them go when that one is held by someone else', () => {
      expect(freeAfter({ observed: seen({ a: live.foreign }) })).toEqual(['a', 'b', 'c', 'removed']);
    });
  });

  it('names what is on record under other coordinates than the form has, but not of an entry that cannot be rendered', () => {
    const { entries } = aPass({ a: {}, b: {} });
    const wanted = [...entries.values()].flatMap((entry) => (entry.kind === 'desired' ? [entry.child] : []));
    const record = new Map([
      ['x', old('a')],
      ['y', old('b')],
      ...wanted.map(({ ref, id }) => [`/${ref.kind}/${ref.namespace}/${ref.name}`, old(id)] as const),
    ]);
    expect(leftoversOf(record, entries)).toEqual([old('a'), old('b')]);
    const broken = { kind: 'broken', state: 'Failed', reason: 'TemplateRenderError', message: '' } as const;
    const entry = wanted[1]?.entry ?? expect.fail('no entry');
    expect(leftoversOf(record, new Map([...entries, ['b', { ...broken, entry }]])).map(({ id }) => id)).toEqual(['a']);
  });

  describe('while an entry cannot be rendered whose id is not on record', () => {
    const broken = (id: string, spec: TResource['spec']): readonly [string, PlannedEntry] => [
      id,
      { kind: 'broken', entry: anEntry(id, { spec }), state: 'Failed', reason: 'TemplateRenderError', message: '' },
    ];
    const db = old('db', { apiVersion: 'example.com/v1', kind: 'Database', dependIds: ['config'] });
    const leftovers = (record: readonly InventoryEntry[], ...entries: readonly (readonly [string, PlannedEntry])[]) =>
      leftoversOf(new Map(record.map((entry) => [refKey(entry), entry])), new Map(entries)).map(({ id }) => id);

    it('keeps what is of its kind, since it may be that under another id, and what that depends on', () => {
      const record = [db, old('config'), old('other')];
      const renamed = broken('database', { apiVersion: 'example.com/v2', kind: 'Database' });
      expect(leftovers(record, renamed)).toEqual(['other']);
      expect(leftovers(record, broken('database', { apiVersion: 'other.example.com/v1', kind: 'Database' }))).toEqual([
        'db',
        'config',
        'other',
      ]);
    });

    it('says which entry they are kept for, but not of the object that an entry has under its own id', () => {
      const record = [old('other'), db, old('config'), old('api', { dependIds: ['settings'] }), old('settings')];
      const said = (list: readonly InventoryEntry[]) =>
        pinnedLeftovers(
          new Map(list.map((entry) => [refKey(entry), entry])),
          new Map([
            broken('database', { apiVersion: 'example.com/v2', kind: 'Database' }),
            broken('api', { apiVersion: 'v1', kind: 'ConfigMap' }),
          ]),
        ).map(({ entry, why }) => `${entry.id}: ${why}`);
      const texts = ['db: MayBelongTo database', 'config: NeededBy db', 'settings: NeededBy api'];
      expect(said(record)).toEqual(texts);
      expect(said(record.toReversed())).toEqual(texts);
    });

    it.each([
      ['a template', { apiVersion: 'v1', kind: '{{ .kind }}' }],
      ['a version by a template', { apiVersion: '{{ .group }}/v1', kind: 'ConfigMap' }],
      ['no kind', { apiVersion: 'v1' }],
    ])('keeps everything where it names %s', (_, spec) => {
      expect(leftovers([db, old('config')], broken('database', spec))).toEqual([]);
    });

    it('keeps no other object for one whose own is on record', () => {
      expect(leftovers([db, old('gone')], broken('db', { apiVersion: 'v1', kind: 'ConfigMap' }))).toEqual(['gone']);
    });
  });

  it('keeps with an object of an entry that cannot be rendered what that depends on', () => {
    const entry = anEntry('api');
    const planned = { kind: 'broken', entry, state: 'Failed', reason: 'TemplateRenderError', message: '' } as const;
    const record = [old('api', { dependIds: ['config'] }), old('config'), old('other')];
    const map = new Map(record.map((item) => [refKey(item), item]));
    expect(leftoversOf(map, new Map([['api', planned]])).map(({ id }) => id)).toEqual(['other']);
  });
});
