import type { InventoryEntry, LynqNodeStatus } from '../../domain/api/node.ts';
import type { DesiredChild } from '../../domain/child.ts';
import { childDigest } from '../../domain/node-digest.ts';
import type { Observation } from '../../domain/node-plan.ts';
import { writtenOnlyByUs } from '../../domain/owned-fields.ts';
import { classifyOwnership } from '../../domain/ownership.ts';
import { isAppliedKeyOf } from '../../domain/peer-record.ts';
import type { Deps } from '../deps.ts';
import type { NodePass } from './gather.ts';

/**
 * What the watch already knows of an object of our record; anything else has to be read, as has one whose digest was made before the expression that
 * decides over its readiness was known.
 */
export function watchedObservation(deps: Deps, child: DesiredChild, record: InventoryEntry | undefined): Observation {
  const digest = deps.children.get(child.ref);
  const judged = digest?.judgedBy === child.entry.readyWhen;
  const known = digest !== undefined && judged && record?.uid !== undefined && digest.uid === record.uid;
  return known ? { kind: 'ours', digest } : { kind: 'unread' };
}

/** A node that only the Go operator has written so far lists its objects in `status.appliedResources`. */
function listedByPeer(status: LynqNodeStatus | undefined, child: DesiredChild): boolean {
  if (status?.inventory !== undefined) return false;
  return (status?.appliedResources ?? []).some((key) => isAppliedKeyOf(key, child));
}

/** Reads an object and decides whose it is. */
export async function lookAt(
  deps: Deps,
  pass: NodePass,
  look: { readonly child: DesiredChild; readonly record: InventoryEntry | undefined; readonly signal: AbortSignal },
): Promise<Observation> {
  const { child, record, signal } = look;
  const object = await deps.childCluster(pass.identity.namespace).get(child.ref, signal);
  if (object === undefined) {
    deps.children.forget(child.ref);
    return { kind: 'absent' };
  }
  const readyWhen = pass.readyWhen.get(child.id);
  const ownership = classifyOwnership(object, pass.identity, record, listedByPeer(pass.node.status, child));
  if (ownership.kind === 'ours') deps.children.judge(child.ref, readyWhen);
  deps.children.observe(object);
  if (ownership.kind === 'foreign') return ownership;
  const digest = childDigest(object, readyWhen);
  return ownership.kind === 'ours'
    ? { ...ownership, digest, untouched: writtenOnlyByUs(object) }
    : { kind: 'orphan', digest };
}
