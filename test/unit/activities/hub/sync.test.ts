import { describe, expect, it } from 'vitest';
import { syncHub } from '../../../../activities/hub/sync.ts';
import { advanceNode } from '../../../../activities/node/advance.ts';
import { removeNode } from '../../../../activities/node/remove.ts';
import { type JsonObject, textAt } from '../../../../domain/api/json.ts';
import type { ScopePolicy } from '../../../../domain/api/scope.ts';
import { LynqFailure } from '../../../../domain/failures.ts';
import { createFakeCluster, type FakeCluster } from '../../../support/fake-cluster.ts';
import { openInMemoryRowServer } from '../../../support/in-memory-row-source.ts';
import { startProcess } from '../../../support/node-deps.ts';

const namespace = 'tenants';
const outside = 'outside';
const apiVersion = 'operator.lynq.sh/v1';
const attempt = { signal: new AbortController().signal };
const node = { namespace, node: 'acme-web' };

const hub: JsonObject = {
  apiVersion,
  kind: 'LynqHub',
  metadata: { name: 'customers', namespace, generation: 1 },
  spec: {
    source: {
      type: 'mysql',
      syncInterval: '5s',
      mysql: {
        host: 'db.test',
        port: 3306,
        username: 'lynq_reader',
        database: 'app',
        table: 'nodes',
        passwordRef: { name: 'db', key: 'password' },
      },
    },
    valueMappings: { uid: 'id', activate: 'active' },
  },
};

const form = (entries: JsonObject): JsonObject => ({
  apiVersion,
  kind: 'LynqForm',
  metadata: { name: 'web', namespace, generation: 1 },
  spec: { hubId: 'customers', ...entries },
});

const configMap = (id: string, more: JsonObject = {}): JsonObject => ({
  id,
  nameTemplate: `{{ .uid }}-${id}`,
  ...more,
  spec: { apiVersion: 'v1', kind: 'ConfigMap', data: { of: '{{ .uid }}' } },
});

const far = { targetNamespace: outside };
const twoMaps = {
  configMaps: [configMap('near'), configMap('far', far), configMap('kept', { ...far, deletionPolicy: 'Retain' })],
};

async function open(entries: JsonObject = twoMaps, policy: Partial<ScopePolicy> = {}) {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  for (const name of [namespace, outside])
    cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, 'kubectl');
  const password = { password: Buffer.from('secret').toString('base64') };
  cluster.seed({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace }, data: password }, 'kubectl');
  cluster.seed(hub);
  cluster.seed(form(entries));
  const server = openInMemoryRowServer();
  const rows = (...uids: readonly string[]): void =>
    void server.tables.set('app.nodes', { columns: ['id', 'active'], rows: uids.map((uid) => [uid, '1']) });
  /** Rows of one uid, by their activate texts. */
  const rowsOf = (uid: string, ...active: readonly string[]): void =>
    void server.tables.set('app.nodes', { columns: ['id', 'active'], rows: active.map((text) => [uid, text]) });
  rows('acme');
  let running = await startProcess(cluster, undefined, server.source);
  const deps = () => {
    const { scope } = running.deps;
    return { ...running.deps, scope: { ...scope, policy: { ...scope.policy, ...policy } } };
  };
  const sync = () => syncHub(deps(), { namespace, hub: 'customers' }, attempt);
  return {
    cluster,
    rows,
    rowsOf,
    sync,
    settle: async (): Promise<void> => {
      while ((await advanceNode(running.deps, { ...node, force: false }, attempt)).kind === 'advanced');
    },
    remove: () => removeNode(running.deps, node, attempt),
    restart: async (): Promise<void> => {
      running.die();
      running = await startProcess(cluster, undefined, server.source);
    },
    /** Another server answers from now on. */
    changeServer: () => void (server.state.serverId = 'another'),
    told: () => running.told.map(({ reason }) => reason),
  };
}

const nodeOf = (cluster: FakeCluster): JsonObject => cluster.objects('LynqNode')[0] ?? {};
const nameOf = (object: JsonObject): string => textAt(object, 'metadata', 'name') ?? '';
const ref = { apiVersion, kind: 'LynqNode', namespace, name: 'acme-web' };

describe('activities/hub/sync', () => {
  it('has the schedule of a hub that is not there removed, and no other; when that is refused, the next sync tries again', async () => {
    const cluster = createFakeCluster();
    for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
    cluster.seed(form({ configMaps: [] }));
    const { deps } = await startProcess(cluster);
    const removed: string[] = [];
    const warned: string[] = [];
    const remove = async (place: string, name: string): Promise<void> => {
      removed.push(`${place}/${name}`);
      if (name === 'refused') throw new Error('PERMISSION_DENIED');
    };
    const logger = { ...deps.logger, warn: (message: string) => void warned.push(message) };
    const sync = (name: string) =>
      syncHub({ ...deps, schedules: { remove }, logger }, { namespace, hub: name }, attempt);

    expect(await sync('vanished')).toEqual({ kind: 'gone' });
    expect(await sync('refused')).toEqual({ kind: 'gone' });
    cluster.seed({ ...hub, spec: { ...(hub['spec'] as JsonObject), paused: true } });
    expect(await sync('customers')).toEqual({ kind: 'paused' });

    expect(removed).toEqual(['tenants/vanished', 'tenants/refused']);
    expect(warned).toEqual(['schedule of a hub that is gone is still there']);
  });

  it.each<readonly [string, JsonObject]>([
    ['another row', { spec: { uid: 'other' } }],
    ['another form', { spec: { templateRef: 'other' } }],
    ['another hub', { metadata: { labels: { 'lynq.sh/hub': 'other' } } }],
    ['no owner', { metadata: { ownerReferences: [] } }],
    ['no finalizer', { metadata: { finalizers: [] } }],
  ])('puts a LynqNode back that someone gave %s, and no object of it is touched', async (_, edit) => {
    const { cluster, sync, settle, told } = await open();
    await sync();
    await settle();
    const before = nodeOf(cluster);
    await cluster.patch(ref, 'merge', edit, { manager: 'tenant' });
    const place = cluster.calls.length;
    await settle();
    await sync();
    await settle();

    const after = nodeOf(cluster);
    const shape = ({ metadata, spec }: JsonObject) => {
      const { labels, ownerReferences, finalizers, uid } = metadata as JsonObject;
      return { labels, ownerReferences, finalizers, uid, spec };
    };
    expect(shape(after)).toEqual(shape(before));
    const touched = cluster.calls.slice(place).filter(({ verb }) => !['get', 'list'].includes(verb));
    expect(touched.map(({ verb, ref: { kind } }) => `${verb} ${kind}`)).not.toContainEqual(
      expect.stringMatching(/delete|ConfigMap/),
    );
    expect(told()).toContain('EditReverted');
  });

  it('takes a password only from a Secret that has the label for it, where the policy asks for that', async () => {
    const { cluster, sync } = await open(twoMaps, { labelledSecrets: true });
    expect(await sync()).toMatchObject({ kind: 'unread' });
    expect(cluster.objects('LynqNode')).toEqual([]);
    const secret = { apiVersion: 'v1', kind: 'Secret', namespace, name: 'db' };
    const metadata = { labels: { 'lynq.sh/hub-secret': 'true' } };
    await cluster.patch(secret, 'merge', { metadata }, { manager: 'kubectl' });
    await sync();
    expect(cluster.objects('LynqNode')).toHaveLength(1);
  });

  it('takes over the LynqNode that the Go operator made of a uid with dots, and removes it with its row', async () => {
    const { cluster, sync, rows } = await open();
    const uid = 'acme.example.com';
    const labels = { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': uid };
    const finalizers = ['lynqnode.operator.lynq.sh/finalizer'];
    const hubUid = textAt(cluster.objects('LynqHub')[0], 'metadata', 'uid') ?? '';
    const ownerReferences = [{ apiVersion, kind: 'LynqHub', name: 'customers', uid: hubUid, controller: true }];
    const metadata = { name: `${uid}-web`, namespace, labels, finalizers, ownerReferences };
    cluster.seed({ apiVersion, kind: 'LynqNode', metadata, spec: { uid, templateRef: 'web' } }, 'lynq-operator');
    const before = textAt(nodeOf(cluster), 'metadata', 'uid');
    rows(uid);
    await sync();

    expect(cluster.objects('LynqNode')).toHaveLength(1);
    expect(textAt(nodeOf(cluster), 'metadata', 'uid')).toBe(before);
    expect(textAt(nodeOf(cluster), 'spec', 'formRevision')).toMatch(/^web-/);
    expect(cluster.objects('LynqHub')[0]?.['status']).not.toHaveProperty('frozenRows.0');
    rows('other');
    await sync();
    const left = cluster.objects('LynqNode').find((object) => nameOf(object) === `${uid}-web`);
    expect(textAt(left, 'metadata', 'deletionTimestamp')).toBeDefined();
  });

  it('keeps and updates the node of an active row beside inactive ones of its uid, and removes it when only they are left', async () => {
    const { cluster, sync, rowsOf } = await open();
    const facts = () => [
      textAt(nodeOf(cluster), 'metadata', 'uid'),
      textAt(nodeOf(cluster), 'metadata', 'annotations', 'lynq.sh/activate'),
      textAt(nodeOf(cluster), 'metadata', 'deletionTimestamp') !== undefined,
    ];
    await sync();
    const [uid] = facts();
    rowsOf('acme', '0', 'true', '');
    await sync();
    expect(facts()).toEqual([uid, 'true', false]);
    rowsOf('acme', '0', 'true', '1');
    await sync();
    expect(facts()).toEqual([uid, 'true', false]);
    rowsOf('acme', '0', '');
    await sync();
    expect(facts()).toEqual([uid, 'true', true]);
  });

  describe('strays', () => {
    /** The row goes, and its LynqNode without its objects: someone took the finalizer off while no worker ran. */
    async function withLeftovers() {
      const world = await open();
      await world.sync();
      await world.settle();
      world.rows('other');
      await world.cluster.patch(ref, 'merge', { metadata: { finalizers: [] } }, { manager: 'tenant' });
      await world.cluster.delete(ref, textAt(nodeOf(world.cluster), 'metadata', 'uid') ?? '');
      await world.restart();
      return world;
    }
    const maps = (cluster: FakeCluster): readonly string[] => cluster.objects('ConfigMap').map(nameOf);

    it('go with the first sync after their node is gone', async () => {
      const { cluster, sync } = await withLeftovers();
      expect(maps(cluster)).toContain('acme-far');
      await sync();
      expect(maps(cluster)).not.toContain('acme-far');
      const kept = cluster.objects('ConfigMap').find((object) => nameOf(object) === 'acme-kept');
      expect(textAt(kept, 'metadata', 'labels', 'lynq.sh/orphaned')).toBe('true');
      expect(textAt(kept, 'metadata', 'annotations', 'lynq.sh/orphaned-from')).toBe('customers/web/acme');
      const deletes = cluster.calls.filter(({ verb, ref: { kind } }) => verb === 'delete' && kind === 'ConfigMap');
      expect(deletes.length).toBeGreaterThan(0);
    });

    it('stay while their row is active: the node comes back to them', async () => {
      const { cluster, sync, settle, rows } = await withLeftovers();
      const before = cluster.objects('ConfigMap').find((object) => nameOf(object) === 'acme-far');
      rows('acme');
      await sync();
      await settle();
      const after = cluster.objects('ConfigMap').find((object) => nameOf(object) === 'acme-far');
      expect(textAt(after, 'metadata', 'uid')).toBe(textAt(before, 'metadata', 'uid'));
    });

    it('stay when someone else made them, whatever their labels say', async () => {
      const { cluster, sync } = await withLeftovers();
      const labels = { 'lynq.sh/node': 'acme-web', 'lynq.sh/node-namespace': namespace };
      const annotations = { 'lynq.sh/deletion-policy': 'Delete' };
      const metadata = { name: 'theirs', namespace: outside, labels, annotations };
      cluster.seed({ apiVersion: 'v1', kind: 'ConfigMap', metadata }, 'kubectl');
      await sync();
      expect(maps(cluster)).toContain('theirs');
    });

    it('stay while the read that says so may not delete anything', async () => {
      const { cluster, sync, changeServer } = await withLeftovers();
      changeServer();
      await sync();
      expect(maps(cluster)).toContain('acme-far');
    });
  });

  it.each([
    ['goes with its node', 'Delete', 0],
    ['stays when the node leaves something that is kept', 'Retain', 1],
  ])('what a node has generated %s', async (_, deletionPolicy, left) => {
    const secret = { apiVersion: 'v1', kind: 'Secret', stringData: { key: '{{ genPrivateKey "ed25519" }}' } };
    const entry = { id: 'key', nameTemplate: '{{ .uid }}-key', deletionPolicy, spec: secret };
    const { cluster, sync, settle, remove, rows } = await open({ secrets: [entry], configMaps: [configMap('near')] });
    await sync();
    await settle();
    const generated = () => cluster.objects('Secret').filter((object) => nameOf(object) === 'acme-web-generated');
    expect(generated()).toHaveLength(1);
    rows('other');
    await sync();
    let outcome = await remove();
    while (outcome.kind !== 'removed') outcome = await remove();
    expect(generated()).toHaveLength(left);
  });

  it.each([
    ['goes although the account may not list a kind that its form never had', [], 0],
    ['stays while the account may not list a kind that its form had once', ['deployments'], 1],
  ])('what a node has generated %s', async (_, once, left) => {
    const spec = { apiVersion: 'v1', kind: 'Secret', stringData: { key: '{{ genPrivateKey "ed25519" }}' } };
    const secrets = [{ id: 'key', nameTemplate: '{{ .uid }}-key', spec }];
    const pod = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
    const deployment = { selector: { matchLabels: { app: 'web' } }, template: pod };
    const entry = {
      id: 'web',
      waitForReady: false,
      nameTemplate: '{{ .uid }}-web',
      spec: { apiVersion: 'apps/v1', kind: 'Deployment', spec: deployment },
    };
    const { cluster, sync, settle, remove, rows, restart } = await open({ secrets });
    await sync();
    await settle();
    for (const array of once) {
      cluster.seed(form({ secrets, [array]: [entry] }));
      await sync();
      await settle();
      expect(cluster.objects('Deployment')).toHaveLength(1);
      cluster.seed(form({ secrets }));
      await sync();
      await settle();
      expect(cluster.objects('Deployment')).toHaveLength(0);
    }
    // What it remembered is gone, the account has lost a right.
    await restart();
    cluster.intercept(({ verb, ref: { kind }, options }) =>
      verb === 'list' && kind === 'Deployment' && !('namespace' in (options ?? {}))
        ? { failure: new LynqFailure('ClusterForbidden', 'deployments may not be listed') }
        : undefined,
    );
    rows('other');
    await sync();
    let outcome = await remove();
    while (outcome.kind !== 'removed') outcome = await remove();
    expect(cluster.objects('Secret').filter((object) => nameOf(object) === 'acme-web-generated')).toHaveLength(left);
  });
});
