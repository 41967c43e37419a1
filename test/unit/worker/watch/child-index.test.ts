import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import type { Reflector, WatchEvent } from '../../../../domain/ports.ts';
import { compileReadyWhen } from '../../../../domain/readiness/ready-when.ts';
import type { ReportedChild } from '../../../../domain/watching.ts';
import { openChanges } from '../../../../worker/watch/changes.ts';
import { type TrackedChild, WatchedChildren } from '../../../../worker/watch/child-index.ts';
import type { DigestChange } from '../../../../worker/watch/digest-store.ts';
import { isNews } from '../../../../worker/watch/dispatcher.ts';

const ref = { apiVersion: 'example.com/v1', kind: 'Database', namespace: 'tenants', name: 'acme' };

function database(resourceVersion: string, phase: string): JsonObject {
  const labels = { 'lynq.sh/node': 'acme-data', 'lynq.sh/node-namespace': 'tenants' };
  return {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: { name: ref.name, namespace: ref.namespace, uid: 'db-uid', resourceVersion, labels },
    status: { phase, secret: 'x'.repeat(1000) },
  };
}

function running() {
  const result = compileReadyWhen("object.status.phase == 'Running'");
  if (!result.ok) throw new Error(result.problem.message);
  return result.rule;
}

function open() {
  let deliver: (event: WatchEvent) => void = () => undefined;
  const reflector: Reflector = {
    run: async (_kind, _options, onEvent) => {
      deliver = onEvent;
      onEvent({ kind: 'synced', version: '1' });
    },
  };
  const children = new WatchedChildren({ reflector, changes: openChanges(), signal: new AbortController().signal });
  const changes: DigestChange<TrackedChild>[] = [];
  children.onChange((change) => changes.push(change));
  const reported: ReportedChild = {
    uid: 'db-uid',
    apiVersion: ref.apiVersion,
    drifted: false,
    namespace: 'tenants',
    state: 'Ready',
    baseline: undefined,
    readyWhen: true,
    once: false,
  };
  return {
    children,
    set: (object: JsonObject) => deliver({ kind: 'set', object }),
    remove: (object: JsonObject) => deliver({ kind: 'removed', object }),
    /** For each change so far, whether the node would be woken. */
    news: () => changes.map((change) => isNews(reported, change, undefined)),
  };
}

describe('worker/watch/child-index', () => {
  it('wakes the node for a change of what its expression says, not for any other change', async () => {
    const { children, set, news } = open();
    await children.track(ref);
    children.judge(ref, running());
    set(database('1', 'Running'));
    set({ ...database('2', 'Running'), status: { phase: 'Running', heartbeat: 2 } });
    set(database('3', 'Failing'));
    set(database('4', 'Running'));

    expect(news()).toEqual([false, false, true, true]);
    expect(children.get(ref)).toMatchObject({ readiness: { state: 'ready' }, judgedBy: running().expression });
  });

  it('wakes the node for any change while it does not know the expression that decides', async () => {
    const { children, set, news } = open();
    await children.track(ref);
    set(database('1', 'Running'));
    set({ ...database('2', 'Running'), status: { phase: 'Running', heartbeat: 2 } });

    expect(news()).toEqual([true, true]);
  });

  it('takes the verdict of a pass that read the version the watch had delivered before', async () => {
    const { children, set, news } = open();
    await children.track(ref);
    set(database('1', 'Starting'));
    children.judge(ref, running());
    children.observe(database('1', 'Starting'));

    expect(children.get(ref)).toMatchObject({ readiness: { state: 'progressing' }, judgedBy: running().expression });
    expect(news()).toHaveLength(1);
  });

  it('keeps a verdict, not the object, and nothing at all once the object is gone', async () => {
    const { children, set, remove } = open();
    await children.track(ref);
    children.judge(ref, running());
    set(database('1', 'Running'));
    expect(JSON.stringify(children.get(ref)).length).toBeLessThan(400);

    remove(database('2', 'Running'));
    set(database('3', 'Running'));
    expect(children.get(ref)?.judgedBy).toBeUndefined();
  });

  it('finds the objects that name a LynqNode, until they are gone, on their way out or name another', () => {
    const { children, set, remove } = open();
    void children.track(ref);
    const named = (version: string, node: string, change: JsonObject = {}): JsonObject => {
      const object = database(version, 'Running');
      const metadata = object['metadata'] as JsonObject;
      const labels = { 'lynq.sh/node': node, 'lynq.sh/node-namespace': 'tenants' };
      return { ...object, metadata: { ...metadata, labels, ...change } };
    };
    set(named('1', 'acme-web'));
    expect(children.namedIn('tenants')).toEqual(['acme-web']);
    expect(children.naming('tenants', 'acme-web').map(({ name }) => name)).toEqual([ref.name]);
    set(named('2', 'other-web'));
    expect(children.namedIn('tenants')).toEqual(['other-web']);
    expect(children.naming('tenants', 'acme-web')).toEqual([]);
    set(named('3', 'other-web', { deletionTimestamp: '2026-03-01T12:00:00Z' }));
    expect(children.naming('tenants', 'other-web')).toEqual([]);
    remove(named('4', 'other-web'));
    expect(children.namedIn('tenants')).toEqual([]);
  });
});
