import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry, LynqNodeStatus } from '../../domain/api/node.ts';
import { type DesiredChild, refKey } from '../../domain/child.ts';
import { childDigest } from '../../domain/node-digest.ts';
import type { Observation } from '../../domain/node-plan.ts';
import { writtenOnlyByUs } from '../../domain/owned-fields.ts';
import { classifyOwnership, type Ownership } from '../../domain/ownership.ts';
import { isAppliedKeyOf } from '../../domain/peer-record.ts';
import { adoptionOf } from '../../domain/policies/adoption.ts';
import { type SpaceHolder, trackerAmong } from '../../domain/shared-namespace.ts';
import { isNamespace } from '../../domain/form-kinds.ts';
import type { Deps } from '../deps.ts';
import { siblingsOf } from './boundaries.ts';
import { isAlsoRecorded, readHolder } from './hand-over.ts';
import type { NodePass } from './gather.ts';

/**
 * What the watch already knows of an object of our record; anything else has to be read, as has one whose digest was made before the expression that
 * decides over its readiness was known.
 */
export function watchedObservation(
  deps: Deps,
  { identity }: Pick<NodePass, 'identity'>,
  { child, record }: { readonly child: DesiredChild; readonly record: InventoryEntry | undefined },
): Observation {
  const digest = deps.children.get(child.ref);
  const judged = digest?.judgedBy === child.entry.readyWhen;
  const known = digest !== undefined && judged && record?.uid !== undefined && digest.uid === record.uid;
  return known && !isAlsoRecorded(deps, identity, child.ref, digest.uid)
    ? { kind: 'ours', digest }
    : { kind: 'unread' };
}

/**
 * Neither the record (`news`) nor a watch that has listed the kind tells of the object, so that its creation can show whether it is there. Looked at first where
 * that may be expected (`Force` takes what it finds; for an object that was seen an entry is not followed, kept-places.ts), and where a creation may have to
 * be taken back as a whole: what was there before has to be known for sure then.
 */
export function isUnheardOf(
  deps: Deps,
  child: DesiredChild,
  { news, atomic }: { readonly news: boolean; readonly atomic: boolean },
): boolean {
  if (!news || atomic || child.entry.conflictPolicy === 'Force' || child.ignoredNamespace !== undefined) return false;
  return deps.children.listedAt(child.ref) !== undefined && deps.children.get(child.ref) === undefined;
}

/** A node that only the Go operator has written so far lists its objects in `status.appliedResources`. */
function listedByPeer(status: LynqNodeStatus | undefined, child: DesiredChild): boolean {
  if (status?.inventory !== undefined) return false;
  return (status?.appliedResources ?? []).some((key) => isAppliedKeyOf(key, child));
}

/** Whether the record of another LynqNode names this very object. */
function recordedElsewhere(deps: Deps, { identity }: NodePass, { ref }: DesiredChild, object: JsonObject): boolean {
  if (ref.namespace === undefined) return false;
  const uid = textAt(object, 'metadata', 'uid');
  const others = deps.nodes.withObjectsIn(ref.namespace, `${identity.namespace}/${identity.name}`);
  return others.some(({ children }) => children.get(refKey(ref))?.uid === uid);
}

/** A look at an object: whose it is, or what has to be put on record about it before it is written. */
export type Look = { readonly kind: 'seen'; readonly observation: Observation } | Adoption;

/** The object was not made here; `uid` is absent where it is not taken over by its record. */
export type Adoption = { readonly kind: 'adopt'; readonly uid?: string };

const seen = (observation: Observation): Look => ({ kind: 'seen', observation });

/** Reads an object and decides whose it is. */
export async function lookAt(
  deps: Deps,
  pass: NodePass,
  look: { readonly child: DesiredChild; readonly record: InventoryEntry | undefined; readonly signal: AbortSignal },
): Promise<Look> {
  const { child, record, signal } = look;
  const object = await deps.childCluster(pass.identity.namespace).get(child.ref, signal);
  if (object === undefined) {
    deps.children.forget(child.ref);
    return seen({ kind: 'absent' });
  }
  const readyWhen = pass.readyWhen.get(child.id);
  const ownership = classifyOwnership(object, pass.identity, record, listedByPeer(pass.node.status, child));
  const holder = await otherHolder(deps, pass, { object, ownership });
  if (holder?.kind === 'claimed') return seen(holder);
  if (holder !== undefined) return seen({ ...holder, digest: childDigest(object, readyWhen) });
  const elsewhere = ownership.kind === 'foreign' && recordedElsewhere(deps, pass, child, object);
  const facts = { identity: pass.identity, ownership, record, recordedElsewhere: elsewhere };
  const adoption = adoptionOf(child, object, facts);
  if (adoption !== undefined) return { kind: 'adopt', ...adoption };
  if (ownership.kind === 'ours') deps.children.judge(child.ref, readyWhen);
  deps.children.observe(object);
  if (ownership.kind === 'foreign') return seen(ownership);
  const digest = childDigest(object, readyWhen);
  return seen(
    ownership.kind === 'ours'
      ? { ...ownership, digest, untouched: writtenOnlyByUs(object) }
      : { kind: 'orphan', digest },
  );
}

/**
 * Which other node of the row keeps a Namespace that is not this one's, or is on its record while the labels name that one: of two that have had it, the
 * labels tell which has it now.
 */
function otherHolder(
  deps: Deps,
  { identity }: NodePass,
  { object, ownership }: { readonly object: JsonObject; readonly ownership: Ownership },
): Promise<SpaceHolder | undefined> {
  if (!isNamespace(refOf(object)) || ownership.kind === 'orphan') return Promise.resolve(undefined);
  const isOwn = ownership.kind === 'ours' && trackerAmong(object, siblingsOf(deps, identity)) === undefined;
  return isOwn ? Promise.resolve(undefined) : readHolder(deps, identity, object);
}

const refOf = (object: JsonObject) => ({
  apiVersion: textAt(object, 'apiVersion') ?? '',
  kind: textAt(object, 'kind') ?? '',
});

/** Since when all objects of these kinds have been compared with a complete list. */
export function comparedAt(deps: Deps, children: readonly DesiredChild[]): Date | undefined {
  const times = children.map(({ ref }) => deps.children.listedAt(ref)?.getTime() ?? Number.NaN);
  const oldest = Math.min(...times);
  return Number.isFinite(oldest) ? new Date(oldest) : undefined;
}
