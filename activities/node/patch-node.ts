import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { managers } from '../../domain/keys.ts';
import type { WriteOptions } from '../../domain/ports.ts';
import type { Deps } from '../deps.ts';
import { nodeRef } from './gather.ts';

/** One particular LynqNode; another of the same name is not meant. */
export interface ExactNode {
  readonly namespace: string;
  readonly name: string;
  readonly nodeUid: string;
}

export type PatchedNode = { readonly kind: 'written'; readonly object: JsonObject } | { readonly kind: 'gone' };

const quickTries = 5;

/**
 * Patches exactly this LynqNode in the newest version that is known, so that a request which arrives late, after the client gave it up, meets a
 * newer version and changes nothing. The caller is the only writer of what it patches: when others wrote something else meanwhile, the patch is
 * sent again on top of that.
 */
export async function patchNode(
  deps: Deps,
  node: ExactNode,
  change: { readonly metadata?: JsonObject; readonly spec?: JsonObject; readonly status?: JsonObject },
  target: Pick<WriteOptions, 'subresource'> = {},
): Promise<PatchedNode> {
  const ref = nodeRef({ namespace: node.namespace, node: node.name });
  let version = knownVersion(deps, node);
  for (let tries = 0; tries < quickTries; tries += 1) {
    version ??= await liveVersion(deps, node);
    if (version === undefined) return { kind: 'gone' };
    const metadata = { ...change.metadata, uid: node.nodeUid, resourceVersion: version };
    const result = await deps.cluster.patch(
      ref,
      'merge',
      { ...change, metadata },
      { manager: managers.apply, ...target },
    );
    if (result.kind === 'ok') {
      deps.nodes.observe(result.object);
      return { kind: 'written', object: result.object };
    }
    if (result.kind === 'missing') return { kind: 'gone' };
    if (result.kind !== 'stale')
      throw cannot(node, 'ClusterInvalid', result.kind === 'refused' ? result.message : result.kind);
    version = undefined;
  }
  throw cannot(node, 'ClusterStale', 'it keeps changing');
}

function knownVersion(deps: Deps, { namespace, name, nodeUid }: ExactNode): string | undefined {
  const known = deps.nodes.get(namespace, name);
  return known?.nodeUid === nodeUid ? known.resourceVersion : undefined;
}

/** Undefined when this LynqNode is gone. */
async function liveVersion(deps: Deps, { namespace, name, nodeUid }: ExactNode): Promise<string | undefined> {
  const live = await deps.cluster.get(nodeRef({ namespace, node: name }));
  if (live === undefined || textAt(live, 'metadata', 'uid') !== nodeUid) return undefined;
  deps.nodes.observe(live);
  return textAt(live, 'metadata', 'resourceVersion');
}

function cannot({ namespace, name }: ExactNode, type: 'ClusterInvalid' | 'ClusterStale', why: string): LynqFailure {
  return new LynqFailure(type, `LynqNode ${namespace}/${name} cannot be written: ${why}`, { namespace, node: name });
}
