import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { isLynqFailure, LynqFailure } from '../../domain/failures.ts';
import { labels } from '../../domain/keys.ts';
import { writtenByUs } from '../../domain/owned-fields.ts';
import { isOrphanOf, type NodeIdentity } from '../../domain/ownership.ts';
import type { KindRef } from '../../domain/ports.ts';
import type { Deps } from '../deps.ts';
import { nodeRef } from './gather.ts';
import { generatedIn, generatedRef } from '../secrets.ts';

/** What cannot be told about a kind by asking for it: it may not be seen, or is not served (any more, or in this version). */
const untold = (error: unknown): boolean =>
  isLynqFailure(error) && (error.type === 'ClusterForbidden' || error.detail['reason'] === 'MissingKind');

/**
 * Whether something anywhere may be kept from a life of this very node: it may hold a generated value, which a return has to find again. Only kinds
 * that were rendered together with the values are looked at; where these are not known, all that there are.
 */
async function mayBeNeeded(
  { cluster }: Pick<Deps, 'cluster'>,
  identity: NodeIdentity,
  kinds: readonly KindRef[] | undefined,
): Promise<boolean> {
  const isFromHere = (object: JsonObject) => isOrphanOf(object, identity);
  try {
    for (const kind of kinds ?? (await cluster.listableKinds()))
      if ((await cluster.list(kind, { labelSelector: `${labels.orphaned}=true` })).some(isFromHere)) return true;
    return false;
  } catch (error) {
    // What may not be seen may be there.
    if (untold(error)) return true;
    throw error;
  }
}

/**
 * Takes away the first results of a node's key and certificate functions with the node, when nothing that could hold one of them stays. A row that
 * returns to retained objects finds what they were made with (decisions.md section 2). A LynqNode of the same name that came after has the Secret under this
 * name too: after the Secret was read, the node has to be the one that goes.
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
  if (await mayBeNeeded(deps, identity, generatedIn(secret).kinds)) return;
  const { namespace, name: node, nodeUid } = identity;
  if (textAt(await deps.cluster.get(nodeRef({ namespace, node })), 'metadata', 'uid') !== nodeUid) return;
  const result = await deps.cluster.delete(ref, textAt(secret, 'metadata', 'uid') ?? '');
  if (result.kind !== 'refused') return;
  const message = `Secret ${identity.namespace}/${ref.name} could not be taken away: ${result.message}`;
  throw new LynqFailure('ClusterStale', message, { namespace: identity.namespace, node: identity.name });
}
