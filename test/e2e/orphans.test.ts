import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../support/e2e/cluster.ts';
import {
  autoscaler,
  claim,
  configMap,
  cronJob,
  daemonSet,
  deployment,
  disruptionBudget,
  type Entry,
  ingress,
  job,
  namespace,
  networkPolicy,
  service,
  statefulSet,
  stuckDeployment,
  widget,
} from '../support/parity/entries.ts';
import { type Kind, pathOf } from '../support/parity/paths.ts';
import { openStand, type Scene, soon, type Stand, serveWidgets } from '../support/parity/stand.ts';
import { shellBlocks } from '../support/install/blocks.ts';

const plain = (id: string, kind: string): Entry => ({ id, spec: { apiVersion: 'v1', kind } });

/** One entry for each of the sixteen lists of a form, and a cluster-scoped one beside Namespace. */
const every: readonly Entry[] = [
  plain('sa', 'ServiceAccount'),
  deployment('app', { replicas: 0 }),
  statefulSet('db', { replicas: 0 }),
  daemonSet('agent', {}, { waitForReady: false }),
  service('svc'),
  ingress('web'),
  configMap('cfg', { v: '1' }),
  plain('pass', 'Secret'),
  claim('data', undefined, { waitForReady: false }),
  job('once', { waitForReady: false }),
  cronJob('daily'),
  disruptionBudget('pdb'),
  networkPolicy('net'),
  autoscaler('hpa', 'nobody', { waitForReady: false }),
  widget('wid', { size: 1 }),
  { id: 'role', spec: { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', rules: [] } },
];
const clusterScoped = (kind: string): boolean => kind === 'Namespace' || kind === 'ClusterRole';
const stays = configMap('stays');

interface EntryStatus {
  readonly id: string;
  readonly state: string;
  readonly reason?: string;
}
const entryOf = (node: KubeObject | undefined, id: string): EntryStatus | undefined =>
  ((node?.status?.resources ?? []) as readonly EntryStatus[]).find((one) => one.id === id);

/** What becomes of objects that a form does not name any more, for every kind (decisions.md section 4). */
describe('e2e/orphans', () => {
  let stand: Stand;
  beforeAll(async () => {
    const clusterKinds = ['Namespace', 'ClusterRole.rbac.authorization.k8s.io'];
    stand = await openStand('orphans', { LYNQ_SCOPE_POLICY: JSON.stringify({ clusterKinds }) });
    await serveWidgets(stand);
  });
  afterAll(() => stand?.close());

  const named = (prefix: string, entries: readonly Entry[] = every): readonly Entry[] =>
    entries.map((entry) => ({ ...entry, nameTemplate: `${prefix}-${entry.id}` }));
  /** The entries' objects under a prefix, by id; those that are not there are left out. */
  const objects = async (
    prefix: string,
    entries: readonly Entry[] = every,
    place?: string,
  ): Promise<ReadonlyMap<string, KubeObject>> => {
    const found = await Promise.all(
      entries.map(async (entry) => {
        const { kind } = entry.spec;
        const namespaceOf = clusterScoped(kind) ? '' : (place ?? stand.world.namespace);
        const object = await stand.world.cluster.find(pathOf(kind as Kind, namespaceOf, `${prefix}-${entry.id}`));
        return [entry.id, object] as const;
      }),
    );
    return new Map(found.flatMap(([id, object]) => (object === undefined ? [] : [[id, object] as const])));
  };
  const uidsOf = (found: ReadonlyMap<string, KubeObject>) =>
    Object.fromEntries([...found].map(([id, { metadata }]) => [id, metadata.uid]));
  const ids = (entries: readonly Entry[] = every) => entries.map(({ id }) => id).toSorted();
  const idsOf = (found: ReadonlyMap<string, KubeObject>) => [...found.keys()].toSorted();
  const isGone = (prefix: string, entries?: readonly Entry[], place?: string) =>
    soon(async () => expect(idsOf(await objects(prefix, entries, place))).toEqual([]), { withinMs: 90_000 });
  const lists = (scene: Scene, count: number, form?: string) =>
    soon(async () => expect((await scene.node('a', form))?.status.appliedResources).toHaveLength(count));

  test.concurrent('an entry removed: objects of every kind go, cluster-scoped ones included, and others stay', async () => {
    const scene = await stand.scene('removed', {
      form: [...named('removed'), namespace('ns', 'parity-orphans-removed'), stays],
    });
    await scene.ready();
    expect(idsOf(await objects('removed'))).toEqual(ids());
    const before = await scene.child('ConfigMap', 'stays');
    await scene.edit([stays]);
    await isGone('removed');
    await soon(async () => expect(await stand.find('Namespace', 'parity-orphans-removed')).toBeUndefined());
    await lists(scene, 1);
    expect((await scene.child('ConfigMap', 'stays'))?.metadata.uid).toBe(before?.metadata.uid);
  });

  test.concurrent('an entry with Retain removed: objects of every kind stay, marked and without owner', async () => {
    const kept = named('retained').map((entry) => ({ ...entry, deletionPolicy: 'Retain' as const }));
    const scene = await stand.scene('retained', { form: [...kept, stays] });
    await scene.ready();
    const before = await objects('retained');
    await scene.edit([stays]);
    await lists(scene, 1);
    const after = await objects('retained');
    expect(uidsOf(after)).toEqual(uidsOf(before));
    for (const { metadata, kind } of after.values()) {
      expect([kind, metadata.labels?.['lynq.sh/orphaned']]).toEqual([kind, 'true']);
      expect(metadata.annotations).toMatchObject({
        'lynq.sh/orphaned-reason': 'RemovedFromTemplate',
        'lynq.sh/orphaned-from': 'retained/retained/a',
      });
      expect(metadata.ownerReferences ?? []).toEqual([]);
    }
    await scene.edit([...kept, stays]);
    await lists(scene, every.length + 1);
    await scene.ready();
    expect(uidsOf(await objects('retained'))).toEqual(uidsOf(before));
    expect((await objects('retained')).get('cfg')?.metadata.labels?.['lynq.sh/orphaned']).toBeUndefined();
  });

  test.concurrent('an entry renamed: the objects of the old name go, those of the new one are there', async () => {
    const scene = await stand.scene('renamed', { form: named('renamed-{{ .plan }}') });
    await scene.ready();
    expect(idsOf(await objects('renamed-basic'))).toEqual(ids());
    await scene.sql("UPDATE $ SET plan = 'gold'");
    await soon(async () => expect(idsOf(await objects('renamed-gold'))).toEqual(ids()));
    await isGone('renamed-basic');
    await lists(scene, every.length);
    await scene.ready();
  });

  test.concurrent('only the id renamed: every object is kept', async () => {
    const scene = await stand.scene('ids', { form: named('ids') });
    await scene.ready();
    const before = uidsOf(await objects('ids'));
    const renamed = named('ids').map((entry) => ({ ...entry, id: `new-${entry.id}` }));
    await scene.edit(renamed);
    await soon(async () => {
      const applied = (await scene.node())?.status.appliedResources as readonly string[];
      expect(applied.map((key) => key.split('@')[1] ?? '').toSorted()).toEqual(ids(renamed));
    });
    await scene.ready();
    expect(uidsOf(await objects('ids'))).toEqual(before);
  });

  test.concurrent('an entry moved to another form: its object ends up with the node of that form, and nothing is left behind', async () => {
    const scene = await stand.scene('moved', {
      forms: { 'moved-from': [...named('moved'), stays], 'moved-to': [stays] },
    });
    await scene.ready('a', 'moved-from');
    await scene.edit([stays], 'moved-from');
    await scene.edit([...named('moved'), stays], 'moved-to');
    await lists(scene, every.length + 1, 'moved-to');
    await scene.ready('a', 'moved-to');
    await lists(scene, 1, 'moved-from');
    for (const { metadata, kind } of (await objects('moved')).values())
      expect([kind, metadata.labels?.['lynq.sh/node']]).toEqual([kind, 'a-moved-to']);
    expect(idsOf(await objects('moved'))).toEqual(ids());
    await scene.dropRow();
    await isGone('moved');
  });

  test.concurrent('a target namespace changed: the objects move there', async () => {
    const inside = every.filter(({ spec }) => !clusterScoped(spec.kind));
    for (const name of ['parity-orphans-basic', 'parity-orphans-gold'])
      await stand.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const form = named('spaces', inside).map((entry) => ({
      ...entry,
      targetNamespace: 'parity-orphans-{{ .plan }}',
      waitForReady: false,
    }));
    const scene = await stand.scene('spaces', { form });
    await scene.ready();
    expect(idsOf(await objects('spaces', inside, 'parity-orphans-basic'))).toEqual(ids(inside));
    await scene.sql("UPDATE $ SET plan = 'gold'");
    await soon(async () => expect(idsOf(await objects('spaces', inside, 'parity-orphans-gold'))).toEqual(ids(inside)));
    await isGone('spaces', inside, 'parity-orphans-basic');
    await lists(scene, inside.length);
  });

  test.concurrent('a kind changed: the object of the old kind goes, that of the new one is there', async () => {
    const as = (spec: Entry['spec']): Entry => ({ id: 'it', nameTemplate: '{{ .uid }}-kinds-it', spec });
    const kinds: readonly Entry['spec'][] = [
      { apiVersion: 'v1', kind: 'ConfigMap' },
      { apiVersion: 'v1', kind: 'Secret' },
      { apiVersion: 'parity.example.com/v1', kind: 'Widget', spec: {} },
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', rules: [] },
    ];
    const [first, ...later] = kinds;
    const scene = await stand.scene('kinds', { form: [as(first!)] });
    await scene.ready();
    let before = first!;
    for (const next of later) {
      await scene.edit([as(next)]);
      await soon(async () => {
        expect(await scene.child(next.kind as Kind, 'it')).toBeDefined();
        expect(await scene.child(before.kind as Kind, 'it')).toBeUndefined();
        expect((await scene.node())?.status.appliedResources).toHaveLength(1);
      });
      before = next;
    }
  });

  test.concurrent('an entry removed while others wait: its object goes at once; one that is replaced stays until the new one is there', async () => {
    const slow = stuckDeployment('slow', { nameTemplate: '{{ .uid }}-waits-slow-{{ .plan }}' });
    const nowhere: Entry = { id: 'nowhere', spec: { apiVersion: 'nowhere.example.com/v1', kind: 'Nothing' } };
    const old = [configMap('old'), networkPolicy('net', { dependIds: ['old'] })];
    const scene = await stand.scene('waits', { form: [slow, nowhere, ...old] });
    const find = (name: string) => stand.find('Deployment', `a-waits-${name}`);
    const stateOf = async (id: string) => entryOf(await scene.node(), id)?.reason;
    await soon(async () => {
      expect(await scene.child('NetworkPolicy', 'net')).toBeDefined();
      expect(await stateOf('nowhere')).toBe('MissingKind');
    });
    await scene.sql("UPDATE $ SET plan = 'gold'");
    await soon(async () => expect(await find('slow-gold')).toBeDefined());
    await scene.edit([slow, nowhere]);
    await soon(async () => {
      expect(await scene.child('ConfigMap', 'old')).toBeUndefined();
      expect(await scene.child('NetworkPolicy', 'net')).toBeUndefined();
    });
    expect(entryOf(await scene.node(), 'slow')?.state).toBe('Progressing');
    expect((await find('slow-basic'))?.metadata.deletionTimestamp).toBeUndefined();
    expect(await find('slow-basic')).toBeDefined();
    await scene.edit([]);
    await soon(async () => expect([await find('slow-basic'), await find('slow-gold')]).toEqual([undefined, undefined]));
  });

  test.concurrent('an entry renamed where a quota has room for one: the old object makes way, in reverse order', async () => {
    const place = 'parity-orphans-quota';
    await stand.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: place } });
    const quota = { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one' } };
    const quotas = `/api/v1/namespaces/${place}/resourcequotas`;
    await stand.world.cluster.create(quotas, { ...quota, spec: { hard: { 'count/secrets': '1' } } });
    await soon(async () =>
      expect((await stand.world.cluster.get(`${quotas}/one`)).status).toMatchObject({ used: { 'count/secrets': '0' } }),
    );
    const named = (id: string) => ({ nameTemplate: `{{ .uid }}-${id}-{{ .plan }}`, targetNamespace: place });
    const pass = { ...plain('pass', 'Secret'), ...named('pass') };
    const scene = await stand.scene('quota', {
      form: [pass, configMap('user', {}, { ...named('user'), dependIds: ['pass'] })],
    });
    await scene.ready();
    await scene.sql("UPDATE $ SET plan = 'gold'");
    await soon(
      async () => {
        expect(await stand.find('Secret', 'a-pass-gold', place)).toBeDefined();
        expect(await stand.find('ConfigMap', 'a-user-gold', place)).toBeDefined();
      },
      { withinMs: 120_000 },
    );
    expect(await stand.find('Secret', 'a-pass-basic', place)).toBeUndefined();
    await soon(async () => expect(await stand.find('ConfigMap', 'a-user-basic', place)).toBeUndefined());
    await lists(scene, 2);
    await scene.ready();
  });

  test.concurrent('what the Go operator has kept is given back by the command of docs/migration.md, same UID, and not before', async () => {
    const kept = await stand.create('ConfigMap', {
      metadata: {
        name: 'given-back-cfg',
        labels: { 'lynq.sh/orphaned': 'true' },
        annotations: { 'lynq.sh/orphaned-at': '2026-11-21T12:00:00Z', 'lynq.sh/orphaned-reason': 'LynqNodeDeleted' },
      },
      data: { v: 'old' },
    });
    const scene = await stand.scene('given-back', { form: named('given-back', [configMap('cfg', { v: 'new' })]) });
    await soon(async () => expect(entryOf(await scene.node(), 'cfg')).toMatchObject({ state: 'Conflicted' }));
    const found = () => stand.find('ConfigMap', 'given-back-cfg');
    expect((await found())?.metadata.resourceVersion).toBe(kept.metadata.resourceVersion);

    const [block] = shellBlocks('docs/migration.md').filter(({ script }) => script.includes('annotate KIND NAME'));
    const command = (block?.script ?? '')
      .replace('NAMESPACE', stand.world.namespace)
      .replace('KIND NAME', 'configmap given-back-cfg')
      .replace('HUB/FORM/ROW', 'given-back/given-back/a');
    expect(await stand.world.kubectl(command.split(' ').slice(1))).toMatchObject({ code: 0 });
    // The page says within half a minute.
    await soon(async () => expect((await found())?.data).toEqual({ v: 'new' }), { withinMs: 30_000 });
    await scene.ready();
    const { metadata } = (await found()) ?? kept;
    expect(metadata.uid).toBe(kept.metadata.uid);
    expect(metadata.labels).toMatchObject({ 'lynq.sh/node': 'a-given-back' });
    expect(metadata.labels).not.toHaveProperty(['lynq.sh/orphaned']);
  });

  test.concurrent('a Service with a fixed node port renamed: the old one makes way, and the refused one is made', async () => {
    const spec = { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 31_873 }] };
    const scene = await stand.scene('ports', { form: [service('door', spec, { nameTemplate: 'ports-{{ .plan }}' })] });
    await scene.ready();
    await scene.sql("UPDATE $ SET plan = 'gold'");
    await soon(async () => expect(await stand.find('Service', 'ports-gold')).toBeDefined(), { withinMs: 90_000 });
    expect(await stand.find('Service', 'ports-basic')).toBeUndefined();
    await scene.ready();
    await lists(scene, 1);
  });
});
