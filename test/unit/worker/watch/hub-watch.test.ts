import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { type HubReactions, HubWatch } from '../../../../worker/watch/hub-watch.ts';
import { createFakeCluster } from '../../../support/fake-cluster.ts';

const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'lynq-system';
const formRef = (name: string) => ({ apiVersion, kind: 'LynqForm', namespace, name });
const form = (name: string, rollout: JsonObject | undefined): JsonObject => ({
  apiVersion,
  kind: 'LynqForm',
  metadata: { name, namespace },
  spec: { hubId: 'hub', ...(rollout === undefined ? {} : { rollout }) },
});

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Of which nothing comes, but for what a test changes. */
const reactionsWith = (change: Partial<HubReactions>): HubReactions => ({
  installation: 'me',
  ensure: async () => 'there',
  trigger: async () => undefined,
  rollout: async () => undefined,
  remove: async () => undefined,
  removeOthers: async () => undefined,
  look: async () => ({ kind: 'there', runningSince: undefined }),
  stuck: async () => undefined,
  scheduling: async () => undefined,
  hubless: async () => false,
  isOthers: async () => false,
  onLost: () => undefined,
  ...change,
});

describe('worker/watch/hub-watch', () => {
  const stop = new AbortController();
  let watch: HubWatch | undefined;
  afterEach(() => {
    watch?.close();
    stop.abort();
  });

  it('has the rollout of a limited form look as soon as it is edited or told something, not for what was there before', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'hub', namespace }, spec: {} });
    cluster.seed(form('limited', { maxSkew: 1 }));
    cluster.seed(form('open', undefined));
    const looked: string[] = [];
    let triggered = 0;
    const reactions = reactionsWith({
      trigger: async () => void (triggered += 1),
      rollout: async (one) => void looked.push(`${one.namespace}/${one.hub}/${one.form}`),
    });
    watch = new HubWatch(reactions, silent, 300_000);
    void watch.run(cluster.reflector, stop.signal);
    await vi.waitFor(() => expect(triggered).toBeGreaterThan(0));

    const told = { metadata: { annotations: { 'lynq.sh/rollout': 'abort' } } };
    await cluster.patch(formRef('open'), 'merge', told, { manager: 'test' });
    await cluster.patch(formRef('limited'), 'merge', told, { manager: 'test' });
    await vi.waitFor(() => expect(looked).toEqual(['lynq-system/hub/limited']));
    await cluster.patch(formRef('limited'), 'merge', { spec: { rollout: { paused: true } } }, { manager: 'test' });
    await vi.waitFor(() => expect(looked).toHaveLength(2));
  });

  it('puts together what can wait, for seconds that do not begin anew with each request; what cannot takes it along', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'hub', namespace }, spec: {} });
    let triggered = 0;
    watch = new HubWatch(reactionsWith({ trigger: async () => void (triggered += 1) }), silent, 300_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect(triggered).toBe(1));

    vi.useFakeTimers();
    for (let tenths = 0; tenths < 29; tenths += 1) {
      watch.request({ namespace, hub: 'hub' }, 'later');
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(triggered).toBe(1);
    await vi.advanceTimersByTimeAsync(100);
    expect(triggered).toBe(2);

    watch.request({ namespace, hub: 'hub' }, 'later');
    watch.request({ namespace, hub: 'hub' });
    await vi.advanceTimersByTimeAsync(100);
    expect(triggered).toBe(3);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(triggered).toBe(3);
    vi.useRealTimers();
  });

  it('asks for syncs of both hubs when a form names another one, and of the hub that the form of a node names now', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    for (const name of ['hub', 'next', 'third'])
      cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name, namespace }, spec: {} });
    cluster.seed(form('web', undefined));
    let triggers: string[] = [];
    const reactions = reactionsWith({
      trigger: async ({ hub }) => void triggers.push(hub),
    });
    watch = new HubWatch(reactions, silent, 300_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect(triggers).toEqual(expect.arrayContaining(['hub', 'next', 'third'])));
    await new Promise((resolve) => void setTimeout(resolve, 300));

    triggers = [];
    await cluster.patch(formRef('web'), 'merge', { spec: { hubId: 'next' } }, { manager: 'test' });
    await vi.waitFor(() => expect(triggers.toSorted()).toEqual(['hub', 'next']));

    triggers = [];
    watch.requestOfForm({ namespace, form: 'web' });
    watch.requestOfForm({ namespace, form: 'unknown' });
    await vi.waitFor(() => expect(triggers).toEqual(['next']));
  });

  it('makes a schedule that is lost anew, asks for a sync and believes nothing of runs any more; one that had none yet says nothing of runs', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'hub', namespace }, spec: {} });
    const done: string[] = [];
    let lost = true;
    const reactions = reactionsWith({
      ensure: async () => {
        const made = lost ? 'made' : 'there';
        done.push(made);
        lost = false;
        return made;
      },
      trigger: async () => void done.push('trigger'),
      look: async () => (lost ? { kind: 'missing' } : { kind: 'there', runningSince: undefined }),
      onLost: () => void done.push('lost'),
    });
    watch = new HubWatch(reactions, silent, 1_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect(done).toEqual(['made', 'trigger']), { timeout: 10_000 });
    lost = true;
    await vi.waitFor(() => expect(done).toEqual(['made', 'trigger', 'made', 'lost', 'trigger']), { timeout: 10_000 });
  });

  it('leaves the schedules of hubs to the other installation that holds them, and what it believes of its own runs is not changed by them', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    for (const [name, holder] of [
      ['theirs', 'other'],
      ['ours', 'me'],
    ]) {
      const annotations = { 'lynq.sh/controller-id': holder ?? '' };
      cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: name ?? '', namespace, annotations }, spec: {} });
    }
    const looked: string[] = [];
    const triggered: string[] = [];
    let lost = 0;
    const reactions = reactionsWith({
      ensure: async ({ hub }) => (hub === 'theirs' ? 'other' : 'there'),
      trigger: async ({ hub }) => void triggered.push(hub),
      look: async ({ hub }) => {
        looked.push(hub);
        return hub === 'theirs' ? { kind: 'missing' } : { kind: 'there', runningSince: undefined };
      },
      isOthers: async (holder) => holder === 'other',
      onLost: () => void (lost += 1),
    });
    watch = new HubWatch(reactions, silent, 1_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect(looked.filter((hub) => hub === 'ours').length).toBeGreaterThan(2), {
      timeout: 10_000,
    });
    expect({ looked: new Set(looked), triggered, lost }).toEqual({
      looked: new Set(['ours']),
      triggered: ['ours'],
      lost: 0,
    });
  });

  it('is asked for gauges of the hubs, forms and nodes that its installation acts for, and of those that nobody does', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    const holders = { ours: 'me', theirs: 'other', left: 'gone', free: undefined };
    for (const [name, holder] of Object.entries(holders)) {
      const annotations = holder === undefined ? {} : { 'lynq.sh/controller-id': holder };
      cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name, namespace, annotations }, spec: {} });
    }
    for (const hubId of [...Object.keys(holders), 'absent'])
      cluster.seed({ ...form(`of-${hubId}`, undefined), spec: { hubId } });
    let alive = ['other', 'gone'];
    const reactions = reactionsWith({ isOthers: async (holder) => holder !== undefined && alive.includes(holder) });
    const opened = new HubWatch(reactions, silent, 1_000);
    watch = opened;
    void opened.run(cluster.reflector, new AbortController().signal);
    const told = () => ({
      hubs: [...opened.seenHubs()].map(({ hub }) => hub.hub).toSorted(),
      forms: [...opened.seenForms()].map(({ form: one }) => one.form).toSorted(),
      nodes: [...Object.keys(holders), ''].filter((hub) => opened.tells({ namespace, hub })),
    });
    const ours = {
      hubs: ['free', 'ours'],
      forms: ['of-absent', 'of-free', 'of-ours'],
      nodes: ['ours', 'free', ''],
    };

    await vi.waitFor(() => expect(told()).toEqual(ours));
    // Not before it is known that the holder is gone, so that no hub is told of twice while a worker starts.
    await new Promise((resolve) => void setTimeout(resolve, 1_500));
    expect(told()).toEqual(ours);

    alive = ['other'];
    await vi.waitFor(() => expect(told().nodes).toEqual(['ours', 'left', 'free', '']), { timeout: 5_000 });
    expect(told()).toMatchObject({
      hubs: ['free', 'left', 'ours'],
      forms: ['of-absent', 'of-free', 'of-left', 'of-ours'],
    });

    alive = ['other', 'gone'];
    await vi.waitFor(() => expect(told()).toEqual(ours), { timeout: 5_000 });
  });

  it('takes a schedule over that the worker of another task queue has left, and believes of runs what it did', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'hub', namespace }, spec: {} });
    const done: string[] = [];
    let holder: 'there' | 'other' = 'other';
    const reactions = reactionsWith({
      ensure: async () => {
        done.push(`ensure: ${holder}`);
        return holder;
      },
      trigger: async () => void done.push('trigger'),
      look: async () =>
        done.includes('ensure: there') ? { kind: 'there', runningSince: undefined } : { kind: 'astray' },
      onLost: () => void done.push('lost'),
    });
    watch = new HubWatch(reactions, silent, 1_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect(done.length).toBeGreaterThan(1), { timeout: 10_000 });
    expect(new Set(done)).toEqual(new Set(['ensure: other']));
    holder = 'there';
    await vi.waitFor(() => expect(done).toContain('trigger'), { timeout: 10_000 });
    expect(done.slice(-2)).toEqual(['ensure: there', 'trigger']);
  });

  it('looks at the schedules of other hubs although that of one is refused, and leaves it at a few where all are', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name, namespace }, spec: {} });
    const looked = new Set<string>();
    let refused = (hub: string): boolean => hub === 'a';
    const reactions = reactionsWith({
      look: async ({ hub }) => {
        looked.add(hub);
        if (refused(hub)) throw new Error('refused');
        return { kind: 'there', runningSince: undefined };
      },
    });
    watch = new HubWatch(reactions, silent, 1_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect([...looked].toSorted()).toEqual(names), { timeout: 10_000 });

    refused = () => true;
    await new Promise((resolve) => void setTimeout(resolve, 1_500));
    looked.clear();
    await vi.waitFor(() => expect(looked.size).toBeGreaterThan(2), { timeout: 10_000 });
    expect([...looked]).toEqual(['a', 'b', 'c']);
  });

  it('has the schedules of other hubs than those of a complete list removed, again when that fails', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    for (const name of ['one', 'two'])
      cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name, namespace }, spec: {} });
    const kept: string[][] = [];
    const reactions = reactionsWith({
      removeOthers: async (hubs) => {
        kept.push(hubs.map(({ hub }) => hub));
        if (kept.length === 1) throw new Error('Temporal is away');
      },
    });
    watch = new HubWatch(reactions, silent, 300_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect(kept).toHaveLength(2), { timeout: 10_000 });
    expect(kept).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ]);
  });

  it('says on a hub that its schedule cannot be made when that has failed twice, and takes it back when it can, also after another start', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    const told = { conditions: [{ type: 'NotScheduled', status: 'True' }] };
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'hub', namespace }, spec: {} });
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'told', namespace }, spec: {}, status: told });
    const said: string[] = [];
    let failures = 0;
    const reactions = reactionsWith({
      ensure: async ({ hub }) => {
        if (hub === 'told' || failures === 3) return 'there';
        failures += 1;
        throw new Error('no such attribute');
      },
      scheduling: async ({ hub }, why) => void said.push(`${hub}: ${why}`),
    });
    watch = new HubWatch(reactions, silent, 300_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect([failures, said]).toEqual([1, ['told: undefined']]));
    await vi.waitFor(() => expect(failures).toBe(3), { timeout: 15_000 });
    expect(said).toEqual(['told: undefined', 'hub: no such attribute']);
    await vi.waitFor(() => expect(said.at(-1)).toBe('hub: undefined'), { timeout: 10_000 });
  }, 30_000);

  it('reports a sync that hangs, once, and the next one that does', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name: 'hub', namespace }, spec: {} });
    let since = new Date(Date.now() - 60_000);
    let looks = 0;
    const told: string[] = [];
    const reactions = reactionsWith({
      look: async () => {
        looks += 1;
        return { kind: 'there', runningSince: since };
      },
      stuck: async (hub, time) => void told.push(`${hub.namespace}/${hub.hub} ${time.toISOString()}`),
    });
    watch = new HubWatch(reactions, silent, 1_000);
    const first = `lynq-system/hub ${since.toISOString()}`;
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect(looks).toBeGreaterThan(1), { timeout: 10_000 });
    expect(told).toEqual([first]);

    since = new Date(Date.now() - 30_000);
    await vi.waitFor(() => expect(told).toEqual([first, `lynq-system/hub ${since.toISOString()}`]), {
      timeout: 10_000,
    });
  });

  it('asks for a further sync when the status of a hub leaves something open, again until it does not, and never while it is paused', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    const spec = (paused: boolean): JsonObject => ({ paused, source: { syncInterval: '0s' } });
    // Five seconds after the beginning the first try is due, after ten the second.
    const status = (ready: string, seconds: number): JsonObject => {
      const lastTransitionTime = new Date(Date.now() - seconds * 1_000).toISOString();
      return { conditions: [{ type: 'Ready', status: ready, lastTransitionTime }] };
    };
    for (const name of ['hub', 'paused']) {
      const metadata = { name, namespace };
      cluster.seed({
        apiVersion,
        kind: 'LynqHub',
        metadata,
        spec: spec(name === 'paused'),
        status: status('False', 4),
      });
    }
    const triggers: string[] = [];
    const reactions = reactionsWith({
      trigger: async ({ hub }) => void triggers.push(hub),
    });
    const of = (name: string) => triggers.filter((hub) => hub === name).length;
    watch = new HubWatch(reactions, silent, 300_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    await vi.waitFor(() => expect([of('hub'), of('paused')]).toEqual([1, 1]));
    await vi.waitFor(() => expect(of('hub')).toBe(2), { timeout: 3_000 });
    await vi.waitFor(() => expect(of('hub')).toBe(3), { timeout: 7_000 });

    const ref = { apiVersion, kind: 'LynqHub', namespace, name: 'hub' };
    const subresource = 'status' as const;
    await cluster.patch(ref, 'merge', { status: status('False', 9) }, { manager: 'test', subresource });
    await vi.waitFor(() => expect(of('hub')).toBe(4), { timeout: 3_000 });
    await cluster.patch(ref, 'merge', { status: status('False', 9) }, { manager: 'test', subresource });
    await cluster.patch(ref, 'merge', { status: status('True', 0) }, { manager: 'test', subresource });
    await new Promise((resolve) => void setTimeout(resolve, 1_500));
    expect([of('hub'), of('paused')]).toEqual([4, 1]);
  }, 20_000);

  it('repeats a lost sync also of a hub that is on its way out, released or paused, and however long the interval was', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm']) cluster.addKind({ apiVersion, kind });
    const hubs: Readonly<Record<string, JsonObject>> = {
      going: { deletionTimestamp: '2026-11-20T12:00:00Z', finalizers: ['lynqhub.operator.lynq.sh/finalizer'] },
      released: { annotations: { 'lynq.sh/released': '2026-11-20T12:00:00Z' } },
      paused: {},
    };
    for (const [name, metadata] of Object.entries(hubs)) {
      const spec = { paused: name !== 'released', source: { syncInterval: '5s' } };
      cluster.seed({ apiVersion, kind: 'LynqHub', metadata: { name, namespace, ...metadata }, spec });
    }
    const triggers: string[] = [];
    const began = new Date(Date.now() - 60_000);
    const reactions = reactionsWith({
      trigger: async ({ hub }) => void triggers.push(hub),
      look: async ({ hub }) => {
        const last = { workflowId: `sync of ${hub}`, at: began, end: async () => 'lost' as const };
        return { kind: 'there', runningSince: undefined, last };
      },
    });
    watch = new HubWatch(reactions, silent, 1_000);
    void watch.run(cluster.reflector, new AbortController().signal);
    const repeated = () => Object.keys(hubs).filter((name) => triggers.filter((hub) => hub === name).length > 1);
    await vi.waitFor(() => expect(repeated()).toEqual(Object.keys(hubs)), { timeout: 5_000 });
  });
});
