import { inject } from 'vitest';
import { type Condition, conditionOf, type KubeObject, lynqPath } from '../e2e/cluster.ts';
import { eventually, notYet, type Patience, there } from '../e2e/eventually.ts';
import { hubObject } from '../e2e/manifests.ts';
import { openWorld, stateOf, type World } from '../e2e/world.ts';
import { arraysOf, type Entry, widgetCrd } from './entries.ts';
import { type Kind, pathOf } from './paths.ts';

/** One Kubernetes event, as `kubectl get events` has it. */
export interface Occurrence {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
}

export interface SceneOptions {
  /** Entries of the form that is named like the scene. */
  readonly form?: readonly Entry[];
  /** Forms by name, for scenes with several. */
  readonly forms?: Readonly<Record<string, readonly Entry[]>>;
  /** uids of the first rows; default one row `a`. */
  readonly rows?: readonly string[];
  /** Merged into the hub's spec. */
  readonly hub?: Readonly<Record<string, unknown>>;
  readonly extra?: Readonly<Record<string, string>>;
  /** Columns beside id, active, plan, size and url, as SQL. */
  readonly columns?: string;
}

/** A hub with a table and forms of its own inside the namespace that a test file shares: scenes run side by side. */
export interface Scene {
  readonly name: string;
  /** Runs SQL in which `$` stands for the scene's table. */
  sql(statement: string, values?: readonly (string | number | null)[]): Promise<readonly Record<string, unknown>[]>;
  /** The node of a row, by default `a`, and of a form, by default the scene's. */
  node(uid?: string, form?: string): Promise<KubeObject | undefined>;
  ready(uid?: string, form?: string, patience?: Patience): Promise<KubeObject>;
  gone(uid?: string, form?: string, patience?: Patience): Promise<void>;
  /** The child `<uid>-<form>-<id>` in the node's namespace. */
  child(kind: Kind, id: string, uid?: string, form?: string): Promise<KubeObject | undefined>;
  path(kind: Kind, id: string, uid?: string, form?: string): string;
  hub(): Promise<KubeObject>;
  form(name?: string): Promise<KubeObject>;
  /** Replaces the entries of a form. */
  edit(entries: readonly Entry[], name?: string): Promise<void>;
  /** Deletes the row `a`, or another, and waits until its nodes are gone. */
  dropRow(uid?: string): Promise<void>;
  nodeCondition(type: string, uid?: string, form?: string): Promise<Condition | undefined>;
}

/** What a test file of the parity suite shares: one worker, one namespace, many scenes. */
export interface Stand {
  readonly world: World;
  scene(name: string, options?: SceneOptions): Promise<Scene>;
  find(kind: Kind, name: string, namespace?: string): Promise<KubeObject | undefined>;
  create(kind: Kind, object: Readonly<Record<string, unknown>>, namespace?: string): Promise<KubeObject>;
  /** Events about the object with this name, of this reason. */
  events(name: string, reason?: string): Promise<readonly Occurrence[]>;
  close(): Promise<void>;
}

const table = `(id VARCHAR(255) NULL, active VARCHAR(20) NULL DEFAULT '1', plan TEXT NULL DEFAULT 'basic',
  size INT NULL DEFAULT 1, url TEXT NULL`;

export async function openStand(name: string, settings: Readonly<Record<string, string>> = {}): Promise<Stand> {
  const world = await openWorld(inject('stack'), { name: `parity-${name}`, schema: 'SELECT 1', settings });
  const { cluster, namespace } = world;
  const find = (kind: Kind, object: string, place = namespace) => cluster.find(pathOf(kind, place, object));
  return {
    world,
    find,
    create: (kind, object, place = namespace) => cluster.create(pathOf(kind, place), object),
    scene: (scene, options = {}) => openScene(world, scene, options),
    events: async (object, reason) => {
      const found = await cluster.list(
        `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name=${object}`,
      );
      return (found as unknown as readonly Occurrence[]).filter((one) => reason === undefined || one.reason === reason);
    },
    close: () => world.close(),
  };
}

async function openScene(world: World, name: string, options: SceneOptions): Promise<Scene> {
  const { cluster, namespace, database } = world;
  const sql: Scene['sql'] = (statement, values) => database.sql(statement.replaceAll('$', `\`${name}\``), values);
  const columns = options.columns === undefined ? '' : `, ${options.columns}`;
  await sql(`CREATE TABLE $ ${table}${columns})`);
  for (const uid of options.rows ?? ['a']) await sql('INSERT INTO $ (id) VALUES (?)', [uid]);
  const extra = options.extra ?? { plan: 'plan', size: 'size' };
  const hub = hubObject({ name, namespace, database, table: name, extra, syncInterval: '5s' }) as { spec: object };
  const forms = options.forms ?? (options.form === undefined ? {} : { [name]: options.form });
  for (const [form, entries] of Object.entries(forms)) {
    await cluster.create(lynqPath(namespace, 'lynqforms'), formObject(namespace, form, name, entries));
  }
  await cluster.create(lynqPath(namespace, 'lynqhubs'), { ...hub, spec: { ...hub.spec, ...options.hub } });
  const nodeName = (uid: string, form: string) => `${uid}-${form}`;
  const node: Scene['node'] = (uid = 'a', form = name) => world.node(nodeName(uid, form));
  const path: Scene['path'] = (kind, id, uid = 'a', form = name) => pathOf(kind, namespace, `${uid}-${form}-${id}`);
  return {
    name,
    sql,
    node,
    path,
    ready: async (uid = 'a', form = name, patience) => (await world.ready([nodeName(uid, form)], patience))[0]!,
    gone: (uid = 'a', form = name, patience) => world.gone([nodeName(uid, form)], patience),
    child: (kind, id, uid, form) => cluster.find(path(kind, id, uid, form)),
    hub: () => world.hub(name),
    form: (form = name) => cluster.get(lynqPath(namespace, 'lynqforms', form)),
    edit: async (entries, form = name) => {
      const at = lynqPath(namespace, 'lynqforms', form);
      const object = formObject(namespace, form, name, entries);
      // Its status is written at the same time: until the API server takes it, with the version of then.
      await eventually(`form ${form} is edited`, async () => {
        const { resourceVersion } = (await cluster.get(at)).metadata;
        return there(await cluster.call('PUT', at, { ...object, metadata: { ...object.metadata, resourceVersion } }));
      });
    },
    dropRow: async (uid = 'a') => {
      await sql('DELETE FROM $ WHERE id = ?', [uid]);
      await world.gone(Object.keys(forms).map((form) => nodeName(uid, form)));
    },
    nodeCondition: async (type, uid, form) => conditionOf(await node(uid, form), type),
  };
}

export const formObject = (namespace: string, name: string, hubId: string, entries: readonly Entry[]) => ({
  apiVersion: 'operator.lynq.sh/v1',
  kind: 'LynqForm',
  metadata: { name, namespace },
  spec: { hubId, ...arraysOf(name, entries) },
});

/** Looks until a block of assertions holds, and fails with the last of them that did not. */
export const soon = <T>(look: () => Promise<T>, patience: Patience = {}): Promise<T> =>
  eventually('the assertions hold', async () => there(await look()), { everyMs: 300, ...patience });

/** Waits until the node says so about itself; for nodes that are not to become ready. */
export const nodeSays = (
  scene: Scene,
  says: (node: KubeObject) => boolean,
  patience: Patience = {},
): Promise<KubeObject> =>
  eventually(
    `the node of ${scene.name}`,
    async () => {
      const node = await scene.node();
      return node !== undefined && says(node) ? there(node) : notYet(stateOf('node', node));
    },
    { everyMs: 300, ...patience },
  );

/** Serves the kind Widget of `widgetCrd`; the files of a run share it. */
export async function serveWidgets({ world: { cluster } }: Stand): Promise<void> {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  if ((await cluster.find(`${path}/${widgetCrd.metadata.name}`)) === undefined) await cluster.create(path, widgetCrd);
  await soon(() => cluster.list('/apis/parity.example.com/v1/widgets'));
}
