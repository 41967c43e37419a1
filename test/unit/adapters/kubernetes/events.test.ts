import { describe, expect, it, vi } from 'vitest';
import { createEvents } from '../../../../adapters/kubernetes/events.ts';
import { textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { Cluster, EventNote } from '../../../../domain/ports.ts';
import { createFakeCluster, type FakeRule } from '../../../support/fake-cluster.ts';

function note(change: Partial<EventNote> = {}): EventNote {
  return {
    subject: { apiVersion: 'operator.lynq.sh/v1', kind: 'LynqNode', namespace: 'default', name: 'acme', uid: 'u1' },
    reporter: 'lynqnode-controller',
    type: 'Normal',
    reason: 'Tested',
    message: 'all is well',
    ...change,
  };
}

function open(options: { readonly rule?: FakeRule; readonly waiting?: number; readonly repeat?: number } = {}) {
  const cluster = createFakeCluster();
  if (options.rule !== undefined) cluster.intercept(options.rule);
  const said: string[] = [];
  const about: unknown[] = [];
  const log = (message: string, fields?: unknown) => {
    said.push(message);
    about.push(fields);
  };
  let now = new Date('2026-03-01T12:00:00Z');
  const limits = {
    waiting: options.waiting ?? 10,
    repeatMilliseconds: options.repeat ?? 0,
    requestMilliseconds: 1_000,
  };
  const logger = { info: log, warn: log, error: log };
  const clock = { now: () => now };
  const restart = () => createEvents({ cluster, clock, logger, limits });
  const pass = (seconds: number): void => {
    now = new Date(now.getTime() + seconds * 1000);
  };
  return {
    cluster,
    clock,
    logger,
    said,
    about,
    events: restart(),
    restart,
    pass,
    written: () => cluster.objects('Event'),
  };
}

describe('adapters/kubernetes/events', () => {
  it('writes an Event as kubectl describe and the consumers of the Go operator read it', async () => {
    const { events, written } = open();
    events.record(note());
    await events.close(1_000);
    expect(written()).toMatchObject([
      {
        apiVersion: 'v1',
        metadata: { namespace: 'default' },
        involvedObject: {
          apiVersion: 'operator.lynq.sh/v1',
          kind: 'LynqNode',
          namespace: 'default',
          name: 'acme',
          uid: 'u1',
        },
        type: 'Normal',
        reason: 'Tested',
        message: 'all is well',
        source: { component: 'lynqnode-controller' },
        reportingComponent: 'lynqnode-controller',
        firstTimestamp: '2026-03-01T12:00:00Z',
        lastTimestamp: '2026-03-01T12:00:00Z',
        count: 1,
      },
    ]);
  });

  it('counts the same note instead of making another Event, also after a restart', async () => {
    const { events, restart, pass, written } = open();
    events.record(note());
    await events.close(1_000);
    pass(60);
    const later = restart();
    later.record(note());
    await later.close(1_000);
    expect(written()).toMatchObject([{ count: 2, lastTimestamp: '2026-03-01T12:01:00Z' }]);
  });

  it('keeps the same note to itself for a while, and counts it at the next one', async () => {
    const { cluster, events, pass, written } = open({ repeat: 30_000 });
    for (let times = 0; times < 50; times += 1) events.record(note());
    await events.close(1_000);
    const before = cluster.calls.length;
    pass(31);
    events.record(note());
    await events.close(1_000);
    expect(before).toBeLessThan(5);
    expect(written()).toMatchObject([{ count: 51 }]);
  });

  it('keeps Events of different objects and texts apart', async () => {
    const { events, written } = open();
    events.record(note());
    events.record(note({ message: 'another' }));
    events.record(note({ subject: { ...note().subject, uid: 'u2' } }));
    await events.close(1_000);
    expect(written()).toHaveLength(3);
  });

  it('puts Events of cluster-scoped objects into namespace default', async () => {
    const { events, written } = open();
    events.record(
      note({ subject: { apiVersion: 'v1', kind: 'Namespace', namespace: undefined, name: 'n', uid: 'u' } }),
    );
    await events.close(1_000);
    expect(written()).toMatchObject([{ metadata: { namespace: 'default' }, involvedObject: { kind: 'Namespace' } }]);
  });

  it('drops and counts what exceeds the queue, and says so once', async () => {
    const { events, said, written } = open({ waiting: 3 });
    for (let index = 0; index < 20; index += 1) events.record(note({ message: `message ${index}` }));
    await events.close(1_000);
    expect(written().length + events.dropped()).toBe(20);
    expect(events.dropped()).toBeGreaterThan(10);
    expect(said.filter((text) => text.includes('dropped'))).toHaveLength(1);
  });

  it.each([
    ['write', { answer: { kind: 'refused', reason: 'Forbidden', message: 'no' } }],
    ['read', { failure: new LynqFailure('ClusterForbidden', 'no') }],
  ] as const)('says once that the account may not %s Events', async (_what, outcome) => {
    const { events, said } = open({ rule: ({ ref }) => (ref.kind === 'Event' ? outcome : undefined) });
    for (let index = 0; index < 5; index += 1) events.record(note({ message: `message ${index}` }));
    await events.close(1_000);
    expect([events.dropped(), said]).toEqual([
      5,
      ['events cannot be written, the account may not create, get and patch them'],
    ]);
  });

  it('writes one after the other and rests for as long as each took, but no longer once the worker stops', async () => {
    vi.useFakeTimers();
    try {
      const { cluster, clock, logger } = open();
      let begun = 0;
      const create: Cluster['create'] = async (...args) => {
        begun += 1;
        await new Promise((resolve) => setTimeout(resolve, 30));
        return cluster.create(...args);
      };
      const events = createEvents({ cluster: { ...cluster, create }, clock, logger });
      for (const message of ['one', 'two', 'three', 'four']) events.record(note({ message }));
      const begunAfter = async (milliseconds: number): Promise<number> => {
        await vi.advanceTimersByTimeAsync(milliseconds);
        return begun;
      };
      expect([await begunAfter(59), await begunAfter(1), await begunAfter(59), await begunAfter(1)]).toEqual([
        1, 2, 2, 3,
      ]);
      await vi.advanceTimersByTimeAsync(35);
      const closed = events.close(1_000);
      expect([await begunAfter(0), await begunAfter(30)]).toEqual([4, 4]);
      await closed;
      expect(cluster.objects('Event')).toHaveLength(4);
      expect(events.dropped()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('survives an API server that is away, and says what the Event was to be about', async () => {
    const failure = new LynqFailure('ClusterUnreachable', 'away');
    const { events, about } = open({ rule: () => ({ failure }) });
    events.record(note());
    await events.close(1_000);
    expect(events.dropped()).toBe(1);
    expect(about).toEqual([
      { kind: 'LynqNode', namespace: 'default', name: 'acme', reason: 'Tested', failure: 'ClusterUnreachable' },
    ]);
  });

  it('gives up what cannot be written in time when the worker stops', async () => {
    const { cluster, events } = open();
    cluster.create = () => new Promise(() => undefined);
    events.record(note());
    events.record(note({ message: 'another' }));
    await events.close(20);
    expect(events.dropped()).toBe(1);
  });

  it('cuts a message to what an Event may hold', async () => {
    const { events, written } = open();
    events.record(note({ message: 'x'.repeat(5_000) }));
    await events.close(1_000);
    expect(textAt(written()[0], 'message')).toHaveLength(1_024);
  });
});
