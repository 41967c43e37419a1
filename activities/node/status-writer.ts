import type { JsonObject } from '../../domain/api/json.ts';
import type { LynqNodeStatus } from '../../domain/api/node.ts';
import type { Deps } from '../deps.ts';
import { tellNode } from '../events.ts';
import { unusableStatus } from '../../domain/status.ts';
import type { Gathered, ReadNode } from './gather.ts';
import { patchNode } from './patch-node.ts';

/**
 * Writes a node's status on exactly this LynqNode: a node that was replaced meanwhile is not touched, nor one that was released, whose list of applied
 * objects is in the spelling of the Go operator: it would delete what it does not find there.
 */
export async function writeNodeStatus(deps: Deps, read: ReadNode, status: LynqNodeStatus): Promise<'written' | 'gone'> {
  // What is not said any more has to be taken out of a merge.
  const cleared = { attempt: null, dependsOn: null };
  const change = { status: { ...cleared, ...(status as unknown as JsonObject) } };
  const target = { subresource: 'status', unlessReleased: true } as const;
  return (await patchNode(deps, read.identity, change, target)).kind;
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
