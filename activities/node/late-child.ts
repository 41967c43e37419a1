import { textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { isLateChild } from '../../domain/late-child.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { ObjectRef } from '../../domain/ports.ts';
import { isNamespace } from '../../domain/form-kinds.ts';
import { strayRecord } from '../../domain/strays.ts';
import type { Deps } from '../deps.ts';
import { nodeRef } from './gather.ts';
import { Removal } from './removal.ts';

/** `kept`: it is none, or somebody else has it: the node that is back, another one of the row, or what is in it. */
export type LateChildOutcome = 'removed' | 'kept';

const longestMilliseconds = 60_000;

/**
 * Takes away an object that a late create of a removed LynqNode made: that the node is gone and what the object is are read from the API server, and
 * the delete demands the object's uid.
 *
 * @throws LynqFailure when it cannot be told or done now.
 */
export async function removeLateChild(deps: Deps, node: NodeIdentity, ref: ObjectRef): Promise<LateChildOutcome> {
  const { namespace, name } = node;
  if ((await deps.cluster.get(nodeRef({ namespace, node: name }))) !== undefined) return 'kept';
  const cluster = deps.childCluster(namespace);
  const object = await cluster.get(ref);
  if (object === undefined || !isLateChild(object, node)) return 'kept';
  if (isNamespace(ref)) return removeLateNamespace(deps, node, ref);
  const { kind } = await cluster.delete(ref, textAt(object, 'metadata', 'uid') ?? '');
  return kind === 'accepted' || kind === 'deleted' ? 'removed' : 'kept';
}

/**
 * Its labels may be of another node's hand-over to the one that went, so that it is none of a late create: it goes as from a node that is there, which is
 * to another node of the row that names it, or not before what is in it.
 */
async function removeLateNamespace(deps: Deps, identity: NodeIdentity, ref: ObjectRef): Promise<LateChildOutcome> {
  const entry = strayRecord(await deps.childCluster(identity.namespace).get(ref), ref, identity);
  if (entry === undefined) return 'kept';
  const removal = new Removal(deps, { identity }, { entries: [entry], reason: 'LynqNodeDeleted' });
  await removal.proceed(AbortSignal.timeout(longestMilliseconds));
  const isOpen = !removal.isDone() && removal.asked.size === 0;
  if (isOpen && removal.users.size === 0)
    throw new LynqFailure('ClusterStale', [...removal.reasons.values()].join(', '), { kind: ref.kind, name: ref.name });
  const after = await deps.cluster.get(ref);
  const isGone = after === undefined || textAt(after, 'metadata', 'deletionTimestamp') !== undefined;
  return isGone ? 'removed' : 'kept';
}
