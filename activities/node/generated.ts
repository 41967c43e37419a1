import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import { labels } from '../../domain/keys.ts';
import { writtenByUs } from '../../domain/owned-fields.ts';
import { isOrphanOf, type NodeIdentity } from '../../domain/ownership.ts';
import type { Deps } from '../deps.ts';
import { generatedRef } from '../secrets.ts';

/** Whether something anywhere may be kept from a life of this very node: it may hold a generated value, which a return has to find again. */
async function mayBeNeeded({ cluster }: Pick<Deps, 'cluster'>, identity: NodeIdentity): Promise<boolean> {
  const isFromHere = (object: JsonObject) => isOrphanOf(object, identity);
  try {
    for (const kind of await cluster.listableKinds())
      if ((await cluster.list(kind, { labelSelector: `${labels.orphaned}=true` })).some(isFromHere)) return true;
    return false;
  } catch (error) {
    // What may not be seen may be there.
    if (isLynqFailure(error) && error.type === 'ClusterForbidden') return true;
    throw error;
  }
}

/**
 * Takes away the first results of a node's key and certificate functions with the node, when nothing that could hold one of them stays. A row that
 * returns to retained objects finds what they were made with (decisions.md section 2).
 *
 * @throws LynqFailure when it cannot be told or done now.
 */
export async function dropGenerated(deps: Pick<Deps, 'cluster'>, identity: NodeIdentity): Promise<void> {
  const ref = generatedRef(identity.namespace, identity.name);
  const secret = await deps.cluster.get(ref);
  if (secret === undefined || !writtenByUs(secret)) return;
  // One that a form makes under this name is on record, and dealt with there.
  const marks = [labels.node, labels.orphaned];
  if (marks.some((label) => textAt(secret, 'metadata', 'labels', label) !== undefined)) return;
  if (await mayBeNeeded(deps, identity)) return;
  const result = await deps.cluster.delete(ref, textAt(secret, 'metadata', 'uid') ?? '');
  if (result.kind !== 'refused') return;
  const message = `Secret ${identity.namespace}/${ref.name} could not be taken away: ${result.message}`;
  throw new LynqFailure('ClusterStale', message, { namespace: identity.namespace, node: identity.name });
}
