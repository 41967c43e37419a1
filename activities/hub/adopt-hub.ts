import { resourceLists } from '../../domain/api/resource.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import type { HubRef, NodeRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { isReleased, nodeRef, readNode } from '../node/gather.ts';
import { inParallel } from '../parallel.ts';

const concurrency = 8;
const quickTries = 5;

/**
 * `lynq adopt`: the marks go from the nodes, whose passes begin again. The Go operator has no field for our record and drops it with its first status:
 * then its arrays are all that tells what a node has, also of a row or an entry that is not there any more, and they stay as those of a node that was
 * taken over from it do, which nobody asks once there is a record again. Where the record is still there the arrays go with the mark.
 */
export async function takeBack(deps: Deps, request: HubRef): Promise<void> {
  const nodes = deps.nodes.ofHub(request.namespace, request.hub).filter(({ released }) => released);
  await inParallel(nodes, concurrency, ({ name }) => takeNodeBack(deps, { namespace: request.namespace, node: name }));
}

/** In the version it was read in: what it has on record decides what is taken away. */
async function takeNodeBack(deps: Deps, ref: NodeRef): Promise<void> {
  for (let tries = 0; tries < quickTries; tries += 1) {
    const read = await readNode(deps, ref);
    if (read === undefined || !isReleased(read)) return;
    const { uid, resourceVersion } = read.node.metadata;
    const metadata = { uid, resourceVersion, annotations: { [annotations.released]: null } };
    const isRecorded = read.node.status?.inventory !== undefined;
    const body = isRecorded ? { metadata, spec: withoutArrays } : { metadata };
    const result = await deps.cluster.patch(nodeRef(ref), 'merge', body, { manager: managers.apply });
    if (result.kind === 'ok') deps.nodes.observe(result.object);
    if (result.kind === 'ok' || result.kind === 'missing') return;
    if (result.kind !== 'stale')
      throw cannot(ref, 'ClusterInvalid', result.kind === 'refused' ? result.message : result.kind);
  }
  throw cannot(ref, 'ClusterStale', 'it keeps changing');
}

const withoutArrays = Object.fromEntries(resourceLists.map((list) => [list, null]));

function cannot({ namespace, node }: NodeRef, type: 'ClusterInvalid' | 'ClusterStale', why: string): LynqFailure {
  return new LynqFailure(type, `LynqNode ${namespace}/${node} cannot be taken up again: ${why}`, { node });
}
