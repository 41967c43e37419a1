import { advanceNode } from '../../activities/node/advance.ts';
import { type JsonObject, listAt, textAt } from '../../domain/api/json.ts';
import { createFakeCluster, type FakeCluster } from './fake-cluster.ts';
import { type FakeProcess, startProcess } from './node-deps.ts';

/** LynqNodes of rows on a fake cluster, gone through by the passes of one process. */

export const namespace = 'tenants';
const apiVersion = 'operator.lynq.sh/v1';

export interface RowNodes {
  /** Name of the revision of a form with these lists. */
  revisionOf(form: string, lists: JsonObject): Promise<string>;
  /** Makes the node of a row and a form, with these values of the row, and goes through its waves. */
  make(row: string, form: string, lists: JsonObject, values?: JsonObject): Promise<void>;
  waves(node: string): Promise<void>;
  /** State and reason of each entry of a node, by id. */
  states(name: string): Readonly<Record<string, string>>;
}

/** A cluster with nothing in it but the namespace of the nodes, and a process that has seen it. */
export async function openRowNodes(): Promise<{
  readonly cluster: FakeCluster;
  readonly process: FakeProcess;
  readonly nodes: RowNodes;
}> {
  const cluster = createFakeCluster();
  for (const kind of ['LynqHub', 'LynqForm', 'LynqNode']) cluster.addKind({ apiVersion, kind });
  cluster.seed({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const process = await startProcess(cluster);
  return { cluster, process, nodes: rowNodes(cluster, process) };
}

export function rowNodes(cluster: FakeCluster, { deps }: FakeProcess): RowNodes {
  const revisionOf: RowNodes['revisionOf'] = async (form, lists) =>
    (await deps.forms.ensure({ namespace, name: form, uid: `uid-${form}` }, { hubId: 'customers', ...lists })).name;
  const waves: RowNodes['waves'] = async (node) => {
    for (let wave = 0; wave < 6; wave += 1) {
      const signal = AbortSignal.timeout(1_000);
      const outcome = await advanceNode(deps, { namespace, node, force: false }, { signal }).catch(() => undefined);
      if (outcome?.kind !== 'advanced' && outcome?.kind !== 'superseded') return;
    }
  };
  return {
    revisionOf,
    waves,
    async make(row, form, lists, values = {}) {
      cluster.seed({
        apiVersion,
        kind: 'LynqNode',
        metadata: {
          name: `${row}-${form}`,
          namespace,
          labels: { 'lynq.sh/hub': 'customers', 'lynq.sh/uid': row },
          annotations: { 'lynq.sh/extra': JSON.stringify(values), 'lynq.sh/activate': '1', 'lynq.sh/hostOrUrl': '' },
          finalizers: ['lynqnode.operator.lynq.sh/finalizer'],
          ownerReferences: [{ apiVersion, kind: 'LynqHub', name: 'customers', uid: 'hub-uid', controller: true }],
        },
        spec: { uid: row, templateRef: form, formRevision: await revisionOf(form, lists) },
      });
      await waves(`${row}-${form}`);
    },
    states: (name) => {
      const node = cluster.objects('LynqNode').find((object) => textAt(object, 'metadata', 'name') === name);
      return Object.fromEntries(
        listAt(node, 'status', 'resources').map((item) => [
          textAt(item, 'id') ?? '',
          `${textAt(item, 'state') ?? ''} ${textAt(item, 'reason') ?? ''}`.trim(),
        ]),
      );
    },
  };
}
