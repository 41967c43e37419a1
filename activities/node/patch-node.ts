import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import type { WriteOptions } from '../../domain/ports.ts';
import type { Deps } from '../deps.ts';
import { nodeRef } from './gather.ts';

/** One particular LynqNode; another of the same name is not meant. */
export interface ExactNode {
  readonly namespace: string;
  readonly name: string;
  readonly nodeUid: string;
}

export type PatchedNode =
  | { readonly kind: 'written'; readonly object: JsonObject }
  /** Also where it is released, for those who ask for that: it is another operator's. */
  | { readonly kind: 'gone' };

export interface PatchTarget extends Pick<WriteOptions, 'subresource'> {
  /** Nothing is written on a node that is released (`lynq release`), be it by another process and since a moment ago. */
  readonly unlessReleased?: boolean;
}

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
  { unlessReleased = false, ...target }: PatchTarget = {},
): Promise<PatchedNode> {
  const ref = nodeRef({ namespace: node.namespace, node: node.name });
  let version = knownVersion(deps, node, unlessReleased);
  for (let tries = 0; tries < quickTries; tries += 1) {
    version ??= await liveVersion(deps, node, unlessReleased);
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

/** Undefined also where only the API server can tell. */
function knownVersion(
  deps: Deps,
  { namespace, name, nodeUid }: ExactNode,
  unlessReleased: boolean,
): string | undefined {
  const known = deps.nodes.get(namespace, name);
  return known?.nodeUid === nodeUid && !(unlessReleased && known.released) ? known.resourceVersion : undefined;
}

/** Undefined when this LynqNode is gone, or released where that counts. */
async function liveVersion(
  deps: Deps,
  { namespace, name, nodeUid }: ExactNode,
  unlessReleased: boolean,
): Promise<string | undefined> {
  const live = await deps.cluster.get(nodeRef({ namespace, node: name }));
  if (live === undefined || textAt(live, 'metadata', 'uid') !== nodeUid) return undefined;
  deps.nodes.observe(live);
  if (unlessReleased && textAt(live, 'metadata', 'annotations', annotations.released) !== undefined) return undefined;
  return textAt(live, 'metadata', 'resourceVersion');
}

function cannot({ namespace, name }: ExactNode, type: 'ClusterInvalid' | 'ClusterStale', why: string): LynqFailure {
  return new LynqFailure(type, `LynqNode ${namespace}/${name} cannot be written: ${why}`, { namespace, node: name });
}
