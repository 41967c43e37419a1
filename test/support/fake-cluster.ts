import type { JsonObject } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import type {
  Cluster,
  DeleteResult,
  KindDirectory,
  KindRef,
  ListOptions,
  ObjectRef,
  Reflector,
  ServedKinds,
  WatchEvent,
  WatchState,
  WriteOptions,
  WriteResult,
} from '../../domain/ports.ts';
import { builtInKinds, fakeKind } from './fake-cluster-kinds.ts';
import { isSelected } from './fake-cluster-select.ts';
import { addressProblem, isOfKind, kindKey, objectKey, refOf, remove, type State } from './fake-cluster-store.ts';
import { apply, create, guarded, patch, replace, update } from './fake-cluster-writes.ts';

/**
 * An API server in memory behind the ports `Cluster` and `Reflector`: server-side apply with managed fields and conflicts, conditional
 * writes, namespaces that must exist, finalizers, garbage collection by owner, custom resource definitions. It passes the contract suite
 * of the real adapter; there are no schemas, no defaults and no controllers.
 */
export interface FakeCluster extends Cluster {
  readonly reflector: Reflector;
  /** Every call so far, in order. */
  readonly calls: readonly FakeCall[];
  /** Puts rules in front of the server; the function returned takes the rule away. */
  intercept(rule: FakeRule): () => void;
  addKind(kind: KindRef, scope?: { readonly namespaced?: boolean; readonly hasStatus?: boolean }): void;
  removeKind(kind: KindRef): void;
  readonly kinds: KindDirectory;
  /** All watches fare like this. */
  tellWatches(state: WatchState): void;
  /** No watch sees what is done meanwhile; all list again afterwards. */
  unwatched(work: () => Promise<unknown>): Promise<void>;
  /** The server behind an API group goes away; the function returned brings it back. */
  breakGroup(group: string): () => void;
  /** Puts an object there as `kubectl create` would; namespaces of it are made too. */
  seed(object: JsonObject, manager?: string): JsonObject;
  /** All objects, or those of one kind. */
  objects(kind?: string): readonly JsonObject[];
}

export type FakeVerb = 'get' | 'list' | 'apply' | 'create' | 'replace' | 'patch' | 'delete';

export interface FakeCall {
  readonly verb: FakeVerb;
  readonly ref: KindRef & Partial<ObjectRef>;
  readonly body?: JsonObject | readonly JsonObject[] | undefined;
  readonly options?: WriteOptions | ListOptions | undefined;
}

/** `answer` and `failure` replace the effect; `lost` lets it happen and loses the answer. */
export type FakeRule = (
  call: FakeCall,
) =>
  | { readonly answer: WriteResult | DeleteResult }
  | { readonly failure: LynqFailure }
  | { readonly lost: LynqFailure }
  | undefined;

export interface FakeClusterOptions {
  readonly now?: () => Date;
}

export function createFakeCluster(options: FakeClusterOptions = {}): FakeCluster {
  const state: State = {
    kinds: new Map(),
    objects: new Map(),
    watchers: new Set(),
    broken: new Set(),
    sessions: new Set(),
    now: options.now ?? (() => new Date()),
    version: 1,
  };
  for (const kind of builtInKinds()) state.kinds.set(kindKey(kind), kind);
  for (const name of ['default', 'kube-system'])
    seed(state, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  const calls: FakeCall[] = [];
  const rules = new Set<FakeRule>();
  const through = createThrough(calls, rules);
  return {
    ...reads(state, through),
    ...writes(state, through),
    reflector: createFakeReflector(state),
    calls,
    intercept(rule) {
      rules.add(rule);
      return () => rules.delete(rule);
    },
    addKind(kind, { namespaced = true, hasStatus = true } = {}) {
      state.kinds.set(kindKey(kind), fakeKind(kind, { namespaced, hasStatus }));
    },
    tellWatches: (watched) => state.sessions.forEach(({ tell }) => tell(watched)),
    unwatched: async (work) => {
      const watchers = [...state.watchers];
      state.watchers.clear();
      await work();
      for (const watcher of watchers) state.watchers.add(watcher);
      for (const { relist } of state.sessions) relist();
    },
    kinds: { served: async () => served(state) },
    breakGroup(group) {
      state.broken.add(group);
      return () => state.broken.delete(group);
    },
    removeKind: (kind) => void state.kinds.delete(kindKey(kind)),
    seed: (object, manager) => seed(state, object, manager),
    objects: (kind) => [...state.objects.values()].filter((object) => kind === undefined || object.kind === kind),
  };
}

type Through = <T>(call: FakeCall, effect: () => T) => Promise<T>;

function createThrough(calls: FakeCall[], rules: ReadonlySet<FakeRule>): Through {
  return async <T>(call: FakeCall, effect: () => T): Promise<T> => {
    await Promise.resolve();
    const signal = call.options?.signal;
    signal?.throwIfAborted();
    calls.push(call);
    for (const rule of rules) {
      const ruling = rule(call);
      if (ruling === undefined) continue;
      if ('failure' in ruling) throw ruling.failure;
      if ('answer' in ruling) return ruling.answer as T;
      effect();
      throw ruling.lost;
    }
    return effect();
  };
}

function reads(
  state: State,
  through: Through,
): Pick<Cluster, 'kindInfo' | 'servedAs' | 'listableKinds' | 'get' | 'list'> {
  return {
    kindInfo: async (kind) => {
      if (state.broken.has(groupOf(kind)))
        throw new LynqFailure('ClusterUnreachable', `the kinds of ${kind.apiVersion} cannot be told`);
      return state.kinds.get(kindKey(kind))?.info;
    },
    servedAs: async (kind) => servedAs(state, kind),
    listableKinds: async () =>
      [...state.kinds.values()]
        .filter((kind) => kind.info.namespaced)
        .map(({ apiVersion, kind }) => ({ apiVersion, kind })),
    get: (ref, signal) =>
      through({ verb: 'get', ref, options: { signal } }, () => {
        const kind = state.kinds.get(kindKey(ref));
        if (kind === undefined) return undefined;
        const why = addressProblem(ref, kind);
        if (why !== undefined) throw new LynqFailure('ClusterInvalid', `${ref.kind}: ${why}.`);
        return state.objects.get(objectKey(ref));
      }),
    list: (ref, options) =>
      through({ verb: 'list', ref, options }, () => {
        if (!state.kinds.has(kindKey(ref))) {
          throw new LynqFailure('ClusterInvalid', `${ref.kind}: not served.`, { reason: 'MissingKind', ...ref });
        }
        return selected(state, ref, options);
      }),
  };
}

function servedAs({ kinds, broken }: State, kind: KindRef): KindRef | undefined {
  if (kinds.has(kindKey(kind))) return kind;
  const group = groupOf(kind);
  if (broken.has(group)) throw new LynqFailure('ClusterUnreachable', `The server of ${group} does not answer.`);
  const other = [...kinds.values()].find((each) => each.kind === kind.kind && groupOf(each) === group);
  return other === undefined ? undefined : { apiVersion: other.apiVersion, kind: kind.kind };
}

const groupOf = ({ apiVersion }: KindRef): string => (apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '');

function served({ kinds, broken }: State): ServedKinds {
  const whole = [...kinds.values()].filter((kind) => !broken.has(groupOf(kind)));
  return { kinds: whole.map(({ apiVersion, kind }) => ({ apiVersion, kind })), unread: [...broken].toSorted() };
}

function selected(state: State, ref: KindRef, options: ListOptions): readonly JsonObject[] {
  return [...state.objects.values()]
    .filter((object) => isOfKind(object, ref) && isSelected(object, options))
    .sort((a, b) => (objectKey(refOf(a)) < objectKey(refOf(b)) ? -1 : 1));
}

function writes(state: State, through: Through): Pick<Cluster, 'apply' | 'create' | 'replace' | 'patch' | 'delete'> {
  return {
    apply: (ref, body, options) =>
      through({ verb: 'apply', ref, body, options }, () =>
        guarded(state, ref, body, options, () => apply(state, ref, body, options)),
      ),
    create: (ref, body, options) =>
      through({ verb: 'create', ref, body, options }, () =>
        guarded(state, ref, body, options, () => create(state, ref, body, options)),
      ),
    replace: (ref, body, options) =>
      through({ verb: 'replace', ref, body, options }, () =>
        guarded(state, ref, body, options, () => replace(state, ref, body, options)),
      ),
    patch: (ref, type, body, options) =>
      through({ verb: 'patch', ref, body, options }, () =>
        guarded(state, ref, undefined, options, () => patch(state, ref, { type, body }, options)),
      ),
    delete: (ref, uid, options = {}) =>
      through({ verb: 'delete', ref, options }, () => remove(state, ref, uid, options.resourceVersion)),
  };
}

function seed(state: State, object: JsonObject, manager = 'kubectl'): JsonObject {
  const ref = refOf(object);
  if (
    ref.namespace !== undefined &&
    !state.objects.has(objectKey({ apiVersion: 'v1', kind: 'Namespace', name: ref.namespace }))
  ) {
    seed(state, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ref.namespace } });
  }
  const result = update(state, ref, object, { manager });
  if (result.kind !== 'ok') throw new Error(`seed of ${ref.kind} ${ref.name}: ${result.kind}`);
  return result.object;
}

/** LIST and WATCH of the fake: events come in order, each in a microtask of its own. */
function createFakeReflector(state: State): Reflector {
  return {
    async run(kind, options, onEvent, signal) {
      const emit = (event: WatchEvent) => {
        try {
          if (!signal.aborted) onEvent(event);
        } catch {
          // A handler that throws does not stop the stream.
        }
      };
      const watcher = (before: JsonObject | undefined, after: JsonObject | undefined) => {
        const was = before !== undefined && isOfKind(before, kind) && isSelected(before, options);
        const is = after !== undefined && isOfKind(after, kind) && isSelected(after, options);
        if (is) queueMicrotask(() => emit({ kind: 'set', object: after }));
        else if (was) queueMicrotask(() => emit({ kind: 'removed', object: after ?? before }));
      };
      if (signal.aborted) return;
      await Promise.resolve();
      const relist = (): void => {
        emit({ kind: 'restarted' });
        for (const object of selected(state, kind, options)) emit({ kind: 'set', object });
        emit({ kind: 'synced', version: String(state.version) });
      };
      relist();
      state.watchers.add(watcher);
      const session = { relist, tell: (watched: WatchState) => options.onState?.(watched) };
      state.sessions.add(session);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      state.watchers.delete(watcher);
      state.sessions.delete(session);
    },
  };
}
