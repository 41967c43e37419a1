import { advanceNode } from '../../activities/node/advance.ts';
import { removeNode } from '../../activities/node/remove.ts';
import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { apiVersion } from '../../domain/keys.ts';
import type { EventNote, ObjectRef } from '../../domain/ports.ts';
import { createFakeCluster, type FakeCluster } from './fake-cluster.ts';
import { startProcess } from './node-deps.ts';

const namespace = 'tenants';
const hub = 'customers';
const form = 'web';
export const benchNode = 'acme-web';

/** The activities of one LynqNode `acme-web` with the indexes of a worker, over the API server in memory. */
export interface NodeBench {
  readonly cluster: FakeCluster;
  readonly events: readonly EventNote[];
  /** Stores the form with these entries under `configMaps`, and `rules` of the form beside them, and makes the node follow it. */
  follow(entries: readonly JsonObject[], rules?: JsonObject): Promise<void>;
  /** Runs passes until the node rests; what is held by someone else is a rest too. */
  settle(force?: boolean): Promise<void>;
  /** One pass that is broken off when it waits for longer than this. */
  pass(milliseconds: number, force?: boolean): Promise<void>;
  /** Deletes the LynqNode and takes its objects away. */
  remove(): Promise<void>;
  node(): Promise<JsonObject>;
  find(name: string, kind?: string, place?: string): Promise<JsonObject | undefined>;
  close(): void;
}

const nodeRef: ObjectRef = { apiVersion, kind: 'LynqNode', namespace, name: benchNode };

/** `acting` is what the account that objects are read and written as sees of the cluster. */
export async function openNodeBench(
  acting: (cluster: FakeCluster) => FakeCluster = (cluster) => cluster,
): Promise<NodeBench> {
  const cluster = createFakeCluster();
  const request = { namespace, node: benchNode };
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const stored = cluster.seed({
    apiVersion,
    kind: 'LynqForm',
    metadata: { name: form, namespace },
    spec: { hubId: hub },
  });
  const process = await startProcess(cluster);
  const { told } = process;
  const deps = { ...process.deps, childCluster: () => acting(cluster) };
  const attempt = { signal: new AbortController().signal };
  const node = async (): Promise<JsonObject> => (await cluster.get(nodeRef)) ?? {};
  return {
    cluster,
    events: told,
    node,
    async follow(entries, rules = {}) {
      const identity = { namespace, name: form, uid: textAt(stored, 'metadata', 'uid') ?? '' };
      const revision = await deps.forms.ensure(identity, { hubId: hub, ...rules, configMaps: [...entries] });
      const present = await cluster.get(nodeRef);
      const spec = { uid: 'acme', templateRef: form, formRevision: revision.name };
      const labels = { 'lynq.sh/hub': hub, 'lynq.sh/uid': 'acme' };
      const finalizers = ['lynqnode.operator.lynq.sh/finalizer'];
      if (present === undefined) {
        const metadata = { name: benchNode, namespace, labels, annotations: { 'lynq.sh/hubId': hub }, finalizers };
        cluster.seed({ apiVersion, kind: 'LynqNode', metadata, spec });
      } else {
        await cluster.patch(nodeRef, 'merge', { spec }, { manager: 'test' });
      }
      deps.nodes.observe(await node());
    },
    async settle(force = false) {
      for (let pass = 0; pass < 20; pass += 1) {
        const { kind } = await advanceNode(deps, { ...request, force: force && pass === 0 }, attempt);
        if (kind === 'settled' || kind === 'waiting') return;
      }
      throw new Error('the node does not come to rest');
    },
    async pass(milliseconds, force = false) {
      const signal = AbortSignal.timeout(milliseconds);
      await advanceNode(deps, { ...request, force }, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    },
    async remove() {
      await cluster.delete(nodeRef, textAt(await node(), 'metadata', 'uid') ?? '');
      const left = await cluster.get(nodeRef);
      if (left !== undefined) deps.nodes.observe(left);
      for (let pass = 0; pass < 5; pass += 1) {
        if ((await removeNode(deps, request, attempt)).kind === 'removed') return;
      }
      throw new Error('the node is not removed');
    },
    find: (name, kind = 'ConfigMap', place = namespace) =>
      cluster.get({ apiVersion: 'v1', kind, namespace: kind === 'Namespace' ? undefined : place, name }),
    close: () => process.die(),
  };
}
