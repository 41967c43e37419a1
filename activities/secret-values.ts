import { type JsonObject, listAt, textAt, textMapAt } from '../domain/api/json.ts';
import { LynqFailure } from '../domain/failures.ts';
import { pendingValuesSecret, valuesSecret } from '../domain/identity.ts';
import { annotations, apiVersion, labels, managers } from '../domain/keys.ts';
import { writtenByUs } from '../domain/owned-fields.ts';
import type { NodeIdentity } from '../domain/ownership.ts';
import type { ObjectRef } from '../domain/ports.ts';
import { sealOf, type SecretValues } from '../domain/secret-values.ts';
import type { Deps } from './deps.ts';
import { fromDataKey, toDataKey } from './secrets.ts';

/** The Secret beside a node with the values of secretValueMappings. It belongs to the node and goes with it. */

export interface ValuesOwner {
  readonly namespace: string;
  /** Name of the LynqNode. */
  readonly node: string;
  readonly nodeUid: string;
}

/** `pending`: of values that wait for the rollout of the node's form. */
type Which = 'present' | 'pending';

const names = { present: valuesSecret, pending: pendingValuesSecret } as const satisfies Record<
  Which,
  (node: string) => string
>;

function valuesRef({ namespace, node }: Pick<ValuesOwner, 'namespace' | 'node'>, which: Which): ObjectRef {
  return { apiVersion: 'v1', kind: 'Secret', namespace, name: names[which](node) };
}

/**
 * Writes the values before anything refers to them by their seal. Fails with ClusterStale while an earlier node's are in the way, and with ClusterInvalid when
 * they cannot be written: both are about this row only.
 */
export async function keepSecretValues(
  deps: Pick<Deps, 'cluster'>,
  owner: ValuesOwner,
  secrets: SecretValues,
  which: Which = 'present',
): Promise<void> {
  const ref = valuesRef(owner, which);
  await refuseForeign(deps, owner, ref);
  const reference = { apiVersion, kind: 'LynqNode', name: owner.node, uid: owner.nodeUid, controller: true };
  const data = Object.fromEntries(
    [...secrets].map(([name, value]) => [toDataKey(name), Buffer.from(value, 'utf8').toString('base64')]),
  );
  const metadata = { name: ref.name, namespace: owner.namespace, ownerReferences: [reference] };
  const body = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data };
  const result = await deps.cluster.apply(ref, body, { manager: managers.apply, force: true });
  if (result.kind === 'ok') return;
  const title = `Secret ${owner.namespace}/${ref.name} with values of the row cannot be written`;
  if (result.kind !== 'refused') throw new LynqFailure('ClusterStale', `${title} yet`, { node: owner.node });
  const reason = result.reason === 'TooLarge' ? 'TooLarge' : 'SecretRefused';
  throw new LynqFailure('ClusterInvalid', `${title}: ${result.message}`, { node: owner.node, reason });
}

/** What a form makes, or what is kept of it, has a label of ours; values beside a node have an owner, and without one came back from a backup. */
function isRestored(secret: JsonObject): boolean {
  const marks = [labels.node, labels.orphaned].map((label) => textAt(secret, 'metadata', 'labels', label));
  const isOwned = listAt(secret, 'metadata', 'ownerReferences').length > 0;
  return !isOwned && marks.every((mark) => mark === undefined) && writtenByUs(secret);
}

async function refuseForeign(
  deps: Pick<Deps, 'cluster'>,
  { node, nodeUid }: ValuesOwner,
  ref: ObjectRef,
): Promise<void> {
  const present = await deps.cluster.get(ref);
  if (present === undefined || isRestored(present)) return;
  const owners = listAt(present, 'metadata', 'ownerReferences');
  if (owners.some((owner) => textAt(owner, 'uid') === nodeUid)) return;
  const title = `Secret ${ref.namespace ?? ''}/${ref.name}`;
  if (owners.some((owner) => textAt(owner, 'kind') === 'LynqNode' && textAt(owner, 'name') === node)) {
    const message = `${title} is of an earlier LynqNode ${node}, and goes with it`;
    throw new LynqFailure('ClusterStale', message, { node });
  }
  const message = `${title} is where values of the row are kept, but it is someone else's; remove or rename it`;
  throw new LynqFailure('ClusterInvalid', message, { node, secret: ref.name, reason: 'SecretRefused' });
}

export type FoundValues =
  | { readonly kind: 'values'; readonly secrets: SecretValues }
  /** The Secret is not the one the node's seal is of: it is on its way, or someone removed or changed it. */
  | { readonly kind: 'broken' };

/** The values a node is rendered with; only those its seal is of. */
export async function readSecretValues(
  deps: Pick<Deps, 'cluster' | 'hubKeys'>,
  identity: NodeIdentity,
  seal: string | undefined,
  which: Which = 'present',
): Promise<FoundValues> {
  if (seal === undefined) return { kind: 'values', secrets: new Map() };
  const secrets = await keptSecretValues(deps, identity, which);
  const key = await deps.hubKeys.of(identity.namespace, identity.hub);
  return sealOf(key, identity.uid, secrets) === seal ? { kind: 'values', secrets } : { kind: 'broken' };
}

/** What the Secret beside a node holds, be it what the node's seal is of or not: to be hidden, never to be rendered into an object. */
export async function keptSecretValues(
  deps: Pick<Deps, 'cluster'>,
  { namespace, name }: NodeIdentity,
  which: Which = 'present',
): Promise<SecretValues> {
  const secret = await deps.cluster.get(valuesRef({ namespace, node: name }, which));
  const data = Object.entries(textMapAt(secret, 'data'));
  return new Map(data.map(([key, value]) => [fromDataKey(key), Buffer.from(value, 'base64').toString('utf8')]));
}

/**
 * The seal of a node's present values by the key of the hub that takes it over; undefined where they are not what its seal by the former hub's key says, or
 * that key is not there any more.
 */
export async function resealed(
  deps: Pick<Deps, 'cluster' | 'hubKeys'>,
  identity: NodeIdentity,
  { seal, hub }: { readonly seal: string; readonly hub: string },
): Promise<string | undefined> {
  const former = await presentKey(deps, identity);
  const secrets = await keptSecretValues(deps, identity);
  if (former === undefined || sealOf(former, identity.uid, secrets) !== seal) return undefined;
  return sealOf(await deps.hubKeys.of(identity.namespace, hub), identity.uid, secrets);
}

/** Of a hub that is gone no key is made. */
async function presentKey(
  { hubKeys }: Pick<Deps, 'hubKeys'>,
  { namespace, hub }: NodeIdentity,
): Promise<Uint8Array | undefined> {
  const known = hubKeys.known(namespace, hub);
  if (known !== undefined) return known;
  await hubKeys.settled();
  return hubKeys.known(namespace, hub);
}

/** Takes a seal that has no values off its node, in the version it was read in, so that the next sync writes both anew. */
export async function breakSeal(deps: Deps, ref: ObjectRef, object: Parameters<typeof textAt>[0]): Promise<void> {
  const metadata = {
    uid: textAt(object, 'metadata', 'uid') ?? '',
    resourceVersion: textAt(object, 'metadata', 'resourceVersion') ?? '',
    annotations: { [annotations.secretValues]: null },
  };
  const result = await deps.cluster.patch(ref, 'merge', { metadata }, { manager: managers.apply });
  if (result.kind === 'ok') deps.nodes.observe(result.object);
}
