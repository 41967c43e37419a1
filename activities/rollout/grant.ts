import { textAt } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { readPendingValues } from '../../domain/rollout/values.ts';
import { isoSeconds } from '../../domain/status.ts';
import type { FormRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { remainingOverrides } from '../hub/write-nodes.ts';
import { isReleased, nodeRef, readNode } from '../node/gather.ts';

export interface Grant {
  /** Name of the LynqNode. */
  readonly name: string;
  readonly target: string;
  readonly generation: number;
}

/**
 * Lets one node change: it gets the revision, and the values that waited. On condition that it is the very object that was read, so that a late
 * attempt cannot take a node back. Whatever comes in between is seen by the next look.
 */
export async function grantNode(deps: Deps, request: FormRef, grant: Grant): Promise<void> {
  const { namespace } = request;
  const read = await readNode(deps, { namespace, node: grant.name });
  if (read === undefined || read.node.metadata.deletionTimestamp !== undefined || isReleased(read)) return;
  const found = read.node.metadata.annotations ?? {};
  const pending = readPendingValues(found[annotations.pendingValues]) ?? {};
  const overrides =
    found[annotations.overrides] === undefined ? undefined : remainingOverrides(read, { ...found, ...pending });
  const body = {
    metadata: {
      uid: read.identity.nodeUid,
      resourceVersion: textAt(read.object, 'metadata', 'resourceVersion') ?? '',
      annotations: {
        ...pending,
        ...(found[annotations.pendingValues] === undefined ? {} : { [annotations.pendingValues]: null }),
        ...(overrides === undefined ? {} : { [annotations.overrides]: overrides }),
        [annotations.templateGeneration]: String(grant.generation),
        [annotations.rolloutUpdateStart]: isoSeconds(deps.clock.now()),
      },
    },
    spec: { formRevision: grant.target },
  };
  const result = await deps.cluster.patch(nodeRef({ namespace, node: grant.name }), 'merge', body, {
    manager: managers.apply,
  });
  if (result.kind === 'ok') deps.nodes.observe(result.object);
  if (result.kind !== 'refused') return;
  throw new LynqFailure('ClusterInvalid', `LynqNode ${namespace}/${grant.name} cannot be updated: ${result.message}`, {
    node: grant.name,
  });
}
