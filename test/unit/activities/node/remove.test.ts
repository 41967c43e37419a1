import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Deps } from '../../../../activities/deps.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { withPresentPolicies } from '../../../../activities/node/present-policies.ts';
import { removeNode } from '../../../../activities/node/remove.ts';
import { type JsonObject, listAt, textAt } from '../../../../domain/api/json.ts';
import type { InventoryEntry } from '../../../../domain/api/node.ts';
import { isLynqFailure, LynqFailure } from '../../../../domain/failures.ts';
import type { ObjectRef } from '../../../../domain/ports.ts';
import { presentPolicies } from '../../../../domain/unread-needs.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { type FakeProcess, startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';
const request = { namespace, node: 'acme-web' };
const nodeRef = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };
const attempt = { signal: new AbortController().signal };
const held = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'acme-held' };

const recordOf = (object: JsonObject, id: string): JsonObject => ({
  id,
  apiVersion: 'v1',
  kind: textAt(object, 'kind') ?? '',
  namespace,
  name: textAt(object, 'metadata', 'name') ?? '',
  uid: textAt(object, 'metadata', 'uid') ?? '',
  policy: 'Delete',
  dependIds: [],
});

function child(
  cluster: FakeCluster,
  name: string,
  { kind = 'ConfigMap', finalizers = [] }: { readonly kind?: string; readonly finalizers?: readonly string[] } = {},
): JsonObject {
  const labels = { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': namespace };
  const annotations = { 'lynq.sh/deletion-policy': 'Delete' };
  const metadata = { name, namespace, labels, annotations, finalizers: [...finalizers] };
  return cluster.seed({ apiVersion: 'v1', kind, metadata });
}

describe('activities/node/remove', () => {
  let cluster: FakeCluster;
  let running: FakeProcess;

  beforeEach(async () => {
    cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const children = [child(cluster, 'acme-free'), child(cluster, held.name, { finalizers: ['example.com/hold'] })];
    cluster.seed({
      apiVersion,
      kind: 'LynqNode',
      metadata: {
        name: 'acme-web',
        namespace,
        labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': 'acme' },
        finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
      },
      spec: { uid: 'acme', templateRef: 'web' },
      status: { inventory: children.map((object, at) => recordOf(object, `cfg-${at}`)) },
    });
    await cluster.delete(nodeRef, textAt(cluster.objects('LynqNode')[0], 'metadata', 'uid') ?? '');
    running = await startProcess(cluster);
  });
  afterEach(() => running.die());

  const release = () => cluster.patch(held, 'merge', { metadata: { finalizers: null } }, { manager: 'test' });
  const readsOf = (name: string) =>
    cluster.calls.filter(({ verb, ref }) => verb === 'get' && ref.kind === 'ConfigMap' && ref.name === name).length;

  describe('of an object that nothing else can need', () => {
    const service = { apiVersion: 'v1', kind: 'Service', namespace, name: 'acme-svc' };
    const callsAbout = (name: string) => cluster.calls.flatMap(({ verb, ref }) => (ref.name === name ? [verb] : []));

    beforeEach(async () => {
      const made = child(cluster, service.name, { kind: 'Service' });
      await running.deps.children.track(service);
      const status = { inventory: [recordOf(made, 'svc')] };
      await cluster.patch(nodeRef, 'merge', { status }, { manager: 'test', subresource: 'status' });
    });

    it('deletes it as the watch has shown it, without a read', async () => {
      expect((await removeNode(running.deps, request, attempt)).kind).toBe('removed');
      expect(callsAbout(service.name)).toEqual(['delete']);
      expect(cluster.objects('Service')).toEqual([]);
    });

    it('looks at it, and keeps it, when its policy became Retain after the watch has shown it', async () => {
      const drop = cluster.intercept(({ verb, ref }) => {
        if (verb !== 'delete' || ref.name !== service.name) return undefined;
        drop();
        const metadata = { ...(cluster.objects('Service')[0]?.['metadata'] as JsonObject) };
        const annotations = { 'lynq.sh/deletion-policy': 'Retain' };
        cluster.seed({ apiVersion: 'v1', kind: 'Service', metadata: { ...metadata, annotations } });
        return undefined;
      });
      expect((await removeNode(running.deps, request, attempt)).kind).toBe('removed');
      expect(callsAbout(service.name)).toEqual(['delete', 'get', 'patch']);
      expect(textAt(cluster.objects('Service')[0], 'metadata', 'labels', 'lynq.sh/orphaned')).toBe('true');
    });

    it.each([
      ['another object stands there', { uid: 'another' }],
      ['its record says Retain', { policy: 'Retain' }],
      ['it was taken over', { adopted: true, policy: 'Retain' }],
    ])('looks at it where %s', async (_, record) => {
      const inventory = [{ ...recordOf(cluster.objects('Service')[0] ?? {}, 'svc'), ...record }];
      await cluster.patch(nodeRef, 'merge', { status: { inventory } }, { manager: 'test', subresource: 'status' });
      expect((await removeNode(running.deps, request, attempt)).kind).toBe('removed');
      expect(callsAbout(service.name)[0]).toBe('get');
      expect(callsAbout(service.name)).not.toContain('delete');
    });
  });

  describe('of an object on record in a version that is no longer served', () => {
    const recorded = { apiVersion: 'example.com/v1beta1', kind: 'Database' };
    const served = { apiVersion: 'example.com/v1', kind: 'Database' };

    /** The definition moved on: the object is the same, under the same uid. */
    async function record(policy: 'Delete' | 'Retain', kind = served): Promise<void> {
      cluster.addKind(kind);
      const labels = { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': namespace };
      const annotations = { 'lynq.sh/deletion-policy': policy };
      const made = cluster.seed({ ...kind, metadata: { name: 'acme-db', namespace, labels, annotations } });
      const inventory = [{ ...recordOf(made, 'db'), ...recorded, policy }];
      await cluster.patch(nodeRef, 'merge', { status: { inventory } }, { manager: 'test', subresource: 'status' });
    }
    const databases = () => cluster.objects('Database');

    it('marks it in the version that is served when it is to stay', async () => {
      await record('Retain');
      expect(await removeNode(running.deps, request, attempt)).toEqual({
        kind: 'removed',
        objects: { removed: 0, retained: 1 },
      });
      expect(textAt(databases()[0], 'metadata', 'labels', 'lynq.sh/orphaned')).toBe('true');
    });

    it('deletes it in the version that is served when it is to go', async () => {
      await record('Delete');
      expect((await removeNode(running.deps, request, attempt)).kind).toBe('removed');
      expect(databases()).toEqual([]);
    });

    it('deletes it so too when a watch has shown it', async () => {
      await record('Delete');
      await running.deps.children.track(served);
      expect((await removeNode(running.deps, request, attempt)).kind).toBe('removed');
      expect(databases()).toEqual([]);
    });

    it('keeps what a person gives up with the node', async () => {
      await record('Delete');
      cluster.intercept(({ verb, ref }) => {
        if (verb !== 'delete' || ref.kind !== 'Database') return undefined;
        return { answer: { kind: 'refused', reason: 'AdmissionDenied', message: 'not now' } };
      });
      const metadata = {
        annotations: { 'lynq.sh/abandon': textAt(cluster.objects('LynqNode')[0], 'metadata', 'uid') },
      };
      await cluster.patch(nodeRef, 'merge', { metadata } as JsonObject, { manager: 'person' });
      expect((await removeNode(running.deps, request, attempt)).kind).toBe('removed');
      expect(textAt(databases()[0], 'metadata', 'labels', 'lynq.sh/orphaned')).toBe('true');
    });

    it('takes it for gone when its kind is served in no version, as a group of another name does not tell', async () => {
      await record('Retain', { ...served, apiVersion: 'other.example.com/v1' });
      expect((await removeNode(running.deps, request, attempt)).kind).toBe('removed');
      expect(textAt(databases()[0], 'metadata', 'labels', 'lynq.sh/orphaned')).toBeUndefined();
    });

    it('holds the node while it cannot be told what is served', async () => {
      await record('Retain');
      cluster.breakGroup('example.com');
      let now = 0;
      const clock = { now: () => new Date((now += 20_000)) };
      expect((await removeNode({ ...running.deps, clock }, request, attempt)).kind).toBe('waiting');
      expect(cluster.objects('LynqNode')).toHaveLength(1);
    });
  });

  it('reads an object once when its deletion ended it, and again only when the watch tells of one that stays', async () => {
    await running.deps.children.track(held);
    const removing = removeNode(running.deps, request, attempt);
    await expect.poll(() => textAt(cluster.objects('ConfigMap').at(-1), 'metadata', 'deletionTimestamp')).toBeDefined();
    // None of these is about the object that stays, and each wakes the removal.
    for (const value of ['1', '2', '3', '4', '5', '6']) {
      const metadata = { annotations: { 'example.com/note': value } };
      await cluster.patch(nodeRef, 'merge', { metadata }, { manager: 'test' });
      await sleep(20);
    }
    await release();
    expect((await removing).kind).toBe('removed');
    expect(readsOf('acme-free')).toBe(1);
    // Before its deletion, when it was marked for it, and when it was gone.
    expect(readsOf(held.name)).toBeLessThanOrEqual(3);
    expect(cluster.objects('LynqNode')).toEqual([]);
  });

  describe('of objects that pods can name, beside objects whose kind may have pods', () => {
    const rollouts = { apiVersion: 'example.com/v1', kind: 'Rollout' };
    const callsOf = (verb: string, kind: string) =>
      cluster.calls.flatMap((call) => (call.verb === verb && call.ref.kind === kind ? [call.ref.name ?? ''] : []));

    function rollout(name: string, spec: JsonObject = {}): JsonObject {
      const labels = { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': namespace };
      const annotations = { 'lynq.sh/deletion-policy': 'Delete' };
      return cluster.seed({ ...rollouts, metadata: { name, namespace, labels, annotations }, spec });
    }
    const rolloutRecord = (object: JsonObject, id: string): JsonObject => ({
      ...recordOf(object, id),
      apiVersion: rollouts.apiVersion,
    });
    const record = (inventory: readonly JsonObject[]) =>
      cluster.patch(
        nodeRef,
        'merge',
        { status: { inventory: [...inventory] } },
        { manager: 'test', subresource: 'status' },
      );

    beforeEach(() => cluster.addKind(rollouts));

    it('reads each of the latter once for all of them', async () => {
      const maps = ['a', 'b', 'c'].map((name) => recordOf(child(cluster, `acme-${name}`), name));
      const others = ['x', 'y'].map((name) => rolloutRecord(rollout(`acme-${name}`), name));
      const dependent = maps.map((entry, at) => (at === 0 ? { ...entry, dependIds: ['c'] } : entry));
      await record([...dependent, ...others]);

      expect(await removeNode(running.deps, request, attempt)).toMatchObject({ kind: 'removed' });
      for (const name of ['acme-x', 'acme-y'])
        expect(callsOf('get', 'Rollout').filter((each) => each === name).length).toBeLessThanOrEqual(2);
      expect(callsOf('list', 'StatefulSet')).toHaveLength(1);
    });

    it('keeps what one names that was kept meanwhile', async () => {
      const containers = [{ name: 'app', envFrom: [{ configMapRef: { name: 'acme-named' } }] }];
      const workload = rollout('acme-x', { template: { spec: { containers } } });
      const [first, named] = ['acme-first', 'acme-named'].map((name) => child(cluster, name));
      await record([
        { ...recordOf(first ?? {}, 'first'), dependIds: ['x'] },
        { ...rolloutRecord(workload, 'x'), policy: 'Retain', dependIds: ['named'] },
        recordOf(named ?? {}, 'named'),
      ]);

      expect(await removeNode(running.deps, request, attempt)).toMatchObject({ kind: 'removed' });
      const left = cluster.objects('ConfigMap').map(({ metadata }) => textAt(metadata, 'name'));
      expect(left).toContain('acme-named');
      expect(left).not.toContain('acme-first');
    });

    it('asks nothing for one that is on its way out already', async () => {
      await cluster.delete(held, textAt(await cluster.get(held), 'metadata', 'uid') ?? '');
      await record([recordOf((await cluster.get(held)) ?? {}, 'held'), rolloutRecord(rollout('acme-x'), 'x')]);
      await removeNode(running.deps, request, { signal: AbortSignal.timeout(500) }).catch(() => undefined);

      expect(callsOf('list', 'StatefulSet')).toEqual([]);
    });
  });

  describe('of the finalizer', () => {
    const takes = () =>
      cluster.calls.flatMap(({ verb, ref, body }) =>
        verb === 'patch' && ref.kind === 'LynqNode' && textAt(body as JsonObject, 'metadata', 'uid') !== undefined
          ? [body as JsonObject]
          : [],
      );

    let forgotten: string[];
    /** Notes which LynqNodes are told gone, which the watch may tell any time later. */
    function noting(): Deps {
      forgotten = [];
      const nodes = new Proxy(running.deps.nodes, {
        get: (index, key) =>
          key === 'forget' ? ({ name }: { name: string }) => void forgotten.push(name) : Reflect.get(index, key, index),
      });
      return { ...running.deps, nodes };
    }

    it('takes the last one with an order to forget who wrote what: the object goes with that very write', async () => {
      await release();
      expect((await removeNode(noting(), request, attempt)).kind).toBe('removed');
      expect(forgotten).toEqual(['acme-web']);
      expect(takes()).toMatchObject([{ metadata: { finalizers: [], managedFields: [{}] } }]);
      expect(textAt(takes()[0], 'metadata', 'uid')).toBeDefined();
      expect(textAt(takes()[0], 'metadata', 'resourceVersion')).toBeDefined();
    });

    it('leaves that to the object when another finalizer keeps it', async () => {
      const finalizers = ['lynqnode.operator.lynq.sh/finalizer', 'example.com/other'];
      await cluster.patch(nodeRef, 'merge', { metadata: { finalizers } }, { manager: 'test' });
      await release();
      expect((await removeNode(noting(), request, attempt)).kind).toBe('removed');
      expect(forgotten).toEqual([]);
      expect(takes()).toHaveLength(1);
      expect(takes()[0]?.['metadata']).not.toHaveProperty('managedFields');
      expect(listAt(cluster.objects('LynqNode')[0], 'metadata', 'finalizers')).toEqual(['example.com/other']);
    });
  });

  it('hears of a person who gives the node up while it waits', async () => {
    const removing = removeNode(running.deps, request, attempt);
    await expect.poll(() => readsOf(held.name)).toBeGreaterThan(0);
    const uid = textAt(cluster.objects('LynqNode')[0], 'metadata', 'uid') ?? '';
    const metadata = { annotations: { 'lynq.sh/abandon': uid } };
    await cluster.patch(nodeRef, 'merge', { metadata }, { manager: 'person' });
    expect((await removing).kind).toBe('removed');
    expect(cluster.objects('ConfigMap').map((object) => textAt(object, 'metadata', 'name'))).toEqual([held.name]);
  });

  it('is a step of its own while few nodes are under way, and ends in the step that finds it due while many are', async () => {
    await release();
    expect(await advanceNode(running.deps, { ...request, force: false }, attempt)).toEqual({ kind: 'removing' });
    expect(cluster.objects('ConfigMap')).toHaveLength(2);
    const others = Array.from({ length: 20 }, (_, at) => running.deps.runs.enter(namespace, `other-${at}`));
    expect(await advanceNode(running.deps, { ...request, force: false }, attempt)).toEqual({
      kind: 'removed',
      objects: { removed: 2, retained: 0 },
    });
    for (const leave of others) leave(new Map());
    expect(cluster.objects('ConfigMap')).toEqual([]);
    expect(cluster.objects('LynqNode')).toEqual([]);
  });

  describe('of an object that its form has come to retain', () => {
    const database = { apiVersion: 'apps/v1', kind: 'StatefulSet', namespace, name: 'acme-db' };
    const password = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'acme-password' };
    let failing: 'its own account' | 'every account' | 'nobody';

    const depsOf = (): typeof running.deps => {
      const barred: FakeCluster = {
        ...cluster,
        get: (ref, signal) =>
          ref.kind === 'StatefulSet'
            ? Promise.reject(new LynqFailure('ClusterForbidden', 'may not get StatefulSet', { code: 403 }))
            : cluster.get(ref, signal),
      };
      return {
        ...running.deps,
        cluster: failing === 'nobody' ? cluster : barred,
        childCluster: () => (failing === 'every account' ? barred : cluster),
      };
    };
    const remove = (milliseconds = 1_500) =>
      removeNode(depsOf(), request, { signal: AbortSignal.timeout(milliseconds) }).catch((error: unknown) => {
        if (isLynqFailure(error)) throw error;
        return { kind: 'interrupted' };
      });
    const isOrphan = async (ref: ObjectRef) =>
      textAt(await cluster.get(ref), 'metadata', 'labels', 'lynq.sh/orphaned') === 'true';

    /** The node has this workload on record, and a Secret that its pods name, with what else is given; its form retains the workload by now. */
    async function retain(workload: ObjectRef, list: string, more: readonly JsonObject[] = []): Promise<void> {
      const labels = { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': namespace };
      const annotations = { 'lynq.sh/deletion-policy': 'Delete' };
      const containers = [{ name: 'db', envFrom: [{ secretRef: { name: password.name } }] }];
      const { apiVersion: version, kind, name } = workload;
      const made = cluster.seed({
        apiVersion: version,
        kind,
        metadata: { name, namespace, labels, annotations },
        spec: { template: { spec: { containers } } },
      });
      const secret = child(cluster, password.name, { kind: 'Secret' });
      cluster.seed({
        apiVersion,
        kind: 'LynqForm',
        metadata: { name: 'web', namespace },
        spec: {
          hubId: 'customers',
          [list]: [{ id: 'db', deletionPolicy: 'Retain', spec: { apiVersion: version, kind, spec: {} } }],
        },
      });
      const needed = { ...recordOf(secret, 'password'), dependIds: more.map((entry) => textAt(entry, 'id') ?? '') };
      const inventory = [{ ...recordOf(made, 'db'), apiVersion: version }, needed, ...more];
      await cluster.patch(nodeRef, 'merge', { status: { inventory } }, { manager: 'test', subresource: 'status' });
    }

    beforeEach(async () => {
      await retain(database, 'statefulSets');
      failing = 'nobody';
    });

    it('reads it in a version that is served when the one on record is not', async () => {
      const status = cluster.objects('LynqNode')[0]?.['status'] as { readonly inventory: readonly JsonObject[] };
      const inventory = status.inventory.map((entry) =>
        entry['kind'] === database.kind ? { ...entry, apiVersion: 'apps/v1beta2' } : entry,
      );
      const present = await withPresentPolicies(
        running.deps,
        { namespace, form: 'web' },
        inventory as unknown as readonly InventoryEntry[],
        attempt.signal,
      );
      expect(presentPolicies(present).map(({ id, policy }) => [id, policy])).toEqual([
        ['db', 'Retain'],
        ['password', 'Retain'],
      ]);
    });

    it.each(['nobody', 'its own account'] as const)(
      'keeps it and what it needs when %s may not read it',
      async (who) => {
        failing = who;
        expect((await remove()).kind).toBe('removed');
        expect([await isOrphan(database), await isOrphan(password)]).toEqual([true, true]);
      },
    );

    it('waits for it, with what it may need, when nobody may read it, and says why', async () => {
      failing = 'every account';
      expect((await remove(4_000)).kind).toBe('interrupted');
      expect(cluster.objects('Secret')).toHaveLength(1);
      expect(await isOrphan(password)).toBe(false);
      const reasons = listAt(cluster.objects('LynqNode')[0], 'status', 'resources').map((item) => [
        textAt(item, 'id'),
        textAt(item, 'reason'),
      ]);
      expect(reasons).toEqual([
        ['db', 'ClusterForbidden'],
        ['password', 'WaitsForDependents'],
      ]);
      failing = 'nobody';
      expect((await remove()).kind).toBe('removed');
      expect([await isOrphan(database), await isOrphan(password)]).toEqual([true, true]);
    });

    it('keeps what it needs, and what that depends on, when it can be read only a moment later, whatever its kind', async () => {
      const workload = { apiVersion: 'example.com/v1', kind: 'Rollout', namespace, name: 'acme-app' };
      const settings = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'acme-settings' };
      const free = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'acme-free' };
      cluster.addKind(workload);
      const freed =
        cluster.objects('ConfigMap').find((object) => textAt(object, 'metadata', 'name') === free.name) ?? {};
      await retain(workload, 'manifests', [recordOf(child(cluster, settings.name), 'settings')]);
      const inventory = [...listAt(cluster.objects('LynqNode')[0], 'status', 'inventory'), recordOf(freed, 'free')];
      await cluster.patch(nodeRef, 'merge', { status: { inventory } }, { manager: 'test', subresource: 'status' });
      const drop = cluster.intercept(({ verb, ref }) => {
        if (verb !== 'get' || ref.kind !== workload.kind) return undefined;
        drop();
        return { failure: new LynqFailure('ClusterUnreachable', 'a conversion webhook is away', {}) };
      });

      expect((await remove()).kind).toBe('removed');
      expect([await isOrphan(workload), await isOrphan(password), await isOrphan(settings)]).toEqual([
        true,
        true,
        true,
      ]);
      expect(await cluster.get(free)).toBeUndefined();
    });

    it.each([
      ['StatefulSet', database, 'statefulSets'],
      ['kind that no form has a list for', { ...database, apiVersion: 'example.com/v1', kind: 'Rollout' }, 'manifests'],
    ])('keeps what it needs when only the object itself says that it stays (%s)', async (_, workload, list) => {
      cluster.addKind(workload);
      await retain(workload, list);
      const form = { apiVersion, kind: 'LynqForm', namespace, name: 'web' };
      await cluster.delete(form, textAt(await cluster.get(form), 'metadata', 'uid') ?? '');
      const metadata = { annotations: { 'lynq.sh/deletion-policy': 'Retain' } };
      await cluster.patch(workload, 'merge', { metadata }, { manager: 'person' });

      expect((await remove()).kind).toBe('removed');
      expect([await isOrphan(workload), await isOrphan(password)]).toEqual([true, true]);
    });

    it('lets the node go when a person gives it up, although nobody may read it', async () => {
      failing = 'every account';
      const uid = textAt(cluster.objects('LynqNode')[0], 'metadata', 'uid') ?? '';
      const metadata = { annotations: { 'lynq.sh/abandon': uid } };
      await cluster.patch(nodeRef, 'merge', { metadata }, { manager: 'person' });
      expect((await remove()).kind).toBe('removed');
      expect(cluster.objects('StatefulSet')).toHaveLength(1);
      expect(await isOrphan(password)).toBe(true);
    });
  });
});
