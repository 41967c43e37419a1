import type { KubeObject } from './cluster.ts';
import { childPath, lynqPath } from './cluster.ts';
import { eventually, notYet, there } from './eventually.ts';
import { hubObject } from './manifests.ts';
import { workerProcess, type WorkerProcess } from './programs.ts';
import { openWorld, stateOf, type World } from './world.ts';

/** A world with one small hub: table `things` with the rows given, and forms made in the test. */
export interface SmallWorld extends World {
  readonly hubName: string;
  /** Applies a form, or changes it, by a merge patch of its spec. */
  putForm(name: string, spec: Readonly<Record<string, unknown>>): Promise<void>;
  dropForm(name: string): Promise<void>;
  addRow(uid: string): Promise<void>;
  dropRow(uid: string): Promise<void>;
  /** Waits until a node shows something; the message has the node's state. */
  nodeShows<T>(name: string, what: string, look: (node: KubeObject) => T | undefined): Promise<T>;
  form(name: string): Promise<KubeObject>;
  /** The same worker with other settings; the world's own has to be stopped meanwhile. */
  shifted(settings: Readonly<Record<string, string>>): WorkerProcess;
}

export async function openSmallWorld(
  stack: Parameters<typeof openWorld>[0],
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<SmallWorld> {
  const schema = 'CREATE TABLE things (id VARCHAR(100), active BOOLEAN DEFAULT TRUE, size INT DEFAULT 1);';
  const world = await openWorld(stack, { name, schema, settings });
  const { cluster, namespace, database } = world;
  const hubName = 'things';
  const extra = { size: 'size' };
  const hub = hubObject({ name: hubName, namespace, database, table: 'things', extra, syncInterval: '2s' });
  await cluster.create(lynqPath(namespace, 'lynqhubs'), hub);
  return {
    ...world,
    hubName,
    putForm: async (form, spec) => {
      const path = lynqPath(namespace, 'lynqforms', form);
      const body = {
        apiVersion: 'operator.lynq.sh/v1',
        kind: 'LynqForm',
        metadata: { name: form, namespace },
        spec: { hubId: hubName, ...spec },
      };
      if ((await cluster.find(path)) === undefined) await cluster.create(lynqPath(namespace, 'lynqforms'), body);
      else await cluster.merge(path, { spec });
    },
    dropForm: (form) => cluster.remove(lynqPath(namespace, 'lynqforms', form)),
    addRow: async (uid) => {
      await database.sql('INSERT INTO things (id) VALUES (?)', [uid]);
    },
    dropRow: async (uid) => {
      await database.sql('DELETE FROM things WHERE id = ?', [uid]);
    },
    nodeShows: (node, what, look) =>
      eventually(
        `${node}: ${what}`,
        async () => {
          const found = await world.node(node);
          const value = found === undefined ? undefined : look(found);
          return value === undefined ? notYet(stateOf(node, found)) : there(value);
        },
        { withinMs: 45_000 },
      ),
    shifted: (settings) => workerProcess(stack, { LYNQ_TASK_QUEUE: `e2e-${name}`, ...settings }),
    form: (form) => cluster.get(lynqPath(namespace, 'lynqforms', form)),
  };
}

/** An entry that makes a ConfigMap `<uid>-<id>`. */
export function configMap(
  id: string,
  change: Readonly<Record<string, unknown>> = {},
  data = {},
): Record<string, unknown> {
  return { id, nameTemplate: `{{ .uid }}-${id}`, spec: { apiVersion: 'v1', kind: 'ConfigMap', data }, ...change };
}

/** An entry that makes a Job `<uid>-<id>`; the embedded stack runs no pods of it, so that the test decides over its end. */
export function suspendedJob(id: string, change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const pod = { restartPolicy: 'Never', containers: [{ name: 'main', image: 'example.com/none:1' }] };
  const spec = { apiVersion: 'batch/v1', kind: 'Job', spec: { suspend: true, template: { spec: pod } } };
  return { id, nameTemplate: `{{ .uid }}-${id}`, spec, ...change };
}

/** State and reason of one entry, `Ready` or `Failed/ReadinessTimeout`. */
export function entryOf(node: KubeObject, id: string): string | undefined {
  const resources = (node.status?.resources ?? []) as readonly { id: string; state: string; reason?: string }[];
  const found = resources.find((resource) => resource.id === id);
  if (found === undefined) return undefined;
  return found.reason === undefined ? found.state : `${found.state}/${found.reason}`;
}

export const shows =
  (id: string, expected: string) =>
  (node: KubeObject): true | undefined =>
    entryOf(node, id) === expected ? true : undefined;

/** A ConfigMap of the world's namespace, undefined while there is none. */
export const mapOf = (world: World, name: string): Promise<KubeObject | undefined> =>
  world.cluster.find(childPath('ConfigMap', world.namespace, name));
