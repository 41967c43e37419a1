import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { describeRequest } from '../../support/e2e/audit.ts';
import { type Json, type KubeObject, lynqPath } from '../../support/e2e/cluster.ts';
import { eventually, notYet, there, window } from '../../support/e2e/eventually.ts';
import { hubObject } from '../../support/e2e/manifests.ts';
import { openWorld, stateOf, type World } from '../../support/e2e/world.ts';
import {
  configMap,
  deployment,
  type Entry,
  namespace,
  service,
  widget,
  widgetCrd,
} from '../../support/parity/entries.ts';
import { type Kind, pathOf } from '../../support/parity/paths.ts';
import { readPeer, recordedUid, recordPeer, restorePeerNode } from '../../support/parity/peer-recorded.ts';
import { markOrphan, type PeerNode, writePeerNode } from '../../support/parity/peer-writer.ts';
import { formObject } from '../../support/parity/stand.ts';

const merge = { patchStrategy: 'merge' } as const;
const replace = { patchStrategy: 'replace' } as const;
const retain = { deletionPolicy: 'Retain' } as const;
const there1 = { targetNamespace: 'peer-{{ .uid }}', dependIds: ['ns'] } as const;

/** Every way in which the Go operator writes a child. */
const entries: readonly Entry[] = [
  namespace('ns', 'peer-{{ .uid }}'),
  configMap('cfg', { plan: '{{ .plan }}' }),
  deployment('app', {}, { dependIds: ['cfg'] }),
  service('svc'),
  widget('wid', { size: 1 }),
  configMap('merged', { plan: '{{ .plan }}' }, merge),
  deployment('merged-app', {}, merge),
  widget('merged-wid', { list: [1, 2] }, merge),
  configMap('replaced', { plan: '{{ .plan }}' }, replace),
  service('replaced-svc', {}, replace),
  configMap('once', { plan: '{{ .plan }}' }, { creationPolicy: 'Once' }),
  configMap('kept', { plan: '{{ .plan }}' }, retain),
  configMap('merged-kept', { plan: '{{ .plan }}' }, { ...retain, ...merge, dependIds: ['app'] }),
  configMap('far', { plan: '{{ .plan }}' }, { ...there1 }),
  configMap('merged-far', { plan: '{{ .plan }}' }, { ...there1, ...merge }),
  configMap('replaced-far', { plan: '{{ .plan }}' }, { ...there1, ...replace }),
];
/** In the arrays of the nodes, not in the form any more: the form was edited while no operator ran. */
const dropped = [configMap('dropped', {}), configMap('dropped-far', {}, { ...there1, ...merge })];

const hub = 'peers';
const form = 'site';

/** Owners are told apart by UIDs, which are others in each cluster. */
const withoutUids = (fields: Json): Json =>
  JSON.parse(JSON.stringify(fields).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uid'));

describe('parity/peer-suite/take-over', () => {
  let world: World;
  let since: number;
  let children: readonly KubeObject[];
  const path = (object: KubeObject) =>
    pathOf(object.kind as Kind, object.metadata.namespace ?? '', object.metadata.name);
  const named = (name: string) => children.find(({ metadata }) => metadata.name === name)!;
  const nodePath = (uid: string) => lynqPath(world.namespace, 'lynqnodes', `${uid}-${form}`);
  const taken = (uid: string): Promise<KubeObject> =>
    eventually(
      `the node of ${uid} is taken over`,
      async () => {
        const node = await world.node(`${uid}-${form}`);
        const ready =
          node?.status?.readyResources === entries.length && node.status.desiredResources === entries.length;
        return ready && node.status.inventory !== undefined ? there(node) : notYet(stateOf(uid, node));
      },
      { withinMs: 90_000 },
    );

  async function writePeer(): Promise<void> {
    const { cluster, database, namespace: place } = world;
    const extra = { plan: 'plan' };
    const hubPath = lynqPath(place, 'lynqhubs');
    const object = hubObject({
      name: hub,
      namespace: place,
      database,
      table: 'sites',
      extra,
      syncInterval: '5s',
    }) as Json;
    object.metadata.finalizers = ['lynq.sh/hub-finalizer'];
    const madeHub = await cluster.create(hubPath, object);
    const madeForm = await cluster.create(lynqPath(place, 'lynqforms'), formObject(place, form, hub, entries));
    const node = (uid: string, more: readonly Entry[] = []): PeerNode => ({
      namespace: place,
      hub: madeHub,
      form: madeForm,
      uid,
      extra: { plan: 'basic' },
      entries: [...entries, ...more],
    });
    children = [
      ...(await writePeerNode(cluster, node('stays'))),
      ...(await writePeerNode(cluster, node('edited', dropped))),
      ...(await writePeerNode(cluster, node('leaves'))),
    ];
    await cluster.remove(nodePath('leaves'));
    await cluster.create(pathOf('ConfigMap', place), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'returns-site-cfg', annotations: { 'lynq.sh/deletion-policy': 'Retain' } },
      data: { plan: 'old' },
    });
    await markOrphan(cluster, pathOf('ConfigMap', place, 'returns-site-cfg'));
  }

  beforeAll(async () => {
    world = await openWorld(inject('stack'), {
      name: 'take-over',
      schema: "CREATE TABLE sites (id VARCHAR(50), active VARCHAR(5) DEFAULT '1', plan VARCHAR(50) DEFAULT 'basic')",
    });
    await world.worker.stop();
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
    if ((await world.cluster.find(`${crds}/${widgetCrd.metadata.name}`)) === undefined)
      await world.cluster.create(crds, widgetCrd);
    await eventually('widgets are served', async () =>
      there(await world.cluster.list('/apis/parity.example.com/v1/widgets')),
    );
    await world.database.sql("INSERT INTO sites (id) VALUES ('stays'), ('edited'), ('recorded')");
    await writePeer();
    await eventually('workloads of the peer run', async () => {
      const app = await world.cluster.get(pathOf('Deployment', world.namespace, 'stays-site-app'));
      return app.status?.availableReplicas === 1 ? there(app) : notYet(app.status ?? 'no status');
    });
    children = await Promise.all(children.map((child) => world.cluster.get(path(child))));
    if (process.env['LYNQ_RECORD_PEER'] !== undefined) await record();
    const found = await world.cluster.get(lynqPath(world.namespace, 'lynqhubs', hub));
    children = [...children, ...(await restorePeerNode(world.cluster, readPeer(), { hub: found, uid: 'recorded' }))];
    since = world.audit.now();
    await world.worker.start();
  }, 240_000);
  afterAll(async () => {
    await world?.lynq(['adopt', hub]);
    await world?.close();
  });

  /** Keeps the objects of one node in test/fixtures. */
  async function record(): Promise<void> {
    const node = await world.cluster.get(nodePath(recordedUid));
    const kept = children.filter(({ metadata }) => metadata.name.includes(recordedUid));
    const orphan = await world.cluster.get(pathOf('ConfigMap', world.namespace, 'returns-site-cfg'));
    recordPeer({ node, children: kept, orphan });
  }

  const isOf = (uid: string) => (child: KubeObject) => child.metadata.name.includes(uid);
  const writesSince = (place: number) =>
    world.audit.ofWorker(place).filter(({ verb, objectRef }) => {
      if (/^(get|list|watch)$/.test(verb) || objectRef?.subresource !== undefined) return false;
      return objectRef?.resource !== 'events' && objectRef?.resource !== 'leases';
    });

  test.each(['stays', 'recorded'])(
    'node %s of the Go operator becomes ours: nothing is deleted or replaced, and each object is written once at most',
    async (uid) => {
      expect(children.filter(isOf(uid))).toHaveLength(entries.length);
      await taken(uid);
      await world.ready([`${uid}-${form}`]);
      await window(8_000);
      const writes = writesSince(since).filter(({ objectRef }) => objectRef?.name?.includes(uid) === true);
      expect(writes.filter(({ verb }) => verb.startsWith('delete')).map(describeRequest)).toEqual([]);
      const counts = new Map<string, number>();
      for (const write of writes) {
        const key = `${write.objectRef?.namespace} ${write.objectRef?.resource}/${write.objectRef?.name}`;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      expect([...counts].filter(([, count]) => count > 1)).toEqual([]);
      for (const child of children.filter(isOf(uid))) {
        const now = await world.cluster.get(path(child));
        expect([child.metadata.name, now.metadata.uid]).toEqual([child.metadata.name, child.metadata.uid]);
      }
      expect((await world.node(`${uid}-${form}`))?.status.conditions).toContainEqual(
        expect.objectContaining({ type: 'Conflicted', status: 'False' }),
      );
    },
  );

  test('what was recorded of requests like those of the Go operator is put back as it was: the same managers own the same fields', async () => {
    const { children: recorded } = readPeer();
    const owned = ({ metadata }: KubeObject) =>
      (metadata as Json).managedFields
        .filter(({ subresource }: Json) => subresource === undefined)
        .map(({ manager, operation, fieldsV1 }: Json) => ({ manager, operation, fields: withoutUids(fieldsV1) }));
    const restored = children.filter(isOf('recorded'));
    expect(restored.map(owned)).toEqual(recorded.map(owned));
    expect(new Set(recorded.flatMap(owned).map(({ manager, operation }: Json) => `${manager} ${operation}`))).toEqual(
      new Set(['lynq-operator Apply', 'manager Update']),
    );
  });

  test('objects that were merged or replaced by it follow the row, and one made once keeps its content', async () => {
    await world.database.sql("UPDATE sites SET plan = 'gold' WHERE id = 'stays'");
    const gold = ['cfg', 'merged', 'replaced', 'kept', 'merged-kept', 'far', 'merged-far', 'replaced-far'];
    await eventually('the row is followed', async () => {
      const found = await Promise.all(gold.map((id) => world.cluster.get(path(named(`stays-site-${id}`)))));
      const stale = found.filter(({ data }) => data?.['plan'] !== 'gold').map(({ metadata }) => metadata.name);
      return stale.length === 0 ? there(true) : notYet(stale);
    });
    expect((await world.cluster.get(path(named('stays-site-once')))).data).toEqual({ plan: 'basic' });
    for (const id of [...gold, 'once'])
      expect((await world.cluster.get(path(named(`stays-site-${id}`)))).metadata.uid).toBe(
        named(`stays-site-${id}`).metadata.uid,
      );
  });

  test('an object that was made once is still watched: deleted by someone, it is made again', async () => {
    await world.cluster.remove(path(named('stays-site-once')));
    await eventually('made again', async () => {
      const found = await world.cluster.find(path(named('stays-site-once')));
      return found?.data?.['plan'] === 'gold' ? there(found) : notYet(found ?? 'absent');
    });
  });

  test('what left the form while no operator ran goes, in other namespaces too', async () => {
    await taken('edited');
    await eventually('both are gone', async () => {
      const left = (
        await Promise.all(
          ['edited-site-dropped', 'edited-site-dropped-far'].map((name) => world.cluster.find(path(named(name)))),
        )
      ).filter((one) => one !== undefined);
      return left.length === 0 ? there(true) : notYet(left.map(({ metadata }) => metadata.name));
    });
    await eventually('the record has let go of them', async () => {
      const listed = (await world.node(`edited-${form}`))?.status.appliedResources as readonly string[];
      return listed.length === entries.length ? there(listed) : notYet(listed);
    });
  });

  test('a node deleted before the first pass leaves nothing behind but what is retained, marked', async () => {
    await world.gone([`leaves-${form}`]);
    const left = await Promise.all(
      children.filter(isOf('leaves')).map(async (child) => world.cluster.find(path(child))),
    );
    const names = left.flatMap((one) =>
      one === undefined || one.metadata.deletionTimestamp !== undefined ? [] : [one.metadata.name],
    );
    // `merged-kept` depends on `app`, which needs `cfg`: what a retained object needs is retained.
    expect(names.toSorted()).toEqual([
      'leaves-site-app',
      'leaves-site-cfg',
      'leaves-site-kept',
      'leaves-site-merged-kept',
    ]);
    for (const name of names) {
      const { metadata } = await world.cluster.get(path(named(name)));
      expect([name, metadata.uid]).toEqual([name, named(name).metadata.uid]);
      expect(metadata.labels).toMatchObject({ 'lynq.sh/orphaned': 'true' });
      expect(metadata.ownerReferences ?? []).toEqual([]);
    }
  });

  test('an orphan that the Go operator marked is left alone under Stuck: it does not say whose it was', async () => {
    const before = await world.cluster.get(pathOf('ConfigMap', world.namespace, 'returns-site-cfg'));
    await world.database.sql("INSERT INTO sites (id) VALUES ('returns')");
    const node = await eventually('the node says so', async () => {
      const found = await world.node(`returns-${form}`);
      const entry = (found?.status?.resources ?? []).find((one: Json) => one.id === 'cfg');
      return entry?.state === 'Conflicted' ? there(found!) : notYet(stateOf('returns', found));
    });
    expect(node.status.failedResources).toBeGreaterThan(0);
    expect(await world.cluster.get(pathOf('ConfigMap', world.namespace, 'returns-site-cfg'))).toEqual(before);
    await world.database.sql("DELETE FROM sites WHERE id = 'returns'");
    await world.gone([`returns-${form}`]);
  });

  test('lynq release leaves what the Go operator compares with: arrays as it writes them, and the keys of what is there', async () => {
    const place = world.audit.now();
    expect(await world.lynq(['release', hub, '--yes'])).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('released'),
    });
    const { spec, status, metadata } = (await world.node(`stays-${form}`))!;
    const keys = entries.map(
      ({ id, spec: { kind }, targetNamespace, nameTemplate }) =>
        `${kind}/${targetNamespace ?? world.namespace}/${nameTemplate?.replace('{{ .uid }}', 'stays') ?? `stays-site-${id}`}@${id}`,
    );
    expect(status.appliedResources.toSorted()).toEqual(keys.toSorted());
    const stored = [...spec.configMaps, ...spec.deployments, ...spec.services, ...spec.manifests, ...spec.namespaces];
    expect(stored.map(({ id }: Json) => String(id)).toSorted()).toEqual(entries.map(({ id }) => id).toSorted());
    expect(spec.configMaps.find(({ id }: Json) => id === 'cfg')).toMatchObject({
      nameTemplate: 'stays-site-cfg',
      spec: { kind: 'ConfigMap', data: { plan: '{{ .plan }}' } },
    });
    expect(metadata.finalizers).toEqual(['lynqnode.operator.lynq.sh/finalizer']);
    const deletes = writesSince(place).filter(({ verb }) => verb.startsWith('delete'));
    expect(deletes.map(describeRequest)).toEqual([]);
  });
});
