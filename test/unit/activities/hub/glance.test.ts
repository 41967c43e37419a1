import { beforeEach, describe, expect, it } from 'vitest';
import { glanceAtHub } from '../../../../activities/hub/glance.ts';
import type { Deps } from '../../../../activities/deps.ts';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { RowSource } from '../../../../domain/ports.ts';
import { apiVersion, formOf, hubOf, type HubWorld, namespace, openHubWorld } from '../../../support/hub-world.ts';
import { noRuns } from '../../../support/node-deps.ts';

const request = { namespace, hub: 'one' };
const hubRef = { apiVersion, kind: 'LynqHub', namespace, name: 'one' };
const formRef = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
const nodeRef = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
const secretRef = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'db' };
const kubectl = { manager: 'kubectl' };

/** A first look of a sync that may end it. */
describe('activities/hub/glance', () => {
  let world: HubWorld;

  beforeEach(async () => {
    world = await openHubWorld([hubOf('one'), formOf('web', 'one')]);
    for (let round = 0; round < 3; round += 1) {
      await world.sync();
      world.deps.runs.running(namespace, 'acme-web');
    }
    expect(world.deps.quiet.kept(request)).toBeDefined();
  });

  const glance = (change: Partial<Deps> = {}, signal = new AbortController().signal) =>
    glanceAtHub({ ...world.deps, ...change }, request, { signal });
  const rowsThat = (change: Partial<RowSource>): Partial<Deps> => ({ rows: { ...world.deps.rows, ...change } });

  it('ends a sync that has nothing to do, with one read of the table and the status of the hub', async () => {
    const before = world.status() ?? {};
    const [reads, place] = [world.reads(), world.cluster.calls.length];
    await new Promise((resolve) => setTimeout(resolve, 1_100 - (Date.now() % 1_000)));

    expect(await glance()).toEqual({
      kind: 'synced',
      counts: { rows: 1, active: 1, frozen: 0, held: 0, created: 0, updated: 0, removed: 0 },
      page: { births: [] },
    });

    expect(world.reads()).toBe(reads + 1);
    const calls = world.cluster.calls.slice(place).map(({ verb, ref }) => `${verb} ${ref.kind}`);
    expect(calls.filter((call) => !call.includes('Lease')).toSorted()).toEqual([
      'get LynqHub',
      'get Secret',
      'list LynqForm',
      'patch LynqHub',
    ]);
    const after = world.status() ?? {};
    expect({ ...after, lastSyncTime: '', lastSyncDuration: '' }).toEqual({
      ...before,
      lastSyncTime: '',
      lastSyncDuration: '',
    });
    expect(after['lastSyncTime']).not.toBe(before['lastSyncTime']);
    expect(await glance()).toBeDefined();
  });

  const pass = (object: JsonObject) => world.cluster.patch(hubRef, 'merge', object, kubectl);
  it.each<readonly [string, () => unknown]>([
    ['a row has come', () => world.setRows([{ id: 'acme' }, { id: 'beta' }])],
    ['all rows have gone', () => world.setRows([])],
    ['another server answers', () => world.failOver()],
    ['the hub is another', () => pass({ spec: { extraValueMappings: { tier: 'plan' } } })],
    ['the hub is paused', () => pass({ spec: { paused: true } })],
    ['the hub is released', () => pass({ metadata: { annotations: { 'lynq.sh/released': 'now' } } })],
    ['deletions are approved', () => pass({ metadata: { annotations: { 'lynq.sh/approve-deletions': 'x' } } })],
    [
      'the hub is held by another installation',
      () => pass({ metadata: { annotations: { 'lynq.sh/controller-id': 'x' } } }),
    ],
    ['the hub has lost its finalizer', () => pass({ metadata: { finalizers: [] } })],
    [
      'the hub is going',
      async () => world.cluster.delete(hubRef, textAt(await world.cluster.get(hubRef), 'metadata', 'uid') ?? ''),
    ],
    ['a form is another', () => world.cluster.patch(formRef, 'merge', { spec: { driftPolicy: 'Report' } }, kubectl)],
    ['a form has come', () => world.cluster.seed(formOf('more', 'one'))],
    [
      'a form has gone',
      async () => world.cluster.delete(formRef, textAt(await world.cluster.get(formRef), 'metadata', 'uid') ?? ''),
    ],
    ['a form is of another hub', () => world.cluster.patch(formRef, 'merge', { spec: { hubId: 'two' } }, kubectl)],
    [
      'the password is another',
      () => world.cluster.patch(secretRef, 'merge', { data: { password: 'b3RoZXI=' } }, kubectl),
    ],
    ['the password is gone', () => world.cluster.patch(secretRef, 'merge', { data: { password: null } }, kubectl)],
    [
      'a LynqNode is another',
      () => world.cluster.patch(nodeRef, 'merge', { metadata: { annotations: { x: 'y' } } }, kubectl),
    ],
    ['a run has been lost', () => world.deps.runs.missing(namespace, 'acme-web')],
  ])('leaves it to a whole sync when %s, and writes nothing', async (_, change) => {
    await change();
    const place = world.cluster.calls.length;

    expect(await glance()).toBeUndefined();

    const verbs = world.cluster.calls.slice(place).map(({ verb }) => verb);
    expect(verbs.filter((verb) => verb !== 'get' && verb !== 'list')).toEqual([]);
    const reads = world.reads();
    expect(await glance()).toBeUndefined();
    expect(world.reads()).toBe(reads);
  });

  it('sees what changes while the rows are read', async () => {
    const recheck: RowSource['recheck'] = async (asked) => {
      const proof = await world.deps.rows.recheck(asked);
      world.deps.runs.missing(namespace, 'acme-web');
      return proof;
    };
    expect(await glance(rowsThat({ recheck }))).toBeUndefined();
  });

  it('finds out that a run is missing, when that is due', async () => {
    const clock = { now: () => new Date(Date.now() + 11_000) };
    const runs = new Proxy(world.deps.runs, {
      get: (all, name) => (name === 'isSettled' ? () => true : Reflect.get(all, name, all)),
    });
    const directory = { ...noRuns, count: async () => 0, listed: async () => new Map<string, string>() };
    expect(await glance({ clock, runs, directory })).toBeUndefined();
    expect(world.deps.runs.isRunning(namespace, 'acme-web')).toBe(false);
  });

  it('is not tried where the rows took long the last time, nor by a process that has seen no such sync', async () => {
    const kept = world.deps.quiet.kept(request);
    if (kept === undefined) throw new Error('there is a quiet sync');
    world.deps.quiet.keep(request, kept.basis, { ...kept.sync, readMilliseconds: 301 });
    const reads = world.reads();
    expect(await glance()).toBeUndefined();
    world.deps.quiet.drop(request);
    expect(await glance()).toBeUndefined();
    expect(world.reads()).toBe(reads);
  });

  it('leaves a sync that has no connection yet what is known of the rows', async () => {
    expect(await glance(rowsThat({ recheck: async () => ({ kind: 'unconnected' }) }))).toBeUndefined();
    expect(world.deps.quiet.kept(request)).toBeDefined();
    expect(await glance()).toBeDefined();
  });

  it('is given up after a second, and ends the read that it has begun', async () => {
    let ended: unknown;
    const recheck: RowSource['recheck'] = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          ended = signal.reason;
          reject(new LynqFailure('SourceIncomplete', 'the read was cancelled'));
        });
      });
    const began = performance.now();
    expect(await glance(rowsThat({ recheck }))).toBeUndefined();
    expect(performance.now() - began).toBeGreaterThan(900);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(ended).toBeDefined();
  });

  it('is left out for a while after it was given up, and the whole syncs keep what is known of the rows', async () => {
    const known = world.deps.quiet.kept(request);
    const recheck: RowSource['recheck'] = async () => {
      throw new LynqFailure('SourceUnreachable', 'the server is gone');
    };
    expect(await glance(rowsThat({ recheck }))).toBeUndefined();
    expect(world.deps.quiet.kept(request)).toBe(known);
    const tried = [];
    for (let sync = 0; sync < 11; sync += 1) {
      const reads = world.reads();
      tried.push(await glance());
      expect(world.reads()).toBe(tried.at(-1) === undefined ? reads : reads + 1);
    }
    expect(tried.map((seen) => seen !== undefined)).toEqual([...Array<boolean>(10).fill(false), true]);
  });

  it('asks again which runs are there when it was given up before it knew', async () => {
    const clock = { now: () => new Date(Date.now() + 11_000) };
    const recheck: RowSource['recheck'] = async () => {
      throw new LynqFailure('SourceUnreachable', 'the server is gone');
    };
    await glance({ ...rowsThat({ recheck }), clock });
    expect(world.deps.quiet.takeReview(request, clock.now())).toBe(true);
  });

  it('leaves a form whose revision was refused to whole syncs, which try it again', async () => {
    const refuse = world.cluster.intercept((call) =>
      call.verb === 'create' && call.ref.kind === 'ControllerRevision'
        ? { failure: new LynqFailure('ClusterInvalid', 'does not fit the quota') }
        : undefined,
    );
    world.cluster.seed(formOf('more', 'one'));
    for (let round = 0; round < 3; round += 1) await world.sync();
    refuse();
    expect(await glance()).toBeUndefined();
    await world.sync();
    expect(world.nodes()).toContain('acme-more');
  });

  it('reads with the password of now after a whole sync has read with it', async () => {
    await world.cluster.patch(secretRef, 'merge', { data: { password: 'b3RoZXI=' } }, kubectl);
    const passwords: unknown[] = [];
    const rotated = rowsThat({
      read: (asked, onRow) => world.deps.rows.read({ ...asked, password: 'secret' }, onRow),
      recheck(asked) {
        passwords.push(asked.password);
        return world.deps.rows.recheck({ ...asked, password: 'secret' });
      },
    });
    await world.sync('one', rotated);
    expect(await glance(rotated)).toBeDefined();
    expect(passwords).toEqual(['other']);
  });

  it.each<readonly [string, 'get' | 'list', string]>([
    ['the hub', 'get', 'LynqHub'],
    ['the forms', 'list', 'LynqForm'],
    ['the password', 'get', 'Secret'],
  ])('is given up when %s cannot be read, or not in time', async (_, verb, kind) => {
    const refuse = world.cluster.intercept((call) =>
      call.verb === verb && call.ref.kind === kind
        ? { failure: new LynqFailure('ClusterUnreachable', 'the API server is gone') }
        : undefined,
    );
    expect(await glance()).toBeUndefined();
    refuse();
    await world.sync();
    while (!world.deps.quiet.takeGlance(request));
    expect(await glance()).toBeDefined();
  });

  it('leaves it to a whole sync while the Go operator is at work', async () => {
    const others = { ...world.deps.others, peer: async () => 'the Go operator is at work' };
    expect(await glance({ others })).toBeUndefined();
  });

  it('ends at once when its worker stops', async () => {
    expect(await glance({}, AbortSignal.abort())).toBeUndefined();
  });
});
