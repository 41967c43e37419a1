import { expect } from 'vitest';
import { workflowIds } from '../../../domain/identity.ts';
import { childPath, conditionOf, type Json, type KubeObject, lynqPath } from '../e2e/cluster.ts';
import { eventually, notYet, there } from '../e2e/eventually.ts';
import { type AuditEntry, created } from '../e2e/audit.ts';
import { configMapForm, hubObject } from '../e2e/manifests.ts';
import { isReady, setSecret, stateOf } from '../e2e/world.ts';
import { foreignPrefix, plantForeign } from './foreign.ts';
import type { Stage } from './stage.ts';

/** One hub with many rows and one form that makes a ConfigMap for each: what faults of a whole sync are tried on. */
export interface Fleet {
  readonly name: string;
  readonly namespace: string;
  readonly stage: Stage;
  /** Whether its form is the one with a ConfigMap. */
  readonly makesMaps: boolean;
  sql(statement: string): Promise<readonly Json[]>;
  /** Asks for a sync now, or right after the one that is running. */
  sync(): Promise<void>;
  hub(): Promise<KubeObject>;
  /** Living LynqNodes by the uid of their row. */
  nodes(): Promise<ReadonlyMap<string, KubeObject>>;
  /** Waits until exactly these rows have nodes, all Ready with these sizes, and their ConfigMaps say the same. */
  untilSettled(rows: Readonly<Record<string, number>>, withinMs?: number): Promise<ReadonlyMap<string, KubeObject>>;
  until(type: string, wanted: string): Promise<void>;
}

export interface FleetOptions {
  readonly name: string;
  /** uid to size. */
  readonly rows: Readonly<Record<string, number>>;
  readonly syncInterval?: string;
  /** Further fields of the hub's spec. */
  readonly spec?: Readonly<Record<string, unknown>>;
  /** Further fields of the hub's `source.mysql`. */
  readonly mysql?: Readonly<Record<string, unknown>>;
  /** Spec of the form in place of the one with a ConfigMap. */
  readonly form?: Readonly<Record<string, unknown>>;
  /** A further column of the table and variable of the hub: its definition. */
  readonly wide?: string;
}

/** What is given to `untilSettled` for rows that have not been changed. */
export const sizes = (names: readonly string[], size = 1): Readonly<Record<string, number>> =>
  Object.fromEntries(names.map((name) => [name, size]));

const rowsAtOnce = 1_000;

export async function bringInFleet(stage: Stage, options: FleetOptions): Promise<Fleet> {
  const { name, rows, syncInterval = '0s', spec = {}, mysql = {}, wide } = options;
  const formSpec = options.form === undefined ? {} : { spec: { hubId: 'hub', ...options.form } };
  const { cluster, database } = stage;
  const namespace = `fp-${name}`;
  await database.sql(
    `CREATE TABLE \`${name}\` (id VARCHAR(60) PRIMARY KEY, active BOOLEAN NOT NULL DEFAULT TRUE, size INT NOT NULL${wide === undefined ? '' : `, wide ${wide}`})`,
  );
  const values = Object.entries(rows).map(([uid, size]) => `('${uid}', ${size})`);
  for (let start = 0; start < values.length; start += rowsAtOnce)
    await database.sql(
      `INSERT INTO \`${name}\` (id, size) VALUES ${values.slice(start, start + rowsAtOnce).join(', ')}`,
    );
  await cluster.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  await setSecret(cluster, namespace, 'mysql-credentials', { password: database.password });
  const node = `${Object.keys(rows)[0] ?? 'row-1'}-form`;
  stage.foreign.push(
    ...(await plantForeign(cluster, { namespace, node, nodeNamespace: namespace, prefix: foreignPrefix })),
  );
  const form = configMapForm({ name: 'form', namespace, hub: 'hub' }, [{ id: 'map', data: { size: '{{ .size }}' } }]);
  await cluster.create(lynqPath(namespace, 'lynqforms'), { ...form, ...formSpec });
  const hub = hubObject({
    name: 'hub',
    namespace,
    database,
    table: name,
    extra: { size: 'size' },
    syncInterval,
  }) as Json;
  await cluster.create(lynqPath(namespace, 'lynqhubs'), {
    ...hub,
    spec: {
      ...hub.spec,
      source: { ...hub.spec.source, mysql: { ...hub.spec.source.mysql, ...mysql } },
      ...spec,
    },
  });
  const fleet = viewOf(stage, { name, namespace, makesMaps: options.form === undefined });
  opened.set(stage, [...fleetsOf(stage), fleet]);
  return fleet;
}

const opened = new WeakMap<Stage, readonly Fleet[]>();

/** All that a stage has been given so far. */
export const fleetsOf = (stage: Stage): readonly Fleet[] => opened.get(stage) ?? [];

function viewOf(stage: Stage, parts: Pick<Fleet, 'name' | 'namespace' | 'makesMaps'>): Fleet {
  const { name, namespace } = parts;
  const { cluster, database, engine } = stage;
  const hub = (): Promise<KubeObject> => cluster.get(lynqPath(namespace, 'lynqhubs', 'hub'));
  const nodes = async (): Promise<ReadonlyMap<string, KubeObject>> => {
    const all = await cluster.list(lynqPath(namespace, 'lynqnodes'));
    return new Map(all.map((node) => [node.spec.uid as string, node]));
  };
  return {
    ...parts,
    stage,
    sql: (statement) => database.sql(statement),
    sync: async () => {
      await engine.client.schedule.getHandle(workflowIds.schedule(namespace, 'hub')).trigger('BUFFER_ONE');
    },
    hub,
    nodes,
    untilSettled: (rows, withinMs = 120_000) =>
      eventually(
        `fleet ${name} is settled`,
        async () => {
          const found = await nodes();
          const why = await unsettled(stage, { namespace, rows, found });
          return why === undefined ? there(found) : notYet(why);
        },
        { withinMs, everyMs: 300 },
      ),
    until: async (type, wanted) => {
      const [status, reason] = wanted.split('/');
      await eventually(
        `${type} of fleet ${name} is ${wanted}`,
        async () => {
          const object = await hub();
          const found = conditionOf(object, type);
          const fits = found?.status === status && (reason === undefined || found?.reason === reason);
          return fits ? there(true) : notYet(object.status ?? 'no status');
        },
        { withinMs: 90_000 },
      );
    },
  };
}

async function unsettled(
  stage: Stage,
  wanted: {
    readonly namespace: string;
    readonly rows: Readonly<Record<string, number>>;
    readonly found: ReadonlyMap<string, KubeObject>;
  },
): Promise<string | undefined> {
  const { rows, found, namespace } = wanted;
  const missing = Object.keys(rows).filter((uid) => !found.has(uid));
  const extra = [...found.keys()].filter((uid) => !(uid in rows));
  if (missing.length > 0 || extra.length > 0)
    return `${missing.length} missing (${missing.slice(0, 3).join()}), ${extra.length} too many (${extra.slice(0, 3).join()})`;
  const waiting = [...found.values()].find((node): boolean => !isReady(node));
  if (waiting !== undefined) return stateOf(waiting.metadata.name, waiting);
  const maps = await stage.cluster.list(childPath('ConfigMap', namespace));
  const made = new Map(maps.map(({ metadata, data }) => [metadata.name, data?.['size']]));
  for (const [uid, size] of Object.entries(rows)) {
    const has = made.get(`${uid}${mapSuffix}`);
    if (has !== String(size)) return `ConfigMap of ${uid} has size ${has}, not ${size}`;
  }
  const left = [...made.keys()].filter(
    (name) => name.endsWith(mapSuffix) && !(name.slice(0, -mapSuffix.length) in rows),
  );
  return left.length === 0 ? undefined : `ConfigMaps without a row: ${left.slice(0, 3).join()}`;
}

/** Successful requests of the worker about LynqNodes of a fleet since a place of the audit log, as `verb name`; status writes left out. */
export function nodeWrites({ stage, namespace }: Pick<Fleet, 'stage' | 'namespace'>, place: number): readonly string[] {
  return stage.audit
    .ofWorker(place)
    .filter(({ objectRef }) => objectRef?.resource === 'lynqnodes' && objectRef.namespace === namespace)
    .filter(({ objectRef }) => objectRef?.subresource === undefined)
    .map(({ verb, objectRef, responseObject }) => `${verb} ${objectRef?.name ?? responseObject?.metadata?.name}`);
}

/** Successful writes of the worker to the ConfigMaps that a fleet's form makes since a place of the audit log. */
export function mapWrites(
  { stage, namespace }: Pick<Fleet, 'stage' | 'namespace'>,
  place: number,
): readonly MapWrite[] {
  return stage.audit
    .ofWorker(place)
    .filter(({ objectRef }) => objectRef?.resource === 'configmaps' && objectRef.namespace === namespace)
    .filter(({ objectRef }) => objectRef?.name?.endsWith(mapSuffix) === true)
    .map((entry) => ({
      what: `${wordFor(entry)} ${entry.objectRef?.name?.slice(0, -mapSuffix.length)}`,
      version: String(entry.responseObject?.metadata?.resourceVersion),
    }));
}

/** `create`, `change` or `delete`, and the uid of the row; the version of the object afterwards, which a write that changes nothing leaves as it is. */
export interface MapWrite {
  readonly what: string;
  readonly version: string;
}

/** UID and version of the ConfigMap of each row. */
export async function mapsOf({ stage, namespace }: Pick<Fleet, 'stage' | 'namespace'>) {
  const maps = await stage.cluster.list(childPath('ConfigMap', namespace));
  return Object.fromEntries(
    maps
      .filter(({ metadata }) => metadata.name.endsWith(mapSuffix))
      .map(({ metadata: { name, uid, resourceVersion: version } }) => [
        name.slice(0, -mapSuffix.length),
        { uid, version },
      ]),
  );
}

const mapSuffix = '-form-map';

function wordFor(entry: AuditEntry): string {
  if (entry.verb === 'delete') return 'delete';
  return created(entry) ? 'create' : 'change';
}

/** The hub's numbers add up, and every row is provisioned. */
export function expectCounts(hub: KubeObject, rows: number): void {
  const { rows: totals, desired, ready, failed } = hub.status;
  expect({ desired, ready, failed }).toEqual({ desired: rows, ready: rows, failed: 0 });
  expect(totals.seen).toBe(totals.active + totals.inactive + totals.repeated + totals.frozen);
  expect(totals.active).toBe(totals.provisioned + totals.waiting + totals.failed);
}
