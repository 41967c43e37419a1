import { randomUUID } from 'node:crypto';
import { at, isJsonObject, listAt, numberAt, textAt, type JsonObject } from '../../domain/api/json.ts';
import type {
  DeleteResult,
  KindRef,
  ObjectRef,
  RefusedReason,
  WatchState,
  WriteOptions,
  WriteResult,
} from '../../domain/ports.ts';
import { isEqual, managedFieldsOf, type Holding } from './fake-cluster-fields.ts';
import { kindsOfDefinition, type FakeKind } from './fake-cluster-kinds.ts';

/** The objects of a fake cluster and what happens to them: versions, generations, finalizers, namespaces, garbage. */
export interface State {
  readonly kinds: Map<string, FakeKind>;
  readonly objects: Map<string, JsonObject>;
  readonly watchers: Set<(before: JsonObject | undefined, after: JsonObject | undefined) => void>;
  /** API groups whose server is gone. */
  readonly broken: Set<string>;
  /** Watches that are open. */
  readonly sessions: Set<{ readonly relist: () => void; readonly tell: (state: WatchState) => void }>;
  readonly now: () => Date;
  version: number;
}

export function addressProblem(ref: ObjectRef, kind: FakeKind): string | undefined {
  if (ref.name === '' || /[/%]/.test(ref.name)) return 'the name is empty or has characters a path cannot hold';
  if (kind.info.namespaced !== (ref.namespace !== undefined)) return 'the namespace does not fit the scope of the kind';
  return undefined;
}

export function store(
  state: State,
  ref: ObjectRef,
  next: { readonly object: JsonObject; readonly holdings: readonly Holding[] },
  options: WriteOptions,
): WriteResult {
  const live = state.objects.get(objectKey(ref));
  const changed = immutableChange(live, next.object);
  if (changed !== undefined) return refused(ref, 'Immutable', changed);
  const object = finish(state, ref, live, next);
  if (live !== undefined && isEqual(withoutTimes(live), withoutTimes(object))) return { kind: 'ok', object: live };
  const versioned = withMetadata(object, { resourceVersion: String(state.version + 1) });
  if (options.dryRun === true) return { kind: 'ok', object: versioned };
  state.version += 1;
  if (isGoing(versioned) && listAt(versioned, 'metadata', 'finalizers').length === 0) {
    erase(state, versioned);
    return { kind: 'ok', object: versioned };
  }
  put(state, live, versioned);
  return { kind: 'ok', object: versioned };
}

function finish(
  state: State,
  ref: ObjectRef,
  live: JsonObject | undefined,
  { object, holdings }: { readonly object: JsonObject; readonly holdings: readonly Holding[] },
): JsonObject {
  const time = state
    .now()
    .toISOString()
    .replace(/\.\d+Z$/, 'Z');
  const hasStatus = state.kinds.get(kindKey(ref))?.hasStatus === true;
  const before = numberAt(live, 'metadata', 'generation') ?? 0;
  const respecified = live === undefined || !isEqual(specOf(live), specOf(object));
  return withMetadata(
    { ...object, apiVersion: ref.apiVersion, kind: ref.kind },
    {
      name: ref.name,
      namespace: ref.namespace,
      uid: textAt(live, 'metadata', 'uid') ?? randomUUID(),
      creationTimestamp: textAt(live, 'metadata', 'creationTimestamp') ?? time,
      generation: hasStatus ? before + (respecified ? 1 : 0) : undefined,
      resourceVersion: textAt(live, 'metadata', 'resourceVersion'),
      managedFields: managedFieldsOf(ref.apiVersion, time, holdings),
    },
  );
}

function specOf(object: JsonObject): JsonObject {
  return compact({ ...object, metadata: undefined, status: undefined });
}

function withoutTimes(object: JsonObject): JsonObject {
  const managedFields = listAt(object, 'metadata', 'managedFields').map((entry) =>
    isJsonObject(entry) ? { ...entry, time: null } : entry,
  );
  return withMetadata(object, { managedFields });
}

function immutableChange(live: JsonObject | undefined, next: JsonObject): string | undefined {
  if (live === undefined) return undefined;
  if (live.immutable === true && !isEqual(live.data, next.data)) return 'data';
  const selector = ['Deployment', 'StatefulSet', 'DaemonSet'].includes(textAt(live, 'kind') ?? '');
  return selector && !isEqual(at(live, 'spec', 'selector'), at(next, 'spec', 'selector')) ? 'spec.selector' : undefined;
}

export function remove(state: State, ref: ObjectRef, uid: string, resourceVersion?: string): DeleteResult {
  const kind = state.kinds.get(kindKey(ref));
  if (kind === undefined) return refused(ref, 'MissingKind', 'not served');
  const why = addressProblem(ref, kind);
  if (why !== undefined) return refused(ref, 'Invalid', why);
  const live = state.objects.get(objectKey(ref));
  if (live === undefined) return { kind: 'gone' };
  if (textAt(live, 'metadata', 'uid') !== uid) return { kind: 'otherUid' };
  if (resourceVersion !== undefined && textAt(live, 'metadata', 'resourceVersion') !== resourceVersion)
    return { kind: 'stale' };
  beginDelete(state, live);
  // The API server answers with a Namespace as it stays for now, even an empty one.
  const isOut = live.kind !== 'Namespace' && !state.objects.has(objectKey(ref));
  return { kind: isOut ? 'deleted' : 'accepted' };
}

function beginDelete(state: State, live: JsonObject): void {
  const waits = listAt(live, 'metadata', 'finalizers').length > 0 || contents(state, live).length > 0;
  if (!waits) {
    erase(state, live);
    return;
  }
  if (isGoing(live)) return;
  state.version += 1;
  const going = withMetadata(live, {
    deletionTimestamp: state.now().toISOString(),
    resourceVersion: String(state.version),
  });
  put(state, live, live.kind === 'Namespace' ? { ...going, status: { phase: 'Terminating' } } : going);
  for (const content of contents(state, live)) beginDelete(state, content);
}

/** What a namespace takes with it. */
function contents(state: State, object: JsonObject): readonly JsonObject[] {
  if (object.kind !== 'Namespace') return [];
  const name = textAt(object, 'metadata', 'name');
  return [...state.objects.values()].filter((other) => textAt(other, 'metadata', 'namespace') === name);
}

function erase(state: State, object: JsonObject): void {
  const ref = refOf(object);
  const uid = textAt(object, 'metadata', 'uid');
  if (!state.objects.delete(objectKey(ref))) return;
  if (ref.kind === 'CustomResourceDefinition') undefine(state, object);
  publish(state, object, undefined);
  for (const dependent of state.objects.values()) {
    const owners = listAt(dependent, 'metadata', 'ownerReferences').map((owner) => textAt(owner, 'uid'));
    const lives = owners.some((owner) =>
      [...state.objects.values()].some((other) => textAt(other, 'metadata', 'uid') === owner),
    );
    if (owners.includes(uid) && !lives) beginDelete(state, dependent);
  }
  const namespace = state.objects.get(objectKey({ apiVersion: 'v1', kind: 'Namespace', name: ref.namespace ?? '' }));
  if (namespace !== undefined && isGoing(namespace)) beginDelete(state, namespace);
}

function undefine(state: State, definition: JsonObject): void {
  for (const kind of kindsOfDefinition(definition)) {
    for (const object of state.objects.values()) if (isOfKind(object, kind)) erase(state, object);
    state.kinds.delete(kindKey(kind));
  }
}

function put(state: State, before: JsonObject | undefined, after: JsonObject): void {
  state.objects.set(objectKey(refOf(after)), after);
  if (after.kind === 'CustomResourceDefinition') {
    for (const kind of before === undefined ? [] : kindsOfDefinition(before)) state.kinds.delete(kindKey(kind));
    for (const kind of kindsOfDefinition(after)) state.kinds.set(kindKey(kind), kind);
  }
  publish(state, before, after);
}

function publish(state: State, before: JsonObject | undefined, after: JsonObject | undefined): void {
  for (const watcher of state.watchers) watcher(before, after);
}

export function withMetadata(object: JsonObject, metadata: JsonObject): JsonObject {
  const merged = compact({ ...(isJsonObject(object.metadata) ? object.metadata : {}), ...metadata });
  return { ...object, metadata: merged };
}

export function compact(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

export function isGoing(object: JsonObject): boolean {
  return at(object, 'metadata', 'deletionTimestamp') !== undefined;
}

export function isOfKind(object: JsonObject, { apiVersion, kind }: KindRef): boolean {
  return object.apiVersion === apiVersion && object.kind === kind;
}

export function kindKey({ apiVersion, kind }: KindRef): string {
  return `${apiVersion} ${kind}`;
}

export function objectKey(ref: ObjectRef): string {
  return [ref.apiVersion, ref.kind, ref.namespace ?? '', ref.name].join(' ');
}

export function refOf(object: JsonObject): ObjectRef {
  return {
    apiVersion: textAt(object, 'apiVersion') ?? '',
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace'),
    name: textAt(object, 'metadata', 'name') ?? '',
  };
}

export function refused(ref: ObjectRef, reason: RefusedReason, why: string) {
  return { kind: 'refused', reason, message: `${ref.kind} ${ref.name}: ${why}` } as const;
}
