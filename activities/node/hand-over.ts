import { type JsonObject, textAt } from '../../domain/api/json.ts';
import type { InventoryEntry } from '../../domain/api/node.ts';
import { refKey } from '../../domain/child.ts';
import { isNamespace } from '../../domain/form-kinds.ts';
import { removalBlockers } from '../../domain/form-order.ts';
import { managers } from '../../domain/keys.ts';
import { nodeDigest } from '../../domain/node-digest.ts';
import type { NodeIdentity } from '../../domain/ownership.ts';
import type { Cluster, ObjectRef, WriteResult } from '../../domain/ports.ts';
import { handOverPatch, isDeletable, isOrphaned, retainPatch } from '../../domain/removal-plan.ts';
import { heirOf, holderOf, recordsSpace, type SpaceHolder, trackerAmong } from '../../domain/shared-namespace.ts';
import type { NodeDigest } from '../../domain/watching.ts';
import type { Deps } from '../deps.ts';
import { siblingsOf } from './boundaries.ts';
import { nodeRef } from './gather.ts';

/**
 * A Namespace that another form of the row names too is handed over as it is: it could not go before all that is in it, which the other node may just wait
 * for it with. The labels name the new owner before the old one drops its record, so that there is always one.
 */

/** A Namespace that a node gives up. */
export interface GivenUp {
  readonly identity: NodeIdentity;
  readonly entry: InventoryEntry;
  readonly object: JsonObject;
}

export type HandOver =
  | { readonly kind: 'handed'; readonly object: JsonObject }
  | { readonly kind: 'failed'; readonly result: WriteResult }
  /** This node of the row may name it still. */
  | { readonly kind: 'unsettled'; readonly node: string }
  | { readonly kind: 'nobody' };

/** Whether another node of the row has this very Namespace on record: which of the two has it is to be looked at. */
export function isAlsoRecorded(deps: Deps, identity: NodeIdentity, ref: ObjectRef, uid: string): boolean {
  if (!isNamespace(ref)) return false;
  const key = refKey(ref);
  return siblingsOf(deps, identity).some(({ children }) => children.get(key)?.uid === uid);
}

/** Which other node of the row keeps a Namespace; that its labels name one that does not is asked of the API server. */
export async function readHolder(
  deps: Deps,
  identity: NodeIdentity,
  object: JsonObject,
): Promise<SpaceHolder | undefined> {
  const siblings = siblingsOf(deps, identity);
  const known = holderOf(object, siblings);
  const tracker = trackerAmong(object, siblings);
  if (known?.kind === 'held' || tracker === undefined) return known;
  const present = await readSibling(deps, tracker);
  const others = siblings.filter(({ name }) => name !== tracker.name);
  return holderOf(object, present === undefined ? others : [nodeDigest(present), ...others]);
}

async function readSibling(deps: Deps, { namespace, name }: NodeDigest): Promise<JsonObject | undefined> {
  const object = await deps.cluster.get(nodeRef({ namespace, node: name }));
  if (object !== undefined) deps.nodes.observe(object);
  return object;
}

/**
 * Whether a Namespace on record is another node's of the row by now: its labels name that one, which has it or takes it. One that is going has it only by its
 * record, so that what it merely wanted stays with the node that still has it.
 */
export async function isHandedOver(deps: Deps, { identity, entry, object }: GivenUp): Promise<boolean> {
  const tracker = trackerAmong(object, siblingsOf(deps, identity));
  if (tracker === undefined) return false;
  const node = await readSibling(deps, tracker);
  if (node === undefined) return false;
  const hasIt = recordsSpace(node, entry.name, textAt(object, 'metadata', 'uid') ?? '');
  return hasIt || takes(deps, identity, { digest: tracker, node, space: entry.name }) === 'takes';
}

/** Hands a Namespace to another node of the row that names it. `retain`: it is kept whatever that one's form says. */
export async function handOver(
  deps: Deps,
  cluster: Cluster,
  work: GivenUp & { readonly retain: boolean; readonly signal: AbortSignal },
): Promise<HandOver> {
  const { identity, entry, object, signal } = work;
  let unsettled: string | undefined;
  for (const digest of siblingsOf(deps, identity)) {
    const heir = await heirNow(deps, identity, { digest, space: entry.name });
    if (heir === 'unsettled') unsettled ??= digest.name;
    if (heir !== 'takes') continue;
    const body = handOverPatch(object, digest, work.retain ? identity : undefined);
    const result = await cluster.patch(entry, 'merge', body, { manager: managers.markers, signal });
    if (result.kind !== 'ok') return { kind: 'failed', result };
    // What has turned away before the labels named it has not seen them, and leaves it to this one.
    const still = await heirNow(deps, identity, { digest, space: entry.name });
    return still === 'takes' ? { kind: 'handed', object: result.object } : { kind: 'unsettled', node: digest.name };
  }
  return unsettled === undefined ? { kind: 'nobody' } : { kind: 'unsettled', node: unsettled };
}

/** Asked of the API server: a node that has turned away from it since would leave it to nobody. */
async function heirNow(
  deps: Deps,
  identity: NodeIdentity,
  { digest, space }: { readonly digest: NodeDigest; readonly space: string },
): Promise<ReturnType<typeof heirOf>> {
  // What one that lives has said just now may not have been heard of yet.
  if (digest.deleting && !isConcerned(digest, space)) return 'none';
  const node = await readSibling(deps, digest);
  return node === undefined ? 'none' : takes(deps, identity, { digest, node, space });
}

function isConcerned({ spaces, children }: NodeDigest, space: string): boolean {
  return spaces?.includes(space) === true || children.has(refKey({ apiVersion: 'v1', kind: 'Namespace', name: space }));
}

/** Also one that is going, where the order of the forms has it wait for this node: it has not looked at what it has on record yet. */
function takes(
  deps: Deps,
  identity: NodeIdentity,
  { digest, node, space }: { readonly digest: NodeDigest; readonly node: JsonObject; readonly space: string },
): ReturnType<typeof heirOf> {
  const heir = heirOf(node, space);
  if (heir !== 'none' || !recordsSpace(node, space)) return heir;
  return waitsFor(deps, digest, identity) ? 'takes' : 'none';
}

/** Whether a node of the row that is being deleted begins with that only when this one has gone, however many others are in between. */
function waitsFor(deps: Deps, { namespace, name }: NodeDigest, identity: NodeIdentity): boolean {
  const row = deps.nodes.ofRow(namespace, identity.hub, identity.uid);
  const waited = new Set([name]);
  for (const current of waited) for (const blocker of blockersAmong(row, current)) waited.add(blocker);
  return name !== identity.name && waited.has(identity.name);
}

function blockersAmong(row: readonly NodeDigest[], name: string): readonly string[] {
  const node = row.find((each) => each.name === name);
  if (node?.deleting !== true) return [];
  return removalBlockers(
    node,
    row.filter((each) => each.name !== name),
  );
}

/** Whether another node of the row has kept a Namespace, or has said, going or not, that it is to be kept. */
export function isKeptForRow(deps: Deps, { identity, entry, object }: GivenUp): boolean {
  if (!isNamespace(entry)) return false;
  if (isOrphaned(object)) return true;
  return siblingsOf(deps, identity).some(({ children }) => children.get(refKey(entry))?.retained === true);
}

/** Leaves word on a Namespace of another node of the row that it is to be kept, which that one's form does not say; undefined where nothing is to be said. */
export function leaveRetained(
  deps: Deps,
  cluster: Cluster,
  { identity, entry, object, signal }: GivenUp & { readonly signal: AbortSignal },
): Promise<WriteResult> | undefined {
  if (!isNamespace(entry) || entry.policy !== 'Retain' || !isDeletable(object)) return undefined;
  if (textAt(object, 'metadata', 'deletionTimestamp') !== undefined) return undefined;
  if (holderOf(object, siblingsOf(deps, identity)) === undefined) return undefined;
  return cluster.patch(entry, 'merge', retainPatch(object, identity), { manager: managers.markers, signal });
}
