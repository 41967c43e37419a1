import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Deps } from '../../../../activities/deps.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { removeLateChild } from '../../../../activities/node/late-child.ts';
import { endRuns, removeNodes } from '../../../../activities/node/remove-many.ts';
import { removeNode } from '../../../../activities/node/remove.ts';
import { Places } from '../../../../activities/places.ts';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import type { Measurement } from '../../../../domain/measures.ts';
import type { ObjectRef } from '../../../../domain/ports.ts';
import type { Changes } from '../../../../domain/watching.ts';
import { LateWrites } from '../../../../worker/watch/late-writes.ts';
import { openWatches, startWatches, type Watches } from '../../../../worker/watch/index.ts';
import type { FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';
import { namespace, openRowNodes, rowNodes, type RowNodes } from '../../../support/row-nodes.ts';

const apiVersion = 'operator.lynq.sh/v1';
const hub = 'customers';
const map = (id: string, change: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  ...change,
  spec: { apiVersion: 'v1', kind: 'ConfigMap' },
});
const data: JsonObject = { configMaps: [map('kept', { deletionPolicy: 'Retain' }), map('data')] };
const app: JsonObject = { configMaps: [map('app')], dependsOn: [{ form: 'data' }] };
const nodeRef = (name: string) => ({ apiVersion, kind: 'LynqNode', namespace, name });
const mapRef = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace, name });

describe('activities/node/remove-many', () => {
  let cluster: FakeCluster;
  let process: FakeProcess;
  let nodes: RowNodes;
  let deps: Deps;
  let messages: string[];
  let measured: Measurement[];
  const attempt = { signal: new AbortController().signal };

  beforeEach(async () => {
    ({ cluster, process, nodes } = await openRowNodes());
    holdHub('test');
    for (const row of ['acme', 'beta']) {
      await nodes.make(row, 'data', data);
      await nodes.make(row, 'app', app);
    }
    messages = [];
    measured = [];
    deps = {
      ...process.deps,
      measures: { record: (measure) => void measured.push(measure) },
      wake: async (_namespace, node, cause) => {
        messages.push(`${node} ${cause}`);
        return 'woken';
      },
    };
  });
  afterEach(() => process.die());

  function holdHub(holder: string): void {
    const metadata = { name: hub, namespace, annotations: { 'lynq.sh/controller-id': holder } };
    const source = { type: 'mysql', mysql: { host: 'db', database: 'd', table: 't', username: 'u' } };
    const valueMappings = { uid: 'id', activate: 'active' };
    cluster.seed({ apiVersion, kind: 'LynqHub', metadata, spec: { source, valueMappings } });
  }
  async function deleteNodes(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const uid = textAt(await cluster.get(nodeRef(name)), 'metadata', 'uid') ?? '';
      await cluster.delete(nodeRef(name), uid);
    }
  }
  const all = ['acme-app', 'acme-data', 'beta-app', 'beta-data'];
  const remove = (names: readonly string[] = all, limit = 16) =>
    removeNodes(deps, new Places(limit), { namespace, hub, nodes: names }, attempt);
  const left = (kind: string) => cluster.objects(kind).map((object) => textAt(object, 'metadata', 'name'));
  const deletes = () => cluster.calls.filter(({ verb }) => verb === 'delete').map(({ ref }) => ref.name);

  it('takes away what each node has, in the order of the row, and keeps and marks what is retained', async () => {
    await deleteNodes(...all);
    const outcome = await remove();

    expect(outcome).toEqual({ removed: 4, left: 0 });
    expect(left('LynqNode')).toEqual([]);
    expect(left('ConfigMap')).toEqual(['acme-kept', 'beta-kept']);
    const kept = await cluster.get(mapRef('acme-kept'));
    expect(textAt(kept, 'metadata', 'labels', 'lynq.sh/orphaned')).toBe('true');
    expect(deletes().indexOf('acme-app')).toBeLessThan(deletes().lastIndexOf('acme-data'));
  });

  it('does so with a single place too, whatever the order of the names', async () => {
    await deleteNodes(...all);
    expect(await remove(all.toReversed(), 1)).toEqual({ removed: 4, left: 0 });
    expect(left('ConfigMap')).toEqual(['acme-kept', 'beta-kept']);
  });

  it('measures the removal of each node, as that by its own run', async () => {
    await deleteNodes('acme-app', 'acme-data');
    await remove(['acme-app', 'acme-data']);
    expect(measured.filter(({ kind }) => kind === 'pass')).toHaveLength(2);
  });

  it('touches nothing of a node that is not being deleted, is of another hub, or has a pass under way', async () => {
    await deleteNodes('acme-app', 'beta-app');
    const leave = deps.runs.enter(namespace, 'beta-app');
    const calls = cluster.calls.length;
    expect(await remove(['acme-data', 'beta-app'])).toEqual({ removed: 0, left: 2 });
    const page = { namespace, hub: 'other', nodes: ['acme-app'] };
    expect(await removeNodes(deps, new Places(1), page, attempt)).toEqual({ removed: 0, left: 1 });
    leave(new Map());
    const writes = cluster.calls.slice(calls).filter(({ verb }) => verb !== 'get' && verb !== 'list');
    expect(writes).toEqual([]);
  });

  it('leaves all alone when another installation has the hub now', async () => {
    await cluster.patch(
      { apiVersion, kind: 'LynqHub', namespace, name: hub },
      'merge',
      { metadata: { annotations: { 'lynq.sh/controller-id': 'another' } } },
      { manager: 'test' },
    );
    await deleteNodes(...all);
    expect(await remove()).toEqual({ removed: 0, left: 4 });
    expect(left('LynqNode')).toHaveLength(4);
  });

  describe('when the form said Retain, and goes before the node does', () => {
    const form = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
    const hold = (finalizers: readonly string[] | null) =>
      cluster.patch(
        mapRef('gamma-slow'),
        'merge',
        { metadata: { finalizers: finalizers === null ? null : [...finalizers] } },
        { manager: 'test' },
      );

    /** Goes as far as one object that does not go; the rest is left to the own run, for which the form is gone. */
    async function removeWith(made: readonly JsonObject[], present: readonly JsonObject[]): Promise<void> {
      await nodes.make('gamma', 'web', { configMaps: [...made] });
      cluster.seed({ ...form, metadata: { name: 'web', namespace }, spec: { hubId: hub, configMaps: [...present] } });
      await hold(['example.com/hold']);
      await deleteNodes('gamma-web');
      const patience = { waitMilliseconds: 300, silenceMilliseconds: 300 };
      const request = { namespace, node: 'gamma-web' };
      expect((await removeNode(deps, request, attempt, patience)).kind).toBe('waiting');
      await cluster.delete(form, textAt(await cluster.get(form), 'metadata', 'uid') ?? '');
      const own = removeNode(deps, request, attempt);
      await sleep(200);
      await hold(null);
      expect((await own).kind).toBe('removed');
    }
    const marked = async (name: string) =>
      textAt(await cluster.get(mapRef(name)), 'metadata', 'labels', 'lynq.sh/orphaned');

    it('keeps what was marked by then', async () => {
      await removeWith([map('db'), map('slow')], [map('db', { deletionPolicy: 'Retain' }), map('slow')]);
      expect(await marked('gamma-db')).toBe('true');
      expect(left('ConfigMap')).not.toContain('gamma-slow');
    });

    it('keeps what that needs, which had to wait for something else', async () => {
      const db = map('db', { dependIds: ['password'] });
      const others = [map('slow', { dependIds: ['password'] }), map('password')];
      await removeWith([db, ...others], [{ ...db, deletionPolicy: 'Retain' }, ...others]);
      expect([await marked('gamma-db'), await marked('gamma-password')]).toEqual(['true', 'true']);
      expect(left('ConfigMap')).not.toContain('gamma-slow');
    });
  });

  it('counts a node that has gone already as removed', async () => {
    await deleteNodes('acme-app', 'acme-data');
    await remove(['acme-app', 'acme-data']);
    expect(await remove(['acme-app', 'acme-data', 'never-there'])).toEqual({ removed: 3, left: 0 });
  });

  describe('of what it reads', () => {
    const reads = (verb: 'get' | 'list', kind: string) =>
      cluster.calls.filter((call) => call.verb === verb && call.ref.kind === kind).length;
    const formRef = (name: string) => ({ apiVersion, kind: 'LynqForm', namespace, name });
    const formOf = (name: string, spec: JsonObject) =>
      cluster.seed({ apiVersion, kind: 'LynqForm', metadata: { name, namespace }, spec: { hubId: hub, ...spec } });
    const changed = (name: string, annotations: JsonObject) =>
      cluster.patch(nodeRef(name), 'merge', { metadata: { annotations } }, { manager: 'person' });

    it('reads the nodes of a page by one list, and each form once for all of them', async () => {
      formOf('data', data);
      formOf('app', app);
      await deleteNodes(...all);
      const before = [reads('get', 'LynqNode'), reads('get', 'LynqForm'), reads('list', 'LynqNode')];
      expect(await remove(all, 1)).toEqual({ removed: 4, left: 0 });
      const after = [reads('get', 'LynqNode'), reads('get', 'LynqForm'), reads('list', 'LynqNode')];
      expect(after.map((count, at) => count - (before[at] ?? 0))).toEqual([0, 2, 1]);
    });

    it('heeds an edit of a form that was made before the page', async () => {
      formOf('data', data);
      await deleteNodes('acme-app', 'acme-data');
      await remove(['acme-app', 'acme-data']);
      await deleteNodes('beta-app', 'beta-data');
      const configMaps = [map('kept'), map('data', { deletionPolicy: 'Retain' })];
      await cluster.patch(formRef('data'), 'merge', { spec: { configMaps } }, { manager: 'person' });
      expect(await remove(['beta-app', 'beta-data'])).toEqual({ removed: 2, left: 0 });
      expect(new Set(left('ConfigMap'))).toEqual(new Set(['acme-kept', 'beta-data', 'beta-kept']));
    });

    it('reads a node again that has changed since the list, as one that is given up', async () => {
      await deleteNodes(...all);
      const uid = textAt(await cluster.get(nodeRef('beta-data')), 'metadata', 'uid') ?? '';
      cluster.intercept(({ verb, ref }) => {
        if (verb === 'delete' && ref.name === 'acme-app') void changed('beta-data', { 'lynq.sh/abandon': uid });
        return undefined;
      });
      expect(await remove(all, 1)).toEqual({ removed: 4, left: 0 });
      expect(new Set(left('ConfigMap'))).toEqual(new Set(['acme-kept', 'beta-data', 'beta-kept']));
    });

    it('does as the Go operator is left to do with one that was released since the list', async () => {
      await deleteNodes(...all);
      cluster.intercept(({ verb, ref }) => {
        if (verb === 'delete' && ref.name === 'acme-app') void changed('beta-data', { 'lynq.sh/released': 'now' });
        return undefined;
      });
      expect(await remove(all, 1)).toEqual({ removed: 3, left: 1 });
      expect(left('ConfigMap')).toContain('beta-data');
    });

    it('leaves one to its own run that was made and deleted anew under a name of the page', async () => {
      await deleteNodes(...all);
      let isAnew = false;
      cluster.intercept(({ verb, ref }) => {
        if (verb === 'delete' && ref.name === 'acme-app' && !isAnew) {
          isAnew = true;
          void anew('beta-app');
        }
        return undefined;
      });
      expect(await remove(all, 1)).toEqual({ removed: 3, left: 1 });
      expect(left('LynqNode')).toEqual(['beta-app']);
    });

    /** Someone takes its finalizer, and another one of its name comes and is deleted. */
    async function anew(name: string): Promise<void> {
      const before = (await cluster.get(nodeRef(name))) ?? {};
      await cluster.patch(nodeRef(name), 'merge', { metadata: { finalizers: null } }, { manager: 'person' });
      const { labels, finalizers, ownerReferences } = before['metadata'] as JsonObject;
      const metadata = { name, namespace, labels, finalizers, ownerReferences } as JsonObject;
      cluster.seed({ apiVersion, kind: 'LynqNode', metadata, spec: before['spec'] as JsonObject });
      await deleteNodes(name);
    }

    it('reads each node by itself where they cannot be listed, or the hub has so many that a list would not pay', async () => {
      const end = cluster.intercept(({ verb, ref }) =>
        verb === 'list' && ref.kind === 'LynqNode'
          ? { failure: new LynqFailure('ClusterUnreachable', 'not now', {}) }
          : undefined,
      );
      await deleteNodes(...all);
      expect(await remove()).toEqual({ removed: 4, left: 0 });
      end();

      await nodes.make('gamma', 'app', app);
      for (let at = 0; at < 20; at += 1) {
        const metadata = {
          name: `row-${at}-app`,
          namespace,
          labels: { 'lynq.sh/hub': hub, 'lynq.sh/uid': `row-${at}` },
        };
        cluster.seed({ apiVersion, kind: 'LynqNode', metadata, spec: { uid: `row-${at}`, templateRef: 'app' } });
      }
      await deleteNodes('gamma-app');
      const lists = reads('list', 'LynqNode');
      expect(await remove(['gamma-app'])).toEqual({ removed: 1, left: 0 });
      expect(reads('list', 'LynqNode')).toBe(lists);
    });
  });

  it('leaves a node that cannot go to its own run, says in its status why, and lets others go meanwhile', async () => {
    await cluster.patch(
      mapRef('acme-app'),
      'merge',
      { metadata: { finalizers: ['example.com/hold'] } },
      { manager: 'test' },
    );
    await deleteNodes(...all);
    const began = Date.now();
    const removal = remove(all, 1);
    await sleep(2_000);
    expect(new Set(left('LynqNode'))).toEqual(new Set(['acme-app', 'acme-data']));

    expect(await removal).toEqual({ removed: 2, left: 2 });
    expect(Date.now() - began).toBeLessThan(12_000);
    expect(nodes.states('acme-app')['app']).toBe('Deleting Terminating');
    expect(nodes.states('acme-data')['data']).toMatch(/^Deleting WaitingForForm/);
    expect(left('ConfigMap')).toContain('acme-data');
  });

  it('lets no other node pay for one that fails', async () => {
    const failing: Deps = {
      ...deps,
      childCluster: () => ({
        ...cluster,
        delete: (ref, uid, ...rest) =>
          ref.name === 'acme-app' ? Promise.reject(new Error('broken')) : cluster.delete(ref, uid, ...rest),
      }),
    };
    await deleteNodes(...all);
    const outcome = await removeNodes(
      failing,
      new Places(16),
      { namespace, hub, nodes: ['acme-app', 'beta-app', 'beta-data'] },
      attempt,
    );
    expect(outcome).toEqual({ removed: 2, left: 1 });
    expect(left('LynqNode')).toEqual(expect.arrayContaining(['acme-app', 'acme-data']));
  });

  it('ends as cancelled when its worker stops, and what is left is removed by the next attempt', async () => {
    await cluster.patch(
      mapRef('acme-app'),
      'merge',
      { metadata: { finalizers: ['example.com/hold'] } },
      { manager: 'test' },
    );
    await deleteNodes(...all);
    const stop = new AbortController();
    const page = { namespace, hub, nodes: all };
    const first = removeNodes(deps, new Places(16), page, { signal: stop.signal });
    await sleep(300);
    stop.abort(new Error('the worker stops'));
    await expect(first).rejects.toThrow('the worker stops');

    await cluster.patch(mapRef('acme-app'), 'merge', { metadata: { finalizers: null } }, { manager: 'test' });
    expect(await remove()).toEqual({ removed: 4, left: 0 });
  });

  describe('a removal that is late', () => {
    const key = { id: 'key', nameTemplate: '{{ .uid }}-key' };
    const data = { key: '{{ genPrivateKey "ecdsa" }}' };
    const withKey = { ...key, spec: { apiVersion: 'v1', kind: 'ConfigMap', data } };
    const generated = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'gamma-web-generated' };
    /** The thread that makes keys may take longer to start than a wave may here. */
    const untilReady = async () => {
      const isReady = () => Object.values(nodes.states('gamma-web')).every((state) => state === 'Ready');
      for (let at = 0; at < 10 && !(isReady() && 'key' in nodes.states('gamma-web')); at += 1)
        await nodes.waves('gamma-web');
    };
    const uidOf = async (ref: ObjectRef) => textAt(await cluster.get(ref), 'metadata', 'uid');

    it.each([
      ['with nothing to keep', [map('slow'), withKey]],
      [
        'with something to keep',
        [map('slow', { dependIds: ['kept'] }), map('kept', { deletionPolicy: 'Retain' }), withKey],
      ],
    ])('touches nothing of the next LynqNode of its name, %s', async (_, configMaps) => {
      await nodes.make('gamma', 'web', { configMaps });
      await untilReady();
      const hold = (finalizers: JsonObject[string]) =>
        cluster.patch(mapRef('gamma-slow'), 'merge', { metadata: { finalizers } }, { manager: 'test' });
      await hold(['example.com/hold']);
      await deleteNodes('gamma-web');

      let open: () => void = () => undefined;
      const gate = new Promise<void>((resolve) => (open = resolve));
      let isWaiting: () => void = () => undefined;
      const waiting = new Promise<void>((resolve) => (isWaiting = resolve));
      const changes: Changes = {
        subscribe() {
          const own = deps.changes.subscribe();
          const next: typeof own.next = async (...args) => {
            isWaiting();
            const heard = await own.next(...args);
            await gate;
            return heard;
          };
          return { add: (change) => own.add(change), close: () => own.close(), next };
        },
      };
      const page = { namespace, hub, nodes: ['gamma-web'] };
      const late = removeNodes({ ...deps, changes }, new Places(1), page, attempt);
      await waiting;
      await hold(null);
      expect((await removeNode(deps, { namespace, node: 'gamma-web' }, attempt)).kind).toBe('removed');
      await nodes.make('gamma', 'web', { configMaps });
      await untilReady();
      const before = [await uidOf(nodeRef('gamma-web')), await uidOf(generated)];
      const writes = () => cluster.calls.filter(({ verb }) => verb !== 'get' && verb !== 'list').length;
      const written = writes();

      open();
      expect(await late).toEqual({ removed: 1, left: 0 });
      expect([await uidOf(nodeRef('gamma-web')), await uidOf(generated)]).toEqual(before);
      expect(before).not.toContain(undefined);
      expect(writes()).toBe(written);
    });
  });

  describe('while a run of the node is in the middle of a pass on another worker', () => {
    let other: FakeProcess;
    let stop: AbortController;
    let watches: Watches;
    let late: LateWrites;

    beforeEach(async () => {
      other = await startProcess(cluster);
      stop = new AbortController();
      watches = openWatches(cluster.reflector, stop.signal, () => undefined);
      await startWatches(cluster.reflector, watches, stop.signal);
      const { ports } = watches;
      await ports.children.track(mapRef(''));
      late = new LateWrites({
        ...ports,
        remove: (node, ref) => removeLateChild(deps, node, ref),
        logger: deps.logger,
      });
    });
    afterEach(() => {
      late.close();
      stop.abort();
      other.die();
    });

    it('nothing is left of it, also of what the pass creates when the node has gone', async () => {
      let arrive: () => void = () => undefined;
      const arrival = new Promise<void>((resolve) => (arrive = resolve));
      let isSent: () => void = () => undefined;
      const sent = new Promise<void>((resolve) => (isSent = resolve));
      const slow = {
        ...cluster,
        apply: async (...args: Parameters<FakeCluster['apply']>) => {
          if (args[0] !== undefined && JSON.stringify(args[0]).includes('gamma-late')) {
            isSent();
            await arrival;
          }
          return cluster.apply(...args);
        },
      };
      await nodes.make('gamma', 'web', { configMaps: [map('first')] });
      const revision = await rowNodes(cluster, other).revisionOf('web', { configMaps: [map('first'), map('late')] });
      await cluster.patch(nodeRef('gamma-web'), 'merge', { spec: { formRevision: revision } }, { manager: 'test' });
      const theirs: Deps = { ...other.deps, childCluster: () => slow };
      const pass = advanceNode(theirs, { namespace, node: 'gamma-web', force: false }, attempt);
      await sent;
      await deleteNodes('gamma-web');
      expect(await remove(['gamma-web'])).toEqual({ removed: 1, left: 0 });
      expect(left('ConfigMap')).not.toContain('gamma-first');

      arrive();
      expect((await pass).kind).not.toBe('settled');
      for (let at = 0; at < 40 && left('ConfigMap').includes('gamma-late'); at += 1) await sleep(50);
      expect(left('ConfigMap').filter((name) => name?.startsWith('gamma'))).toEqual([]);
      expect((await advanceNode(theirs, { namespace, node: 'gamma-web', force: false }, attempt)).kind).toBe('gone');
    });

    it('both come to the same end when it removes the node at the same moment', async () => {
      await deleteNodes(...all);
      const theirs = removeNodes(other.deps, new Places(16), { namespace, hub, nodes: all }, attempt);
      const [ours] = await Promise.all([remove(), theirs]);
      expect(ours.removed + ours.left).toBe(4);
      for (let at = 0; at < 3 && left('LynqNode').length > 0; at += 1) await remove();
      expect(left('LynqNode')).toEqual([]);
      expect(left('ConfigMap')).toEqual(['acme-kept', 'beta-kept']);
    });
  });

  it('leaves all to their own runs where the hub is none that this version can read, and fails where it cannot be read now', async () => {
    await deleteNodes(...all);
    cluster.seed({
      apiVersion,
      kind: 'LynqHub',
      metadata: { name: hub, namespace },
      spec: { source: { type: 'oracle' } },
    });
    expect(await remove()).toEqual({ removed: 0, left: 4 });
    cluster.intercept(({ verb, ref }) =>
      verb === 'get' && ref.kind === 'LynqHub'
        ? { failure: new LynqFailure('ClusterUnreachable', 'no answer') }
        : undefined,
    );
    await expect(remove()).rejects.toThrow('no answer');
  });

  describe('of the runs of nodes', () => {
    const end = (...names: readonly string[]) => endRuns(deps, { namespace, hub, nodes: names }, attempt);

    it('tells those whose LynqNode is gone so, and wakes the others', async () => {
      await deleteNodes('acme-app');
      await remove(['acme-app']);
      await end('acme-app', 'acme-data');
      expect(messages.toSorted()).toEqual(['acme-app removed', 'acme-data nodeChanged']);
    });

    it('wakes one whose LynqNode came back under its name while it was told', async () => {
      await deleteNodes('acme-app');
      await remove(['acme-app']);
      const sent: string[] = [];
      const wake: Deps['wake'] = async (_namespace, node, cause) => {
        sent.push(`${node} ${cause}`);
        if (sent.length === 1) await nodes.make('acme', 'app', app);
        return 'woken';
      };
      await endRuns({ ...deps, wake }, { namespace, hub, nodes: ['acme-app'] }, attempt);
      expect(sent).toEqual(['acme-app removed', 'acme-app nodeChanged']);
    });

    it('tells the others when one cannot be told, and fails then', async () => {
      const wake: Deps['wake'] = async (namespace, node, cause) => {
        if (node === 'acme-app') throw new Error('too many messages');
        return deps.wake(namespace, node, cause);
      };
      const page = { namespace, hub, nodes: ['acme-app', ...Array.from({ length: 20 }, (_, at) => `gone-${at}`)] };
      await expect(endRuns({ ...deps, wake }, page, attempt)).rejects.toThrow('too many messages');
      expect(messages).toHaveLength(20);
    });

    it('takes note of a node without a run, so that the next sync starts one', async () => {
      deps.runs.running(namespace, 'acme-data');
      await endRuns({ ...deps, wake: async () => 'missing' }, { namespace, hub, nodes: ['acme-data'] }, attempt);
      expect(deps.runs.isRunning(namespace, 'acme-data')).toBe(false);
    });
  });
});
