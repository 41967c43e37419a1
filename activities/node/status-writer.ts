import type { JsonObject } from '../../domain/api/json.ts';
import type { LynqNodeStatus } from '../../domain/api/node.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { managers } from '../../domain/keys.ts';
import type { Deps } from '../deps.ts';
import { tellNode } from '../events.ts';
import { unusableStatus } from '../../domain/status.ts';
import { type Gathered, nodeRef, type ReadNode } from './gather.ts';

/** Writes a node's status on exactly this LynqNode: a node that was replaced meanwhile is not touched. */
export async function writeNodeStatus(deps: Deps, read: ReadNode, status: LynqNodeStatus): Promise<'written' | 'gone'> {
  const { namespace, name, nodeUid } = read.identity;
  const body = { metadata: { uid: nodeUid }, status: status as unknown as JsonObject };
  const options = { manager: managers.apply, subresource: 'status' as const };
  const result = await deps.cluster.patch(nodeRef({ namespace, node: name }), 'merge', body, options);
  if (result.kind === 'ok') {
    deps.nodes.observe(result.object);
    return 'written';
  }
  if (result.kind === 'missing' || result.kind === 'stale') return 'gone';
  const why = result.kind === 'refused' ? result.message : result.kind;
  throw new LynqFailure('ClusterInvalid', `status of LynqNode ${namespace}/${name} cannot be written: ${why}`, {
    namespace,
    node: name,
  });
}

/** The entries cannot be judged at all; said once, not at every look. */
export async function reportUnusable(deps: Deps, unusable: Extract<Gathered, { kind: 'unusable' }>): Promise<void> {
  const { read, reason, message } = unusable;
  const at = { now: deps.clock.now(), generation: read.node.metadata.generation ?? 0 };
  const status = unusableStatus(read.node.status, { reason, message }, at);
  if (status === undefined) return;
  const result = await writeNodeStatus(deps, read, status);
  if (result === 'written') tellNode(deps, read.identity, { type: 'Warning', reason, message });
}
