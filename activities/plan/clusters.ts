import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { refKey } from '../../domain/child.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type { Cluster, FieldConflict, KindRef, ObjectRef, WriteResult } from '../../domain/ports.ts';

/** Views of a cluster for planning: what would be there, what is already known, and writes that change nothing. */

/** Every write is a server-side dry run. A deletion is answered as done and not sent: nothing may depend on whether a dry run of it is. */
export function dryRunCluster(cluster: Cluster): Cluster {
  return {
    ...cluster,
    apply: (ref, body, options) => cluster.apply(ref, body, { ...options, dryRun: true }),
    create: (ref, body, options) => cluster.create(ref, body, { ...options, dryRun: true }),
    replace: (ref, body, options) => cluster.replace(ref, body, { ...options, dryRun: true }),
    patch: (ref, type, body, options) => cluster.patch(ref, type, body, { ...options, dryRun: true }),
    delete: () => Promise.resolve({ kind: 'gone' }),
  };
}

function refOfObject(object: JsonObject): ObjectRef {
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name') ?? '',
  };
}

/** Key of an object of a list, whose items may not say their kind. Of `kind` nothing else counts: it may be the reference of one object. */
function keyOf(object: JsonObject, { apiVersion, kind }: KindRef): string {
  return refKey({ ...refOfObject(object), apiVersion, kind });
}

/** The cluster as if these objects were stored in it already. */
export function clusterWith(cluster: Cluster, objects: readonly JsonObject[]): Cluster {
  const placed = new Map(objects.map((object) => [refKey(refOfObject(object)), object]));
  return {
    ...cluster,
    get: async (ref, signal) => placed.get(refKey(ref)) ?? cluster.get(ref, signal),
    async list(kind, options) {
      const stored = await cluster.list(kind, options);
      const isAsked = (object: JsonObject): boolean =>
        textAt(object, 'apiVersion') === kind.apiVersion &&
        textAt(object, 'kind') === kind.kind &&
        (options.namespace === undefined || textAt(object, 'metadata', 'namespace') === options.namespace);
      const asked = objects.filter(isAsked);
      const names = new Set(asked.map((object) => keyOf(object, kind)));
      return [...stored.filter((object) => !names.has(keyOf(object, kind))), ...asked];
    },
  };
}

/** Answers of complete lists, so that a plan of many nodes does not read object by object. Absence is still asked for one by one. */
export interface KnownObjects {
  readonly cluster: Cluster;
  /** Lists a kind once; a kind that may not be listed is read object by object. */
  prefetch(kind: KindRef, labelSelector: string): Promise<void>;
}

export function rememberingCluster(cluster: Cluster): KnownObjects {
  const known = new Map<string, JsonObject>();
  const listed = new Map<string, Promise<void>>();
  const read = async (kind: KindRef, labelSelector: string): Promise<void> => {
    try {
      for (const object of await cluster.list(kind, { labelSelector })) {
        known.set(keyOf(object, kind), { apiVersion: kind.apiVersion, kind: kind.kind, ...object });
      }
    } catch (error) {
      if (!(error instanceof LynqFailure)) throw error;
    }
  };
  return {
    cluster: { ...cluster, get: async (ref, signal) => known.get(refKey(ref)) ?? cluster.get(ref, signal) },
    prefetch(kind, labelSelector) {
      const key = `${kind.apiVersion}/${kind.kind}`;
      const running = listed.get(key) ?? read(kind, labelSelector);
      listed.set(key, running);
      return running;
    },
  };
}

/** The same, where a plan of few nodes would list the objects of many. */
export function withoutLists(known: KnownObjects): KnownObjects {
  return { ...known, prefetch: () => Promise.resolve() };
}

/** Notes the conflicts that writes are answered with. */
export function conflictsOf(cluster: Cluster): {
  readonly cluster: Cluster;
  readonly conflicts: readonly FieldConflict[];
} {
  const conflicts: FieldConflict[] = [];
  const noted = (result: WriteResult): WriteResult => {
    if (result.kind === 'conflict') conflicts.push(...result.fields);
    return result;
  };
  return {
    conflicts,
    cluster: {
      ...cluster,
      apply: async (ref, body, options) => noted(await cluster.apply(ref, body, options)),
      replace: async (ref, body, options) => noted(await cluster.replace(ref, body, options)),
      patch: async (ref, type, body, options) => noted(await cluster.patch(ref, type, body, options)),
    },
  };
}

/** Notes which objects a removal would delete and which it would keep. */
export function removalsOf(cluster: Cluster): {
  readonly cluster: Cluster;
  readonly deleted: ReadonlySet<string>;
  readonly kept: ReadonlySet<string>;
} {
  const deleted = new Set<string>();
  const kept = new Set<string>();
  return {
    deleted,
    kept,
    cluster: {
      ...cluster,
      async patch(ref, type, body, options) {
        const result = await cluster.patch(ref, type, body, options);
        if (result.kind === 'ok') kept.add(refKey(ref));
        return result;
      },
      async delete(ref, uid, options) {
        deleted.add(refKey(ref));
        return cluster.delete(ref, uid, options);
      },
    },
  };
}
