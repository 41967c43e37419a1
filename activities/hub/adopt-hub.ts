import { resourceLists } from '../../domain/api/resource.ts';
import { definitionProblem, definitionRefs } from '../../domain/definitions.ts';
import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import { failedSyncStatus } from '../../domain/hub-status.ts';
import { annotations, managers } from '../../domain/keys.ts';
import type { HubRef, NodeRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { isReleased, nodeRef, readNode } from '../node/gather.ts';
import { inParallel } from '../parallel.ts';
import type { ReadHub } from './read-hub.ts';
import { fromAnywhere, RefusedNodes } from './refused-nodes.ts';
import { writeStatus } from './write-status.ts';

const concurrency = 8;
const quickTries = 5;

/**
 * `lynq adopt`: the marks go from the nodes, whose passes begin again. The Go operator has no field for our record and drops it with its first status:
 * then its arrays are all that tells what a node has, also of a row or an entry that is not there any more, and they stay as those of a node that was
 * taken over from it do, which nobody asks once there is a record again. Where the record is still there the arrays go with the mark. A node that the API
 * server refuses stays released and holds up no other; given is what the hub says of such.
 *
 * @throws LynqFailure `DefinitionsOutdated`, which the hub says too, while the definitions are those that the Go operator has brought. A hub that is being
 * deleted goes with them all the same: nothing of it is to last.
 */
export async function takeBack(deps: Deps, request: HubRef, hub: ReadHub): Promise<readonly string[]> {
  const nodes = deps.nodes.ofHub(request.namespace, request.hub).filter(({ released }) => released);
  if (nodes.length === 0) return [];
  if (hub.hub.metadata.deletionTimestamp === undefined) await demandDefinitions(deps, request, hub);
  const refused = new RefusedNodes();
  await inParallel(fromAnywhere(nodes), concurrency, ({ name }) =>
    refused.attempt(() => takeNodeBack(deps, { namespace: request.namespace, node: name })),
  );
  return refused.said('taken up again');
}

async function demandDefinitions(deps: Deps, request: HubRef, { hub, object }: ReadHub): Promise<void> {
  const problem = await outdatedDefinition(deps);
  if (problem === undefined) return;
  const base = { previous: hub.status, generation: hub.metadata.generation ?? 0, now: deps.clock.now() };
  const failure = { reason: problem.type, message: problem.message };
  await writeStatus(deps, request, { hub, object }, failedSyncStatus(base, failure));
  throw problem;
}

async function outdatedDefinition({ cluster, logger }: Deps): Promise<LynqFailure | undefined> {
  try {
    for (const ref of definitionRefs) {
      const crd = await cluster.get(ref);
      const problem = crd === undefined ? undefined : definitionProblem(crd);
      if (problem !== undefined) return problem;
    }
  } catch (error) {
    if (!isLynqFailure(error) || error.type !== 'ClusterForbidden') throw error;
    logger.warn('the definitions of the kinds cannot be read; whether they have all fields is not known', {});
  }
  return undefined;
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
