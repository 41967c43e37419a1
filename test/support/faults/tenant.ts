import { expect } from 'vitest';
import { identityOf } from '../e2e/audit.ts';
import { conditionOf, type Json, type KubeObject, lynqPath } from '../e2e/cluster.ts';
import { eventually, notYet, there } from '../e2e/eventually.ts';
import { hubObject } from '../e2e/manifests.ts';
import { isReady, setSecret, stateOf } from '../e2e/world.ts';
import { plantForeign } from './foreign.ts';
import { type History, openHistory } from './history.ts';
import { furtherForm, tenantForm, type FormParts } from './tenant-form.ts';
import type { Stage } from './stage.ts';

/** One hub with one form and one row, in a namespace of its own: what one failpoint is tried on. */
export interface Tenant {
  readonly name: string;
  /** Of the hub, the form and the LynqNode. */
  readonly namespace: string;
  /** Of the children. */
  readonly space: string;
  readonly nodeName: string;
  /** LynqNode of a further form, whose only object is somebody else's. */
  readonly furtherNode: string;
}

/** In the name of everything that is about the further form. */
export const furtherSuffix = '-further';

export function tenantNamed(name: string): Tenant {
  return {
    name,
    namespace: `fp-${name}`,
    space: `node-${name}`,
    nodeName: `${name}-form`,
    furtherNode: `${name}${furtherSuffix}`,
  };
}

interface Recorded {
  readonly id: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly policy: 'Delete' | 'Retain';
}

const tableOf = ({ name }: Tenant): string => `\`${name}\``;

/**
 * Table with one active row, hub and form; and what is not ours: objects with forged marks, and one that has the name of what a further form of the row
 * makes, so that its node is Conflicted all its life.
 */
export async function bringIn(stage: Stage, tenant: Tenant, parts: FormParts): Promise<void> {
  const { cluster, database } = stage;
  await database.sql(
    `CREATE TABLE ${tableOf(tenant)} (id VARCHAR(60) PRIMARY KEY, active BOOLEAN NOT NULL, replicas INT NOT NULL)`,
  );
  await database.sql(`INSERT INTO ${tableOf(tenant)} VALUES (?, TRUE, 1)`, [tenant.name]);
  await cluster.create('/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: tenant.namespace },
  });
  await setSecret(cluster, tenant.namespace, 'mysql-credentials', { password: database.password });
  const { namespace, nodeName: node, name: prefix } = tenant;
  const place = { namespace, node, nodeNamespace: namespace, prefix };
  stage.foreign.push(...(await plantForeign(cluster, place, [`${prefix}${furtherSuffix}`])));
  for (const form of [furtherForm(tenant), tenantForm(tenant, parts)])
    await cluster.create(lynqPath(namespace, 'lynqforms'), form);
  const hub = hubObject({
    name: 'hub',
    namespace: tenant.namespace,
    database,
    table: tenant.name,
    extra: { replicas: 'replicas' },
    syncInterval: '0s',
  });
  await cluster.create(lynqPath(tenant.namespace, 'lynqhubs'), hub);
}

export async function editForm(stage: Stage, tenant: Tenant, parts: FormParts): Promise<void> {
  const path = lynqPath(tenant.namespace, 'lynqforms', 'form');
  await stage.cluster.merge(path, { spec: tenantForm(tenant, parts).spec });
}

const nodePath = ({ namespace, nodeName }: Tenant): string => lynqPath(namespace, 'lynqnodes', nodeName);

export const nodeOf = (stage: Stage, tenant: Tenant): Promise<KubeObject | undefined> =>
  stage.cluster.find(nodePath(tenant));

/** Changes the row and asks for syncs until the LynqNode knows. */
export async function setReplicas(stage: Stage, tenant: Tenant, replicas: number): Promise<void> {
  await stage.database.sql(`UPDATE ${tableOf(tenant)} SET replicas = ?`, [replicas]);
  const schedule = stage.engine.client.schedule.getHandle(`hub/${tenant.namespace}/hub`);
  await eventually(
    `LynqNode ${tenant.nodeName} knows of ${replicas} replicas`,
    async () => {
      const extra = (await nodeOf(stage, tenant))?.metadata.annotations?.['lynq.sh/extra'] ?? '';
      if (extra.includes(`"replicas":"${replicas}"`)) return there(true);
      await schedule.trigger();
      return notYet(extra);
    },
    { everyMs: 1_000, withinMs: 90_000 },
  );
}

/** Takes the row out and asks for syncs until the LynqNode is on its way out; a worker that died meanwhile is no reason to ask again. */
export async function takeOut(stage: Stage, tenant: Tenant): Promise<void> {
  await stage.database.sql(`DELETE FROM ${tableOf(tenant)}`);
  const schedule = stage.engine.client.schedule.getHandle(`hub/${tenant.namespace}/hub`);
  await eventually(
    `LynqNode ${tenant.nodeName} is on its way out`,
    async () => {
      const node = await nodeOf(stage, tenant);
      if (node === undefined || node.metadata.deletionTimestamp !== undefined) return there(true);
      await schedule.trigger();
      return notYet('it stays');
    },
    { everyMs: 1_000, withinMs: 90_000 },
  );
}

/** The row returns; syncs are asked for until its LynqNode is there again. */
export async function bringBack(stage: Stage, tenant: Tenant): Promise<void> {
  await stage.database.sql(`INSERT INTO ${tableOf(tenant)} VALUES (?, TRUE, 1)`, [tenant.name]);
  const schedule = stage.engine.client.schedule.getHandle(`hub/${tenant.namespace}/hub`);
  await eventually(
    `LynqNode ${tenant.nodeName} is back`,
    async () => {
      if ((await nodeOf(stage, tenant)) !== undefined) return there(true);
      await schedule.trigger();
      return notYet('absent');
    },
    { everyMs: 1_000, withinMs: 90_000 },
  );
}

export async function ready(stage: Stage, tenant: Tenant, withinMs = 90_000): Promise<KubeObject> {
  return eventually(
    `LynqNode ${tenant.nodeName} is Ready`,
    async () => {
      const node = await nodeOf(stage, tenant);
      return isReady(node) ? there(node) : notYet(stateOf(tenant.nodeName, node));
    },
    { withinMs },
  );
}

export const recordOf = (node: KubeObject | undefined): readonly Recorded[] =>
  (node?.status?.inventory ?? []) as readonly Recorded[];

const folders: Readonly<Record<string, (namespace: string) => string>> = {
  Namespace: () => '/api/v1/namespaces',
  Secret: (namespace) => `/api/v1/namespaces/${namespace}/secrets`,
  ConfigMap: (namespace) => `/api/v1/namespaces/${namespace}/configmaps`,
  PersistentVolumeClaim: (namespace) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  Deployment: (namespace) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
  NetworkPolicy: (namespace) => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
};

/** Every state of every LynqNode and of every object of the kinds that a tenant's form makes, from now on. */
export const followChildren = (stage: Stage): Promise<History> =>
  openHistory(stage.cluster, stage.stack.kubeconfig, [
    ...['namespaces', 'secrets', 'configmaps', 'persistentvolumeclaims'].map((plural) => `/api/v1/${plural}`),
    '/apis/apps/v1/deployments',
    '/apis/networking.k8s.io/v1/networkpolicies',
    '/apis/operator.lynq.sh/v1/lynqnodes',
  ]);

async function find(stage: Stage, { kind, namespace = '', name }: Recorded): Promise<KubeObject | undefined> {
  const folder = folders[kind]?.(namespace);
  return folder === undefined ? undefined : stage.cluster.find(`${folder}/${name}`);
}

/** UIDs and Secret bytes of everything the record names that is there. */
export async function liveOf(stage: Stage, record: readonly Recorded[]): Promise<ReadonlyMap<string, KubeObject>> {
  const found = await Promise.all(record.map(async (entry) => [entry, await find(stage, entry)] as const));
  return new Map(found.flatMap(([{ id }, object]) => (object === undefined ? [] : [[id, object] as const])));
}

/** What the children in the tenant's namespace are, by our tracking labels; objects of controllers of Kubernetes carry copies of them. */
async function trackedIn(stage: Stage, tenant: Tenant): Promise<readonly string[]> {
  const selector = encodeURIComponent('lynq.sh/node');
  const tracked = ['Secret', 'ConfigMap', 'PersistentVolumeClaim', 'Deployment', 'NetworkPolicy'];
  const lists = await Promise.all(
    tracked.map((kind) => stage.cluster.list(`${folders[kind]?.(tenant.space)}?labelSelector=${selector}`)),
  );
  return lists.flat().map(({ metadata }) => metadata.uid);
}

/** The record, what is there and what was created agree, one to one. */
export async function expectSettled(
  stage: Stage,
  tenant: Tenant,
  before: { readonly place: number; readonly live: ReadonlyMap<string, KubeObject> },
): Promise<void> {
  const node = await ready(stage, tenant);
  const record = recordOf(node);
  const live = await liveOf(stage, record);
  expect([...live].map(([id, { metadata }]) => [id, metadata.uid])).toEqual(record.map(({ id, uid }) => [id, uid]));
  expect(new Set(record.map(({ uid }) => uid)).size).toBe(record.length);
  for (const [id, object] of before.live) {
    if (!live.has(id)) continue;
    expect([id, live.get(id)?.metadata.uid]).toEqual([id, object.metadata.uid]);
    if (object.kind === 'Secret') expect(live.get(id)?.data).toEqual(object.data);
  }
  const uids = record.filter(({ kind }) => kind !== 'Namespace').map(({ uid }) => uid);
  expect(new Set(await trackedIn(stage, tenant))).toEqual(new Set(uids));
  expect(createdTwice(stage, tenant, before.place)).toEqual([]);
  expect(node.metadata.finalizers).toEqual(['lynqnode.operator.lynq.sh/finalizer']);
}

export function createdTwice(stage: Stage, tenant: Tenant, place: number): readonly string[] {
  const names = stage.audit
    .ofWorker(place)
    .filter((entry) => entry.responseStatus?.code === 201 && entry.objectRef?.subresource === undefined)
    .map(identityOf)
    .filter((identity) => identity.includes(tenant.name));
  return names.filter((name, index) => names.indexOf(name) !== index);
}

/** Delete children are gone, Retain children are what they were and marked. */
export async function expectRemoved(
  stage: Stage,
  tenant: Tenant,
  before: { readonly record: readonly Recorded[]; readonly live: ReadonlyMap<string, KubeObject> },
): Promise<void> {
  await eventually(
    `LynqNodes of ${tenant.name} are gone`,
    async () => {
      const left = await stage.cluster.list(lynqPath(tenant.namespace, 'lynqnodes'));
      return left.length === 0 ? there(true) : notYet(left.map((node) => stateOf(node.metadata.name, node)));
    },
    { withinMs: 90_000 },
  );
  await expectKept(stage, before);
}

/** Of the record of a node that is gone, or of entries that a form does not name any more. */
export async function expectKept(
  stage: Stage,
  before: { readonly record: readonly Recorded[]; readonly live: ReadonlyMap<string, KubeObject> },
): Promise<void> {
  const after = await liveOf(stage, before.record);
  const kept = before.record.filter(({ policy }) => policy === 'Retain');
  expect([...after.keys()].toSorted()).toEqual(kept.map(({ id }) => id).toSorted());
  for (const { id } of kept) {
    const [was, is] = [before.live.get(id), after.get(id)];
    expect(is?.metadata.uid).toBe(was?.metadata.uid);
    expect(is?.metadata.labels?.['lynq.sh/orphaned']).toBe('true');
    expect(is?.data).toEqual(was?.data);
  }
}

export async function hubIsReady(stage: Stage, tenant: Tenant): Promise<Json> {
  return eventually(`the hub of ${tenant.name} says Ready`, async () => {
    const hub = await stage.cluster.get(lynqPath(tenant.namespace, 'lynqhubs', 'hub'));
    return conditionOf(hub, 'Ready')?.status === 'True' && hub.status.desired === 2
      ? there(hub.status)
      : notYet(hub.status);
  });
}
