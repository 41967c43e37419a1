import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { KindRef, Reflector, WatchEvent, WatchState } from '../../../../domain/ports.ts';
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

const metadataOf = (object: JsonObject): JsonObject => object['metadata'] as JsonObject;

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
  const children = new WatchedChildren({
    reflector,
    changes: openChanges(),
    isRecorded: () => true,
    signal: new AbortController().signal,
  });
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

/** One watch of a kind, as the reflector was asked for it. */
interface Begun {
  readonly apiVersion: string;
  readonly signal: AbortSignal;
  readonly deliver: (event: WatchEvent) => void;
  readonly tell: (state: WatchState) => void;
}

/** Children whose watches are in the hands of the test; `recorded` are the kinds that LynqNodes have on record. */
function openVersions(recorded: ReadonlySet<string> = new Set(['example.com/Database'])) {
  const begun: Begun[] = [];
  const reflector: Reflector = {
    run: async ({ apiVersion }, { onState: tell = () => undefined }, deliver, signal) =>
      void begun.push({ apiVersion, signal, deliver, tell }),
  };
  const children = new WatchedChildren({
    reflector,
    changes: openChanges(),
    isRecorded: (kind) => recorded.has(kind),
    signal: new AbortController().signal,
  });
  const running = () => begun.filter(({ signal }) => !signal.aborted).map(({ apiVersion }) => apiVersion);
  const last = (apiVersion: string): Begun => begun.findLast((one) => one.apiVersion === apiVersion)!;
  const list = (apiVersion: string, version: string, ...objects: readonly JsonObject[]): void => {
    const { deliver } = last(apiVersion);
    deliver({ kind: 'restarted' });
    for (const object of objects) deliver({ kind: 'set', object: { ...object, apiVersion } });
    deliver({ kind: 'synced', version });
  };
  const miss = (apiVersion: string): void => last(apiVersion).deliver({ kind: 'unlisted', missing: true });
  const refuse = (apiVersion: string, code: number | string): void => {
    const { tell, deliver } = last(apiVersion);
    tell({ kind: 'refused', failure: new LynqFailure('ClusterForbidden', 'not allowed', { code }) });
    deliver({ kind: 'unlisted' });
  };
  return { children, begun, running, last, list, miss, refuse };
}

const beta: KindRef = { apiVersion: 'example.com/v1beta1', kind: 'Database' };
const stable: KindRef = { apiVersion: 'example.com/v1', kind: 'Database' };
const key = 'example.com/Database/tenants/acme';

describe('worker/watch/child-index', () => {
  it('goes on in another version that was asked for when the one it watches is not served any more', async () => {
    const { children, running, list, miss } = openVersions();
    void children.track(beta);
    list(beta.apiVersion, '10', database('5', 'Running'));
    await children.track(stable);
    expect(running()).toEqual([beta.apiVersion]);

    miss(beta.apiVersion);
    expect(running()).toEqual([beta.apiVersion, stable.apiVersion]);
    expect([children.isComplete(key), children.listedAt(stable)]).toEqual([false, undefined]);
    expect(children.wasListed(stable)).toBe(true);

    list(stable.apiVersion, '20', database('15', 'Failing'));
    expect(running()).toEqual([stable.apiVersion]);
    expect(children.isComplete(key)).toBe(true);
    expect(children.get(ref)?.resourceVersion).toBe('15');
  });

  it('begins in a version that is asked for after the one it watched was lost, and waits for its list', async () => {
    const { children, running, list, miss } = openVersions();
    void children.track(beta);
    miss(beta.apiVersion);
    let known = false;
    const tracked = children.track(stable).then(() => (known = true));
    await Promise.resolve();
    expect([running(), known]).toEqual([[beta.apiVersion, stable.apiVersion], false]);

    list(stable.apiVersion, '20');
    await tracked;
    expect([running(), children.isComplete(key)]).toEqual([[stable.apiVersion], true]);
  });

  it('addresses what it knows in the version it watches, though nothing has changed, and takes out what is gone', async () => {
    const { children, list, miss } = openVersions();
    void children.track(beta);
    const other = { ...database('4', 'Running'), metadata: { ...metadataOf(database('4', 'Running')), name: 'other' } };
    list(beta.apiVersion, '10', database('5', 'Running'), other);
    expect(children.naming('tenants', 'acme-data').map(({ apiVersion }) => apiVersion)).toEqual([
      beta.apiVersion,
      beta.apiVersion,
    ]);
    void children.track(stable);
    miss(beta.apiVersion);
    list(stable.apiVersion, '20', database('5', 'Running'));

    expect(children.naming('tenants', 'acme-data')).toEqual([{ ...ref, apiVersion: stable.apiVersion }]);
  });

  it('heeds no late word of a watch that another has taken the place of', () => {
    const { children, begun, running, list, miss } = openVersions();
    void children.track(beta);
    list(beta.apiVersion, '10', database('5', 'Running'));
    void children.track(stable);
    miss(beta.apiVersion);
    list(stable.apiVersion, '20', database('15', 'Running'));
    begun[0]!.deliver({ kind: 'restarted' });
    begun[0]!.deliver({ kind: 'synced', version: '30' });
    miss(beta.apiVersion);

    expect([running(), children.isComplete(key)]).toEqual([[stable.apiVersion], true]);
    expect(children.get(ref)?.resourceVersion).toBe('15');
  });

  it('stays with a version whose list cannot be read for another reason', () => {
    const { children, running, last, list } = openVersions();
    void children.track(beta);
    list(beta.apiVersion, '10');
    void children.track(stable);
    last(beta.apiVersion).deliver({ kind: 'unlisted' });

    expect([running(), children.isComplete(key)]).toEqual([[beta.apiVersion], true]);
  });

  it('ends the watch of a kind that is served no more and that no LynqNode has on record, until it is asked for again', async () => {
    const recorded = new Set(['example.com/Database']);
    const { children, running, list, miss } = openVersions(recorded);
    void children.track(beta);
    list(beta.apiVersion, '10', database('5', 'Running'));
    miss(beta.apiVersion);
    expect(running()).toEqual([beta.apiVersion]);

    recorded.clear();
    miss(beta.apiVersion);
    expect(running()).toEqual([]);
    expect([children.get(ref), children.namedIn('tenants')]).toEqual([undefined, []]);

    void children.track(stable);
    list(stable.apiVersion, '20', database('15', 'Running'));
    expect([running(), children.isComplete(key)]).toEqual([[stable.apiVersion], true]);
    expect(children.namedIn('tenants')).toEqual(['acme-data']);
  });

  it.each([403, '403'])(
    'ends the watch of a kind that it may not see (%j) and that no LynqNode has on record, until it is asked for again',
    async (code) => {
      const recorded = new Set(['example.com/Database']);
      const { children, running, list, refuse } = openVersions(recorded);
      void children.track(beta);
      list(beta.apiVersion, '10', database('5', 'Running'));
      refuse(beta.apiVersion, code);
      expect(running()).toEqual([beta.apiVersion]);
      expect(children.get(ref)?.resourceVersion).toBe('5');

      recorded.clear();
      refuse(beta.apiVersion, code);
      expect(running()).toEqual([]);
      expect([children.get(ref), children.wasListed(beta)]).toEqual([undefined, true]);

      const asked = children.track(beta);
      expect(running()).toEqual([beta.apiVersion]);
      refuse(beta.apiVersion, code);
      await asked;
      expect(running()).toEqual([]);
    },
  );

  it('goes on with a kind while the credentials are not taken', async () => {
    const { children, running, refuse } = openVersions(new Set());
    void children.track(beta);
    refuse(beta.apiVersion, 401);
    expect(running()).toEqual([beta.apiVersion]);
  });

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
