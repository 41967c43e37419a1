import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningStack, type ServerName, startStack } from '../../stack/index.ts';
import { created, describeRequest, identityOf } from '../support/e2e/audit.ts';
import { childPath, conditionOf, everythingIn, type KubeObject, lynqPath } from '../support/e2e/cluster.ts';
import { eventually, notYet, there } from '../support/e2e/eventually.ts';
import { nodesOf, openWorld, seedForms, type World } from '../support/e2e/world.ts';
import { runBlocks } from '../support/install/blocks.ts';
import { type DocsShell, openDocsShell } from '../support/install/docs-shell.ts';

/**
 * A cluster is lost and comes back, with the commands of docs/backup.md. Temporal stays as it is, with the runs of the lost cluster. A stack of its own:
 * nobody else's objects must be lost with these.
 */

const [backup, preparation, restore, keysAlone] = runBlocks('docs/backup.md').map(({ script }) => script);

/** Of the cluster, in the order in which they end. */
const controlPlane = ['kwok', 'scheduler', 'controller-manager', 'apiserver', 'etcd'] as const satisfies ServerName[];

/** Objects in the namespace of the LynqNodes: some are owned by them, some made a single time, one holds a secret value and one a key. */
const ownForm = (namespace: string): string => `apiVersion: operator.lynq.sh/v1
kind: LynqForm
metadata: { name: own, namespace: ${namespace} }
spec:
  hubId: multi-tier-nodes
  configMaps:
    - id: once
      nameTemplate: '{{ .uid }}-once'
      creationPolicy: Once
      spec: { apiVersion: v1, kind: ConfigMap, data: { madeAt: '{{ now | unixEpoch }}' } }
    - id: plain
      nameTemplate: '{{ .uid }}-plain'
      spec: { apiVersion: v1, kind: ConfigMap, data: { replicas: '{{ .webReplicas }}' } }
  secrets:
    - id: secret
      nameTemplate: '{{ .uid }}-secret'
      deletionPolicy: Retain
      spec: { apiVersion: v1, kind: Secret, stringData: { token: '{{ .adminToken }}', key: '{{ genPrivateKey "ed25519" }}' } }
  jobs:
    - id: job
      nameTemplate: '{{ .uid }}-job'
      waitForReady: false
      spec:
        apiVersion: batch/v1
        kind: Job
        spec:
          suspend: true
          template: { spec: { restartPolicy: Never, containers: [{ name: main, image: 'example.com/none:1' }] } }
`;

const forms = [...seedForms, 'own'];
const nodesOfRow = (uid: string): readonly string[] => [...nodesOf(uid), `${uid}-own`];
/** Of a row of before, one that was removed before the backup, and one that came after it. */
const [kept, removed, late] = ['kept', 'removed', 'late'];

/** What a person would miss of an object: what it holds, and whose it is said to be. The hash covers the owner, who is another now. */
function essenceOf({ metadata, data }: KubeObject): unknown {
  const { 'lynq.sh/applied-hash': _hash, ...annotations } = metadata.annotations ?? {};
  return { data, labels: metadata.labels, annotations };
}

describe('e2e/losing-cluster', () => {
  const namespace = 'lynq-system';
  const dataDir = mkdtempSync(join(tmpdir(), 'lynqflow-cluster-'));
  const [etcd, snapshot] = [join(dataDir, 'etcd'), join(dataDir, 'snapshot')];
  let stack: RunningStack;
  let world: World;
  let shell: DocsShell;
  /** By kind, namespace and name. */
  let before: ReadonlyMap<string, KubeObject>;

  /** All there is of the hub and its rows, but for what controllers of the cluster and the default account make. */
  async function everything(): Promise<ReadonlyMap<string, KubeObject>> {
    const rows = [kept, removed, late].map((uid) => `node-${uid}`);
    const all = (await Promise.all([namespace, ...rows].map((one) => everythingIn(world.cluster, one)))).flat();
    const marks = ['lynq.sh/node', 'lynq.sh/orphaned', 'lynq.sh/form'];
    const isOurs = ({ kind, metadata: { name, labels = {} } }: KubeObject): boolean =>
      kind.startsWith('Lynq') ||
      (kind === 'Secret' && name !== 'mysql-credentials') ||
      marks.some((mark) => labels[mark] !== undefined);
    const made = all.filter((one) => isOurs(one) && !one.kind.startsWith('Endpoint'));
    return new Map(made.map((one) => [`${one.kind} ${one.metadata.namespace}/${one.metadata.name}`, one]));
  }
  const secretOf = async (uid: string): Promise<string | undefined> =>
    (await world.cluster.find(childPath('Secret', `node-${uid}`, `${uid}-db-credentials`)))?.data?.['password'];
  const addRow = (uid: string) => world.database.sql('INSERT INTO nodes (node_id) VALUES (?)', [uid]);

  /** As of the world; a failure shows what the hub and the worker say. */
  async function ready(names: readonly string[]): Promise<void> {
    // A sync or a pass that the loss caught is given up by Temporal when it has given no sign of life for half a minute.
    await world.ready(names, { withinMs: 150_000 }).catch(async (error: unknown) => {
      const hubs = await world.cluster.list(lynqPath(namespace, 'lynqhubs'));
      const said = JSON.stringify(hubs.map(({ metadata, status }) => [metadata.name, status]));
      throw new Error(`${String(error)}\n${said}\n${world.worker.output().slice(-4_000)}`);
    });
  }
  /** The worker goes with the cluster it runs in. */
  async function lose(comesBack: () => void): Promise<void> {
    await world.worker.kill();
    for (const name of controlPlane) await stack.stopServer(name, { how: 'kill' });
    comesBack();
    for (const name of controlPlane.toReversed()) await stack.startServer(name);
  }
  /** The new cluster has another id than the one that Temporal knows. */
  const takingOver = async (): Promise<Readonly<Record<string, string>>> => {
    const { namespaceInfo } = await world.engine.client.workflowService.describeNamespace({ namespace: 'default' });
    return { LYNQ_TAKE_OVER_CLUSTER: namespaceInfo?.data?.['lynq.sh/cluster'] ?? 'none' };
  };
  const emptied = (): void => rmSync(etcd, { recursive: true });
  /** What was deleted since, by us or by the garbage collector. */
  const deletions = (place: number): readonly string[] =>
    world.audit
      .since(place)
      .filter(
        ({ verb, userAgent, user }) =>
          verb.startsWith('delete') &&
          (/^lynqflow\b/.test(userAgent ?? '') || user.username.endsWith(':generic-garbage-collector')),
      )
      .map(describeRequest);
  const creations = (place: number): readonly string[] =>
    world.audit
      .ofWorker(place)
      .filter((entry) => created(entry) && !['events', 'leases'].includes(entry.objectRef?.resource ?? ''))
      .map(identityOf)
      .toSorted();

  /** How often the worker has written each object of the rows since. */
  const writes = (place: number): ReadonlyMap<string, number> => {
    const entries = world.audit
      .ofWorker(place)
      .filter(({ verb, objectRef }) => /^(patch|update|create)$/.test(verb) && objectRef?.subresource === undefined)
      .filter(({ objectRef }) => !/^(lynq|events$|leases$)/.test(objectRef?.resource ?? ''));
    const names = entries.map(identityOf);
    return new Map([...new Set(names)].map((name) => [name, names.filter((one) => one === name).length]));
  };

  beforeAll(async () => {
    stack = await startStack({ dataDir, temporalStore: 'memory' });
    world = await openWorld(stack.endpoints, { name: 'cluster', namespace });
    const { kubectl, kubeconfig } = stack.endpoints;
    const environment = { KUBECONFIG: kubeconfig, MYSQL_PASSWORD: world.database.password };
    shell = openDocsShell({ folder: dataDir, programs: { kubectl }, environment });
    await world.database.sql("ALTER TABLE nodes ADD COLUMN admin_token VARCHAR(100) DEFAULT 'canary-of-the-row'");
    for (const uid of [kept, removed]) await addRow(uid);
    const mappings = 'secretValueMappings:\n    adminToken: admin_token\n  extraValueMappings:';
    const hub = world.hubText('3s', { 'extraValueMappings:': mappings });
    await world.applyAll(hub, ...seedForms.map((form) => world.formText(form)), ownForm(namespace));
    await ready([kept, removed].flatMap(nodesOfRow));
    expect(await world.lynq(['scale', kept, 'web-tier', '--set', 'webReplicas=4'])).toMatchObject({ code: 0 });
    await world.database.sql('DELETE FROM nodes WHERE node_id = ?', [removed]);
    await world.gone(nodesOfRow(removed));
    await eventually('the values of the removed row are gone', async () => {
      const left = [...(await everything()).keys()].filter(
        (name) => name.includes(removed) && name.endsWith('-values'),
      );
      return left.length === 0 ? there(true) : notYet(left);
    });
    await ready(nodesOfRow(kept));
  }, 300_000);
  afterAll(async () => {
    await world?.close().catch(() => world.worker.kill());
    await stack?.stop();
    for (const folder of [dataDir, '/tmp/lynqflow-backup']) rmSync(folder, { recursive: true, force: true });
  }, 240_000);

  test('a cluster that is lost comes back from a backup: nothing is deleted, nothing is made twice, every node is Ready', async () => {
    before = await everything();
    const [password, keptPassword] = [await secretOf(kept), await secretOf(removed)];
    expect([password, keptPassword]).not.toContain(undefined);
    await shell.well(backup ?? 'exit 9');
    await addRow(late);
    await ready(nodesOfRow(late));
    await lose(() => {
      cpSync(etcd, snapshot, { recursive: true });
      emptied();
    });
    await shell.well(preparation ?? 'exit 9');
    await shell.well(restore ?? 'exit 9');
    const place = world.audit.now();
    await world.worker.start();
    await eventually('the worker has refused the Temporal namespace of the lost cluster', async () => {
      const said = world.worker.output();
      return said.includes('set LYNQ_TAKE_OVER_CLUSTER=') ? there(said) : notYet(said.slice(-2_000));
    });
    await world.worker.kill();
    await world.worker.start(await takingOver());
    await ready([kept, late].flatMap(nodesOfRow));
    expect(deletions(place)).toEqual([]);

    const after = await everything();
    const essences = ([name, object]: readonly [string, KubeObject]) => [name, essenceOf(object)] as const;
    const again = [...after].filter(([name]) => before.has(name));
    expect(Object.fromEntries(again.map(essences))).toEqual(Object.fromEntries([...before].map(essences)));
    const made = creations(place);
    expect(new Set(made).size).toBe(made.length);
    expect(made.filter((one) => !one.includes(late))).toEqual([`batch/jobs/${namespace}/${kept}-job`]);
    const written = [...writes(place)].filter(([name]) => !name.includes(late));
    expect(written.filter(([name]) => name.includes(`/node-${kept}/`))).toEqual([]);
    expect(written.filter(([, times]) => times > 1)).toEqual([]);
    expect(await secretOf(kept)).toBe(password);
    await addRow(removed);
    await ready(nodesOfRow(removed));
    expect(await secretOf(removed)).toBe(keptPassword);
    expect(deletions(place)).toEqual([]);
  }, 240_000);

  test('restored nodes stand as they stood: overrides, hashes of what they were made from, owners in the new cluster', async () => {
    const deployment = await world.cluster.get(childPath('Deployment', `node-${kept}`, `${kept}-web`));
    expect(deployment.spec.replicas).toBe(4);
    const hub = await world.hub();
    for (const name of nodesOfRow(kept)) {
      const node = (await world.node(name))!;
      expect(node.status.observedInput).toBe(before.get(`LynqNode ${namespace}/${name}`)?.status.observedInput);
      expect(node.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([hub.metadata.uid]);
    }
    expect(conditionOf(hub, 'Ready')?.status).toBe('True');
    expect(conditionOf(hub, 'DeletionHeld')?.status ?? 'False').toBe('False');
    const revisions = await world.cluster.list(`/apis/apps/v1/namespaces/${namespace}/controllerrevisions`);
    for (const { metadata } of revisions) {
      const name = metadata.labels?.['lynq.sh/form'] ?? '';
      const form = await world.cluster.get(lynqPath(namespace, 'lynqforms', name));
      expect(
        metadata.ownerReferences?.map(({ uid }) => uid),
        metadata.name,
      ).toEqual([form.metadata.uid]);
    }
    expect(new Set(revisions.map(({ metadata }) => metadata.labels?.['lynq.sh/form']))).toEqual(new Set(forms));
  });

  test('a restored row goes as any other', async () => {
    await world.database.sql('DELETE FROM nodes WHERE node_id = ?', [kept]);
    await world.gone(nodesOfRow(kept));
    const left = [...(await everything()).entries()].filter(([name]) => name.includes(kept));
    expect(left.map(([name]) => name).filter((name) => !/^(StatefulSet|Secret)/.test(name))).toEqual([]);
    await addRow(kept);
  });

  test('with the keys alone everything is made anew, with the passwords of before', async () => {
    const password = before.get(`Secret node-${kept}/${kept}-db-credentials`)?.data?.['password'];
    await lose(emptied);
    await shell.well(preparation ?? 'exit 9');
    await shell.well(keysAlone ?? 'exit 9');
    const place = world.audit.now();
    const mappings = 'secretValueMappings:\n    adminToken: admin_token\n  extraValueMappings:';
    const hub = world.hubText('3s', { 'extraValueMappings:': mappings });
    await world.worker.start(await takingOver());
    await world.applyAll(hub, ...seedForms.map((form) => world.formText(form)), ownForm(namespace));
    await ready([kept, removed, late].flatMap(nodesOfRow));
    expect(await secretOf(kept)).toBe(password);
    const keyOf = (one: KubeObject | undefined) => one?.data?.['key'];
    const secret = `Secret ${namespace}/${kept}-secret`;
    expect(keyOf((await everything()).get(secret))).toBe(keyOf(before.get(secret)));
    expect(deletions(place)).toEqual([]);
    const made = creations(place);
    expect(new Set(made).size).toBe(made.length);
  }, 240_000);

  test('a snapshot of etcd brings every object back as it was, whatever Temporal has seen since', async () => {
    await lose(() => {
      emptied();
      cpSync(snapshot, etcd, { recursive: true });
    });
    const place = world.audit.now();
    await world.worker.start(await takingOver());
    await ready([kept, removed, late].flatMap(nodesOfRow));
    const after = await everything();
    const uidOf = (one: KubeObject | undefined) => one?.metadata.uid;
    for (const [name, object] of before) expect(uidOf(after.get(name)), name).toBe(uidOf(object));
    expect(deletions(place)).toEqual([]);
  }, 240_000);
});
