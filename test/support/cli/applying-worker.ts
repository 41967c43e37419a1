import type { SyncState } from '../../../client/engine.ts';
import { isJsonObject, type JsonObject, numberAt, textAt } from '../../../domain/api/json.ts';
import { inputHash } from '../../../domain/node-digest.ts';
import { revisionOf } from '../../../domain/rollout/revision-name.ts';
import { type FakeEngine, fakeEngine } from '../../unit/client/run.ts';
import type { FakeCluster } from '../fake-cluster.ts';

const apiVersion = 'operator.lynq.sh/v1';
const namespace = 'lynq-system';

const nameOf = (object: JsonObject): string => textAt(object, 'metadata', 'name') ?? '';

export const condition = (type: string, status: string, message: string): JsonObject => ({
  type,
  status,
  reason: 'Test',
  message,
  lastTransitionTime: '2026-11-22T11:59:00Z',
});

/** `moving` is what a node is right after a sync has made or changed it; `paused` one that a person has paused then. */
export type NodeState = 'ready' | 'failed' | 'moving' | 'behind' | 'stale' | 'paused';

const pauseOf = (state: NodeState): JsonObject => (state === 'paused' ? { paused: true } : {});

/** A LynqNode of a form at a revision; `stale`: no pass has acted on it yet, and what it says is of the time before. */
export function nodeOf(
  { uid, form, hub, revision }: Readonly<Record<'uid' | 'form' | 'hub' | 'revision', string>>,
  state: NodeState,
  more: { readonly spec?: JsonObject; readonly metadata?: JsonObject } = {},
): JsonObject {
  const node = {
    apiVersion,
    kind: 'LynqNode',
    metadata: {
      name: `${uid}-${form}`,
      namespace,
      labels: { 'lynq.sh/hub': hub, 'lynq.sh/uid': uid, 'lynq.sh/form': form },
      ...more.metadata,
    },
    spec: {
      uid,
      templateRef: form,
      formRevision: revision,
      ...pauseOf(state),
      ...more.spec,
    },
  };
  const isReady = state === 'ready' || state === 'stale';
  const message = state === 'failed' ? '1 resources failed' : 'Not all resources are ready: 1/2 ready';
  const status = {
    readyResources: isReady ? 2 : 1,
    desiredResources: 2,
    failedResources: state === 'failed' ? 1 : 0,
    conditions: [
      condition('Ready', isReady ? 'True' : 'False', isReady ? 'Successfully reconciled all resources' : message),
      condition('Progressing', state === 'moving' || state === 'behind' ? 'True' : 'False', ''),
      ...(state === 'behind' ? [condition('WaitingForForm', 'True', 'waits')] : []),
    ],
    observedInput: state === 'stale' ? 'another' : inputHash(node),
  };
  return { ...node, status };
}

export interface Work {
  readonly hub: string;
  readonly uids: readonly string[];
  /** How the nodes are when the sync has ended; `later` at the looks after. */
  readonly nodes?: (node: string) => NodeState;
  readonly later?: (node: string) => NodeState;
  /** Of the hub, besides condition Ready. */
  readonly hubStatus?: JsonObject;
  readonly formStatus?: (form: JsonObject) => JsonObject;
  readonly states?: readonly SyncState[];
  /** Called before each sync does something. */
  readonly onSync?: () => void;
}

/** An engine behind which a worker acts: a sync that was asked for is under way at the first look and has ended at the second, with what it leads to. */
export function applyingEngine(cluster: FakeCluster, work: Work): FakeEngine {
  const engine = fakeEngine([`${namespace}/${work.hub}`]);
  const left = [...(work.states ?? [{ kind: 'running' }, { kind: 'ended', outcome: 'synced' }])];
  const stop = cluster.intercept(({ verb, ref }) => {
    const looked = verb === 'list' && ref.kind === 'LynqNode' && work.later !== undefined;
    if (looked && cluster.objects('LynqNode').length > 0) {
      stop();
      queueMicrotask(() => seedNodes(cluster, work, work.later));
    }
    return undefined;
  });
  return {
    ...engine,
    syncState: async () => {
      const state = left.length > 1 ? left.shift()! : left[0]!;
      if (state.kind === 'ended') sync(cluster, work);
      return state;
    },
  };
}

function formsOf(cluster: FakeCluster, hub: string): readonly JsonObject[] {
  return cluster.objects('LynqForm').filter((form) => textAt(form, 'spec', 'hubId') === hub);
}

function sync(cluster: FakeCluster, work: Work): void {
  work.onSync?.();
  for (const hub of cluster.objects('LynqHub').filter((one) => nameOf(one) === work.hub))
    cluster.seed({ ...hub, status: { conditions: [condition('Ready', 'True', '')], ...work.hubStatus } });
  for (const form of formsOf(cluster, work.hub)) {
    const status = {
      observedGeneration: numberAt(form, 'metadata', 'generation') ?? 0,
      conditions: [condition('Valid', 'True', 'Template validation passed')],
      ...work.formStatus?.(form),
    };
    cluster.seed({ ...form, status });
  }
  seedNodes(cluster, work, work.nodes);
}

function seedNodes(cluster: FakeCluster, { hub, uids }: Work, stateOf: Work['nodes'] = () => 'ready'): void {
  for (const form of formsOf(cluster, hub)) {
    const [name, spec] = [nameOf(form), form['spec']];
    const revision = revisionOf(name, isJsonObject(spec) ? spec : {});
    for (const uid of uids) cluster.seed(nodeOf({ uid, form: name, hub, revision }, stateOf(`${uid}-${name}`)));
  }
}
