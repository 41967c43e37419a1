import { textAt } from '../../domain/api/json.ts';
import { isLateChild } from '../../domain/late-child.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import type { NodeRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { nodeRef } from './gather.ts';

/** `kept`: it is none, or the node is back and takes care of it. */
export type LateChildOutcome = 'removed' | 'kept';

/**
 * Takes away an object that a late create of a removed LynqNode made: that the node is gone and what the object is are read from the API server, and
 * the delete demands the object's uid.
 *
 * @throws LynqFailure when it cannot be told or done now.
 */
export async function removeLateChild(
  deps: Pick<Deps, 'cluster' | 'childCluster' | 'nodes'>,
  node: NodeRef,
  ref: ObjectRef,
): Promise<LateChildOutcome> {
  if ((await deps.cluster.get(nodeRef(node))) !== undefined) return 'kept';
  const cluster = deps.childCluster(node.namespace);
  const object = await cluster.get(ref);
  if (object === undefined || !isLateChild(object, { namespace: node.namespace, name: node.node })) return 'kept';
  const inUse = ref.kind === 'Namespace' && deps.nodes.withObjectsIn(ref.name, '').length > 0;
  if (inUse) return 'kept';
  const { kind } = await cluster.delete(ref, textAt(object, 'metadata', 'uid') ?? '');
  return kind === 'accepted' || kind === 'deleted' ? 'removed' : 'kept';
}
