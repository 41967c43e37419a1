import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../../support/e2e/audit.ts';
import { childPath, conditionOf, type Json, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { configMapForm, hubObject } from '../../support/e2e/manifests.ts';
import { foreignPrefix, type Planted, plantForeign } from '../../support/faults/foreign.ts';
import { expectRulesKept } from '../../support/faults/rules-kept.ts';
import { type Entry, openPolicyWorld, type PolicyWorld } from '../../support/e2e/policy-world.ts';

const outside = 'objects-outside';
const form = 'form';

const configMap = (id: string, more: Json = {}): Entry => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { size: '{{ .size }}', of: '{{ .uid }}' } },
  ...more,
});

const entries: readonly Entry[] = [
  configMap('map'),
  configMap('kept', { deletionPolicy: 'Retain' }),
  configMap('far', { targetNamespace: outside }),
  {
    id: 'once',
    nameTemplate: '{{ .uid }}-once',
    creationPolicy: 'Once',
    spec: { apiVersion: 'v1', kind: 'Secret', stringData: { password: 'first of {{ .uid }}' } },
  },
  {
    id: 'app',
    nameTemplate: '{{ .uid }}-app',
    ignoreFields: ['$.spec.replicas'],
    spec: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: '{{ .uid }}' } },
        template: {
          metadata: { labels: { app: '{{ .uid }}' } },
          spec: { containers: [{ name: 'app', image: 'app:1' }] },
        },
      },
    },
  },
];

/** What others do to the objects of a node: ids O1 to O13 of the list of faults. */
describe('faults/objects', () => {
  let world: PolicyWorld;
  let begun = 0;
  let foreign: readonly Planted[] = [];

  beforeAll(async () => {
    world = await openPolicyWorld(inject('stack'), 'objects', []);
    // More rows go here within an hour than the guard lets go by itself.
    const guard = { spec: { deletionGuard: { maxRows: 1_000 } } };
    await world.cluster.merge(lynqPath(world.namespace, 'lynqhubs', world.hubName), guard);
    if ((await world.cluster.find(`/api/v1/namespaces/${outside}`)) === undefined)
      await world.cluster.create('/api/v1/namespaces', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: outside },
      });
    begun = world.audit.now();
    const place = { namespace: outside, node: nodeOf('o1'), nodeNamespace: world.namespace, prefix: foreignPrefix };
    foreign = await plantForeign(world.cluster, place);
    await world.putForm(form, entries);
  });
  afterAll(() => world?.close());

  const nodeOf = (uid: string): string => `${uid}-${form}`;
  const nodePath = (uid: string): string => lynqPath(world.namespace, 'lynqnodes', nodeOf(uid));
  const mapOf = (uid: string, id = 'map'): string =>
    childPath('ConfigMap', id === 'far' ? outside : world.namespace, `${uid}-${id}`);
  const onceOf = (uid: string): string => childPath('Secret', world.namespace, `${uid}-once`);
  const appOf = (uid: string): string => childPath('Deployment', world.namespace, `${uid}-app`);
  const addRow = (uid: string) => world.database.sql('INSERT INTO things (id) VALUES (?)', [uid]);
  const dropRow = (uid: string) => world.database.sql('DELETE FROM things WHERE id = ?', [uid]);

  async function begin(uid: string): Promise<KubeObject> {
    await addRow(uid);
    return world.settled(nodeOf(uid));
  }

  const isThere = (path: string, known?: string): Promise<KubeObject> =>
    world.until(path, 'is there', ({ metadata }) => metadata.uid !== known && metadata.deletionTimestamp === undefined);

  const isGone = (path: string): Promise<unknown> =>
    eventually(`${path} is gone`, async () => {
      const found = await world.cluster.find(path);
      return found === undefined ? there(true) : notYet(found.metadata);
    });

  const uidOf = async (path: string): Promise<string> => (await world.cluster.get(path)).metadata.uid;

  const deletesOf = (uid: string, place: number): readonly string[] =>
    world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => verb.startsWith('delete') && objectRef?.name?.startsWith(`${uid}-`) === true)
      .map(describeRequest);

  test.concurrent('O1 an object that someone deletes is made again, one that is made once too', async () => {
    await begin('o1');
    const before = new Map<string, string>();
    for (const path of [mapOf('o1'), mapOf('o1', 'far'), onceOf('o1')]) before.set(path, await uidOf(path));
    for (const path of before.keys()) await world.cluster.remove(path);
    for (const [path, uid] of before) await isThere(path, uid);
    await world.settled(nodeOf('o1'));
  });

  test.concurrent('O2 an owned field is restored, an ignored one and a foreign one are kept', async () => {
    await begin('o2');
    await world.patch(appOf('o2'), 'tenant', { spec: { replicas: 3 } });
    await world.patch(mapOf('o2'), 'tenant', { data: { size: 'edited', theirs: 'kept' } });
    await world.until(mapOf('o2'), 'has its value again', ({ data }) => data?.['size'] === '1');
    expect((await world.cluster.get(mapOf('o2'))).data).toMatchObject({ theirs: 'kept', of: 'o2' });
    expect((await world.cluster.get(appOf('o2'))).spec.replicas).toBe(3);
  });

  test.concurrent('O3 what an autoscaler does under ignoreFields is never fought over', async () => {
    await begin('o3');
    await world.patch(`${appOf('o3')}/scale`, 'autoscaler', { spec: { replicas: 2 } });
    const place = world.audit.now();
    await world.patch(`${appOf('o3')}/scale`, 'autoscaler', { spec: { replicas: 4 } });
    await world.until(appOf('o3'), 'four replicas are ready', ({ status }) => status?.readyReplicas === 4);
    await window(4_000);
    expect((await world.cluster.get(appOf('o3'))).spec.replicas).toBe(4);
    expect(world.writesTo(appOf('o3'), place).map(describeRequest)).toEqual([]);
  });

  const isTracked = ({ metadata }: KubeObject, node: KubeObject): boolean => {
    const { labels = {}, annotations = {}, ownerReferences = [] } = metadata as Json;
    return (
      [labels['lynq.sh/node'], labels['lynq.sh/node-namespace']].join() ===
        `${node.metadata.name},${world.namespace}` &&
      String(annotations['lynq.sh/applied-hash']).startsWith('k-') &&
      annotations['lynq.sh/deletion-policy'] === 'Delete' &&
      ownerReferences.some((owner: Json) => owner.uid === node.metadata.uid)
    );
  };

  test.concurrent('O4 labels, owner and hash of ours are put back, whichever is taken off or changed', async () => {
    const place = world.audit.now();
    const edits = [
      { labels: { 'lynq.sh/node': null } },
      { labels: { 'lynq.sh/node': 'someone-else' } },
      { labels: { 'lynq.sh/node-namespace': null } },
      { labels: { 'lynq.sh/node-namespace': 'elsewhere' } },
      { ownerReferences: null },
      { annotations: { 'lynq.sh/applied-hash': null } },
      { annotations: { 'lynq.sh/applied-hash': 'edited' } },
      { annotations: { 'lynq.sh/deletion-policy': 'Retain' } },
    ];
    // One object each: whoever edits one object as often as it is put right is in a fight with us, which is another matter.
    await Promise.all(
      edits.map(async (metadata, index) => {
        const row = `o4-${index}`;
        const node = await begin(row);
        const uid = await uidOf(mapOf(row));
        await world.patch(mapOf(row), 'tenant', { metadata });
        await world.until(mapOf(row), `is repaired after ${JSON.stringify(metadata)}`, (map) => isTracked(map, node));
        expect(await uidOf(mapOf(row))).toBe(uid);
      }),
    );
    const node = await begin('o4-given');
    const [uid, owner] = [
      await uidOf(mapOf('o4-given')),
      (await world.cluster.get(mapOf('o4-given', 'kept'))).metadata,
    ];
    const given = { apiVersion: 'v1', kind: 'ConfigMap', name: owner.name, uid: owner.uid, controller: true };
    await world.patch(mapOf('o4-given'), 'tenant', { metadata: { ownerReferences: [given] } });
    await world.until(mapOf('o4-given'), 'has the owner it had', (map) => isTracked(map, node));
    expect(await uidOf(mapOf('o4-given'))).toBe(uid);
    expect(deletesOf('o4', place)).toEqual([]);
  });

  test.concurrent('O5 a policy flipped on the object itself takes nothing away that is to stay', async () => {
    await begin('o5');
    const uid = await uidOf(mapOf('o5', 'kept'));
    await world.patch(mapOf('o5', 'kept'), 'tenant', {
      metadata: { annotations: { 'lynq.sh/deletion-policy': 'Delete' } },
    });
    await dropRow('o5');
    await world.gone([nodeOf('o5')]);
    expect(await uidOf(mapOf('o5', 'kept'))).toBe(uid);
  });

  test.concurrent('O6 an object with forged labels is never changed or deleted', async () => {
    const name = 'o6-forged';
    await begin('o6');
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name,
        labels: { 'lynq.sh/node': nodeOf('o6'), 'lynq.sh/node-namespace': world.namespace },
        annotations: { 'lynq.sh/deletion-policy': 'Delete' },
      },
      data: { whose: 'not ours' },
    };
    const planted = [
      await world.cluster.create(childPath('ConfigMap', world.namespace), body),
      await world.cluster.create(childPath('ConfigMap', outside), body),
    ];
    await dropRow('o6');
    await world.gone([nodeOf('o6')]);
    // Longer than two syncs, so that whatever looks for left-overs has looked.
    await window(6_000);
    for (const { metadata } of planted)
      expect(
        (await world.cluster.get(childPath('ConfigMap', metadata.namespace ?? '', name))).metadata.resourceVersion,
      ).toBe(metadata.resourceVersion);
  });

  test.concurrent('O7 an object that someone deleted and made anew is theirs, while the row is there and after', async () => {
    await begin('o7');
    await world.cluster.merge(nodePath('o7'), { spec: { paused: true } });
    await world.cluster.remove(mapOf('o7'));
    await isGone(mapOf('o7'));
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'o7-map' }, data: { whose: 'not ours' } };
    const { metadata } = await world.cluster.create(childPath('ConfigMap', world.namespace), body);
    await world.cluster.merge(nodePath('o7'), { spec: { paused: null } });
    await world.entryIs(nodeOf('o7'), 'map', 'Conflicted');
    await dropRow('o7');
    await world.gone([nodeOf('o7')]);
    expect((await world.cluster.get(mapOf('o7'))).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  test.concurrent('O7 an object that someone made anew from a copy with our marks and owner is ours, and goes with the row', async () => {
    await begin('o7-copy');
    await world.cluster.merge(nodePath('o7-copy'), { spec: { paused: true } });
    const { metadata, data } = await world.cluster.get(mapOf('o7-copy'));
    await world.cluster.remove(mapOf('o7-copy'));
    await isGone(mapOf('o7-copy'));
    const { name, labels, annotations, ownerReferences } = metadata;
    const copy = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels, annotations, ownerReferences },
      data,
    };
    const made = await world.cluster.create(childPath('ConfigMap', world.namespace), copy as Json);
    await world.cluster.merge(nodePath('o7-copy'), { spec: { paused: null } });
    await world.until(nodePath('o7-copy'), 'has it on record', ({ status }) =>
      (status.inventory as readonly Json[]).some(({ id, uid }) => id === 'map' && uid === made.metadata.uid),
    );
    expect(await uidOf(mapOf('o7-copy'))).toBe(made.metadata.uid);
    await dropRow('o7-copy');
    await world.gone([nodeOf('o7-copy')]);
    await isGone(mapOf('o7-copy'));
  });

  test.concurrent('O8 a foreign finalizer holds its object and the node, and nothing else', async () => {
    await begin('o8');
    await world.patch(mapOf('o8'), 'tenant', { metadata: { finalizers: ['example.com/hold'] } });
    await dropRow('o8');
    const held = await world.entryIs(nodeOf('o8'), 'map', 'Deleting');
    expect(['Deleting', 'Terminating']).toContain(held.reason);
    await isGone(mapOf('o8', 'far'));
    await isGone(onceOf('o8'));
    expect((await world.cluster.get(mapOf('o8'))).metadata.finalizers).toEqual(['example.com/hold']);
    expect((await world.node(nodeOf('o8')))?.metadata.finalizers).toEqual(['lynqnode.operator.lynq.sh/finalizer']);
    await world.patch(mapOf('o8'), 'tenant', { metadata: { finalizers: null } });
    await world.gone([nodeOf('o8')]);
    await isGone(mapOf('o8'));
  });

  test.concurrent('O9 a LynqNode deleted by hand goes by its policies and comes back', async () => {
    const before = await begin('o9');
    const [map, kept] = [await uidOf(mapOf('o9')), await uidOf(mapOf('o9', 'kept'))];
    await world.cluster.remove(nodePath('o9'));
    const node = await isThere(nodePath('o9'), before.metadata.uid);
    expect(node.metadata.uid).not.toBe(before.metadata.uid);
    await world.settled(nodeOf('o9'));
    expect(await uidOf(mapOf('o9'))).not.toBe(map);
    const returned = await world.cluster.get(mapOf('o9', 'kept'));
    expect(returned.metadata.uid).toBe(kept);
    expect(returned.metadata.labels).toMatchObject({ 'lynq.sh/node': nodeOf('o9') });
  });

  test.concurrent('O10 a LynqNode edited by hand is put back, and nothing of it is touched meanwhile', async () => {
    const before = await begin('o10');
    const uids = async () =>
      Promise.all([mapOf('o10'), mapOf('o10', 'far'), mapOf('o10', 'kept'), onceOf('o10'), appOf('o10')].map(uidOf));
    const [known, place] = [await uids(), world.audit.now()];
    const edits = [
      { spec: { uid: 'someone-else' } },
      { spec: { templateRef: 'another' } },
      { spec: { uid: 'x', templateRef: 'y' } },
      { spec: { formRevision: null } },
      { metadata: { labels: { 'lynq.sh/hub': 'another' } } },
      { metadata: { labels: { 'lynq.sh/hub': null, 'lynq.sh/uid': null } } },
      { metadata: { finalizers: null } },
      { metadata: { ownerReferences: null } },
      { metadata: { annotations: { 'lynq.sh/extra': '{"size":"9"}' } } },
    ];
    const shape = ({ metadata, spec }: KubeObject): string => {
      const { labels, finalizers, ownerReferences, annotations } = metadata as Json;
      return JSON.stringify([spec, labels, finalizers, ownerReferences, annotations?.['lynq.sh/extra']]);
    };
    for (const edit of edits) {
      await world.patch(nodePath('o10'), 'tenant', edit);
      await world.until(
        nodePath('o10'),
        `is put back after ${JSON.stringify(edit)}`,
        (node) => shape(node) === shape(before),
      );
    }
    await world.settled(nodeOf('o10'));
    await world.until(mapOf('o10'), 'has the value of the row', ({ data }) => data?.['size'] === '1');
    expect(await uids()).toEqual(known);
    expect(deletesOf('o10', place)).toEqual([]);
    expect(conditionOf(await world.hub(world.hubName), 'Ready')?.status).toBe('True');
  });

  test.concurrent('O11 what was kept comes back with its row, as it is', async () => {
    const uids = ['o11', 'o11-edited', 'o11-deleted'] as const;
    await Promise.all(uids.map(begin));
    const before = new Map<string, KubeObject>();
    for (const uid of uids) before.set(uid, await world.cluster.get(mapOf(uid, 'kept')));
    await Promise.all(uids.map(dropRow));
    await world.gone(uids.map(nodeOf));
    for (const uid of uids) {
      const { metadata } = await world.cluster.get(mapOf(uid, 'kept'));
      expect(metadata.uid).toBe(before.get(uid)?.metadata.uid);
      expect(metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
      expect(metadata.labels).not.toHaveProperty('lynq.sh/node');
    }
    await world.patch(mapOf('o11-edited', 'kept'), 'tenant', { data: { theirs: 'added' } });
    await world.cluster.remove(mapOf('o11-deleted', 'kept'));
    await isGone(mapOf('o11-deleted', 'kept'));
    await Promise.all(uids.map(addRow));

    for (const uid of uids) await world.settled(nodeOf(uid));
    for (const uid of ['o11', 'o11-edited']) {
      const { metadata, data } = await world.cluster.get(mapOf(uid, 'kept'));
      expect(metadata.uid).toBe(before.get(uid)?.metadata.uid);
      expect(metadata.labels).toMatchObject({ 'lynq.sh/node': nodeOf(uid) });
      expect(metadata.labels).not.toHaveProperty('lynq.sh/orphaned');
      expect(data).toMatchObject({ of: uid, ...(uid === 'o11' ? {} : { theirs: 'added' }) });
    }
    expect(await uidOf(mapOf('o11-deleted', 'kept'))).not.toBe(before.get('o11-deleted')?.metadata.uid);
  });

  test.concurrent('O11 what was kept and is said to be of another installation or another node is not taken', async () => {
    const owners = ['o11-taken', 'o11-other'] as const;
    await Promise.all([...owners, 'o11-owner'].map(begin));
    await Promise.all([...owners, 'o11-owner'].map(dropRow));
    await world.gone([...owners, 'o11-owner'].map(nodeOf));
    const { annotations } = (await world.cluster.get(mapOf('o11-owner', 'kept'))).metadata;
    const from = { 'o11-taken': 'another/installation/row', 'o11-other': annotations?.['lynq.sh/orphaned-from'] };
    for (const uid of owners) {
      const patch = { metadata: { annotations: { 'lynq.sh/orphaned-from': from[uid] ?? 'none' } } };
      const { metadata } = await world.patch(mapOf(uid, 'kept'), 'tenant', patch);
      await addRow(uid);
      await world.entryIs(nodeOf(uid), 'kept', 'Conflicted');
      expect((await world.cluster.get(mapOf(uid, 'kept'))).metadata.resourceVersion).toBe(metadata.resourceVersion);
    }
  });

  test.concurrent('O12 a foreign object that was there before is left alone, while the row is there and after', async () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'o12-map' }, data: { other: 'field' } };
    const { metadata } = await world.cluster.create(childPath('ConfigMap', world.namespace), body);
    await addRow('o12');
    await world.entryIs(nodeOf('o12'), 'map', 'Conflicted');
    await world.entryIs(nodeOf('o12'), 'far', 'Ready');
    await dropRow('o12');
    await world.gone([nodeOf('o12')]);
    expect((await world.cluster.get(mapOf('o12'))).metadata).toMatchObject({
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
    });
  });

  test.concurrent('O13 what a tenant wrote into an object that is made once stays', async () => {
    await begin('o13');
    const password = Buffer.from('changed by the tenant').toString('base64');
    await world.patch(onceOf('o13'), 'tenant', { data: { password } });
    const place = world.audit.now();
    await world.database.sql("UPDATE things SET size = '2' WHERE id = 'o13'");
    await world.until(mapOf('o13'), 'has the new value', ({ data }) => data?.['size'] === '2');
    await world.settled(nodeOf('o13'));
    expect((await world.cluster.get(onceOf('o13'))).data).toEqual({ password });
    expect(world.writesTo(onceOf('o13'), place).map(describeRequest)).toEqual([]);
  });

  test('O10 what is left of a node whose finalizer was taken off while it went is found within two syncs of the running worker', async () => {
    await world.database.sql('CREATE TABLE left_rows (id VARCHAR(63) PRIMARY KEY, active BOOLEAN DEFAULT TRUE)');
    await world.database.sql("INSERT INTO left_rows (id) VALUES ('o10-run')");
    const { namespace, database, cluster } = world;
    const of = { name: 'left', namespace, hub: 'left' };
    const left = configMapForm(of, [
      { id: 'base' },
      { id: 'kept', deletionPolicy: 'Retain' },
      { id: 'top', dependIds: ['base', 'kept'] },
    ]);
    await cluster.create(lynqPath(namespace, 'lynqforms'), left);
    const hub = hubObject({ name: 'left', namespace, database, table: 'left_rows', extra: {}, syncInterval: '2s' });
    await cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
    await world.settled('o10-run-left');
    const pathOf = (id: string): string => childPath('ConfigMap', namespace, `o10-run-left-${id}`);
    const before = new Map([
      ['base', await uidOf(pathOf('base'))],
      ['kept', await uidOf(pathOf('kept'))],
    ]);
    await world.patch(pathOf('top'), 'tenant', { metadata: { finalizers: ['example.com/hold'] } });
    await world.database.sql('DELETE FROM left_rows');
    await world.entryIs('o10-run-left', 'top', 'Deleting');

    const syncs = cluster.watch(`${lynqPath(namespace, 'lynqhubs')}?fieldSelector=metadata.name%3Dleft`);
    const strip = lynqPath(namespace, 'lynqnodes', 'o10-run-left');
    await cluster.merge(strip, { metadata: { finalizers: null } });
    await isGone(strip);
    await isGone(pathOf('base'));
    await world.until(
      pathOf('kept'),
      'is marked as kept',
      ({ metadata }) => metadata.labels?.['lynq.sh/orphaned'] === 'true',
    );
    syncs.stop();
    const ended = new Set(syncs.events.map(({ object }) => object.status?.lastSyncTime as string));
    // The state it begins with, the sync that was under way, and two more.
    expect(ended.size).toBeLessThanOrEqual(4);
    expect(await uidOf(pathOf('kept'))).toBe(before.get('kept'));
    await world.patch(pathOf('top'), 'tenant', { metadata: { finalizers: null } });
    await isGone(pathOf('top'));
  });

  test('O10 what is left of a node whose finalizer was taken off, or made too late, is found after a restart', async () => {
    await begin('o10-left');
    const kept = await uidOf(mapOf('o10-left', 'kept'));
    await world.worker.stop();
    await dropRow('o10-left');
    await world.cluster.merge(nodePath('o10-left'), { metadata: { finalizers: null } });
    await world.cluster.remove(nodePath('o10-left'));
    await isGone(nodePath('o10-left'));
    // As a create that was on its way for long: of a kind that no node has on record.
    const late = `/api/v1/namespaces/${outside}/services/o10-left-late`;
    await world.putForm(form, [
      ...entries,
      {
        id: 'late',
        nameTemplate: '{{ .uid }}-service',
        spec: { apiVersion: 'v1', kind: 'Service', spec: { ports: [{ port: 80 }] } },
      },
    ]);
    const body = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'o10-left-late',
        labels: { 'lynq.sh/node': nodeOf('o10-left'), 'lynq.sh/node-namespace': world.namespace },
        annotations: { 'lynq.sh/deletion-policy': 'Delete' },
      },
      spec: { ports: [{ port: 80 }] },
    };
    await world.patch(late, 'lynq-operator', body, 'apply', '&force=true');
    expect(await uidOf(mapOf('o10-left', 'far'))).toBeDefined();
    await world.worker.start();

    for (const path of [mapOf('o10-left', 'far'), mapOf('o10-left'), late]) await isGone(path);
    await world.until(
      mapOf('o10-left', 'kept'),
      'is marked as kept',
      ({ metadata }) => metadata.labels?.['lynq.sh/orphaned'] === 'true',
    );
    expect(await uidOf(mapOf('o10-left', 'kept'))).toBe(kept);
    await world.settled(nodeOf('o1'));
  });

  test('nothing in the log of the API server breaks a rule, and what is not ours is what it was', async () => {
    await expectRulesKept({ ...world, foreign }, begun, { strays: [`/services/${outside}/o10-left-late`] });
  });
});
