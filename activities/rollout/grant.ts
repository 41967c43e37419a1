import { LynqForm, type RolloutGrant } from '../../domain/api/form.ts';
import { textAt } from '../../domain/api/json.ts';
import { nodeChangeEvents } from '../../domain/events.ts';
import { type FailureType, isLynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { grantedBy } from '../../domain/rollout/grants.ts';
import { writeLetGo } from '../../domain/rollout/let-go.ts';
import { readPendingValues } from '../../domain/rollout/values.ts';
import { isoSeconds } from '../../domain/status.ts';
import type { FormRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellSyncedNode } from '../events.ts';
import { remainingOverrides } from '../hub/write-nodes.ts';
import { isReleased, nodeRef, readNode, type ReadNode } from '../node/gather.ts';
import { inParallel } from '../parallel.ts';
import { keepSecretValues, readSecretValues } from '../secret-values.ts';
import { formRef, type RolloutForm } from './gather.ts';

/** What letting nodes go needs. */
export type GrantDeps = Pick<Deps, 'cluster' | 'nodes' | 'clock' | 'events' | 'hubKeys'>;

/** Nodes that are read, checked against the form and changed together: how far a command or an edit can come too late. */
const grantsAtOnce = 16;

/** What became of the nodes that were to change. */
export type Granted =
  /** All that may change have, but for those that the API server has refused. */
  | { readonly kind: 'granted'; readonly refused: readonly RefusedNode[] }
  /** The form does not say any more what it said when the nodes were recorded. */
  | { readonly kind: 'superseded' };

/** Why a LynqNode, or the Secret with its values, cannot be changed, in the words of the API server. */
export interface RefusedNode {
  readonly name: string;
  readonly message: string;
}

/**
 * Lets nodes change that are on record. Each is read first, then the form, then it is changed on condition that it is what was read: whatever let a
 * node go a long time ago (a process that was frozen, a request that hung) finds that the record or the node is another one, and changes nothing.
 * A node that is refused keeps no other from its turn.
 */
export async function grantNodes(deps: GrantDeps, form: RolloutForm, names: readonly string[]): Promise<Granted> {
  const request = form.of;
  const refused: RefusedNode[] = [];
  for (let at = 0; at < names.length; at += grantsAtOnce) {
    const reads = await Promise.all(
      names.slice(at, at + grantsAtOnce).map((node) => readNode(deps, { namespace: request.namespace, node })),
    );
    const granted = await stillGranted(deps, form);
    if (granted === undefined) return { kind: 'superseded' };
    const going = reads.flatMap((read) => {
      const grant = read === undefined ? undefined : granted.get(read.identity.name);
      return read !== undefined && grant !== undefined && mayChange(request, read) ? [{ read, grant }] : [];
    });
    await inParallel(going, grantsAtOnce, async (node) => {
      const message = await grantNode(deps, form, node);
      if (message !== undefined) refused.push({ name: node.read.identity.name, message });
    });
  }
  return { kind: 'granted', refused };
}

/** A node of the form's former hub is that hub's to keep as it is. */
function mayChange({ hub }: FormRef, read: ReadNode): boolean {
  const { metadata, spec } = read.node;
  if (read.identity.hub !== hub || isReleased(read)) return false;
  return metadata.deletionTimestamp === undefined && spec.paused !== true;
}

/** Nodes that the form lets go now; undefined when it is not about this target or this hub any more, or halted. */
async function stillGranted(
  deps: GrantDeps,
  { of, form, target }: RolloutForm,
): Promise<ReadonlyMap<string, RolloutGrant> | undefined> {
  const { data } = LynqForm.safeParse(await deps.cluster.get(formRef(of)));
  const isSame = data?.metadata.uid === form.metadata.uid && data.spec.hubId === of.hub;
  return isSame ? grantedBy(data, target) : undefined;
}

/** The node gets the revision, and the values that waited. Whatever comes in between is seen by the next look. Gives the reason of a refusal. */
async function grantNode(
  deps: GrantDeps,
  form: RolloutForm,
  { read, grant }: { readonly read: ReadNode; readonly grant: RolloutGrant },
): Promise<string | undefined> {
  const { namespace } = form.of;
  const { name, nodeUid } = read.identity;
  const pending = readPendingValues(read.node.metadata.annotations?.[annotations.pendingValues]);
  if (pending === undefined && read.node.spec.formRevision === form.target) return undefined;
  const taken = await takeSecretValues(deps, read, pending);
  if (taken.kind === 'refused') return taken.message;
  if (taken.kind === 'broken') {
    await dropPending(deps, read);
    return undefined;
  }
  const body = {
    metadata: {
      uid: nodeUid,
      resourceVersion: textAt(read.object, 'metadata', 'resourceVersion') ?? '',
      annotations: {
        ...takenValues(read, pending),
        [annotations.templateGeneration]: String(form.generation),
        ...letGo(form, read, grant),
        [annotations.rolloutUpdateStart]: isoSeconds(deps.clock.now()),
      },
    },
    spec: { formRevision: form.target },
  };
  const result = await deps.cluster.patch(nodeRef({ namespace, node: name }), 'merge', body, {
    manager: managers.apply,
  });
  if (result.kind === 'ok') {
    deps.nodes.observe(result.object);
    tellGranted(deps, form, read);
  }
  return result.kind === 'refused' ? result.message : undefined;
}

/** Values that waited become the present ones; overrides of columns that change end with that. */
function takenValues(
  read: ReadNode,
  pending: Readonly<Record<string, string>> | undefined,
): Readonly<Record<string, string | null>> {
  const found = read.node.metadata.annotations ?? {};
  const overrides =
    found[annotations.overrides] === undefined ? undefined : remainingOverrides(read, { ...found, ...pending });
  return {
    ...pending,
    ...(found[annotations.pendingValues] === undefined ? {} : { [annotations.pendingValues]: null }),
    ...(overrides === undefined ? {} : { [annotations.overrides]: overrides }),
  };
}

/** Only the way to another revision is put down: new values of its row say nothing about the form. */
function letGo(
  { target }: RolloutForm,
  { node }: ReadNode,
  { broken }: RolloutGrant,
): Readonly<Record<string, string>> {
  if (node.spec.formRevision === target) return {};
  return { [annotations.letGo]: writeLetGo(target, broken === true ? 'broken' : 'working') };
}

type TakenSecrets =
  | { readonly kind: 'taken' }
  /** They are not what the seal says. */
  | { readonly kind: 'broken' }
  /** The Secret beside the node cannot be written. */
  | { readonly kind: 'refused'; readonly message: string };

/** Secret values that waited take the place of the present ones, before the seal that is of them. */
async function takeSecretValues(
  deps: GrantDeps,
  { node, identity }: ReadNode,
  pending: Readonly<Record<string, string>> | undefined,
): Promise<TakenSecrets> {
  const seal = pending?.[annotations.secretValues];
  if (seal === undefined || seal === node.metadata.annotations?.[annotations.secretValues]) return { kind: 'taken' };
  const found = await readSecretValues(deps, identity, seal, 'pending');
  if (found.kind === 'broken') return found;
  const { namespace, name, nodeUid } = identity;
  try {
    await keepSecretValues(deps, { namespace, node: name, nodeUid }, found.secrets);
    return { kind: 'taken' };
  } catch (error) {
    if (!isLynqFailure(error) || !ofOneRow.has(error.type)) throw error;
    return { kind: 'refused', message: error.message };
  }
}

/** Failures of `keepSecretValues` that are about one row. */
const ofOneRow: ReadonlySet<FailureType> = new Set<FailureType>(['ClusterInvalid', 'ClusterStale']);

/** The next sync writes the row's values anew. */
async function dropPending(deps: GrantDeps, { object, identity }: ReadNode): Promise<void> {
  const resourceVersion = textAt(object, 'metadata', 'resourceVersion') ?? '';
  const metadata = { uid: identity.nodeUid, resourceVersion, annotations: { [annotations.pendingValues]: null } };
  const ref = nodeRef({ namespace: identity.namespace, node: identity.name });
  const result = await deps.cluster.patch(ref, 'merge', { metadata }, { manager: managers.apply });
  if (result.kind === 'ok') deps.nodes.observe(result.object);
}

function tellGranted(
  deps: GrantDeps,
  { of, generation, lists, target }: RolloutForm,
  { node, object, identity }: ReadNode,
): void {
  const change = {
    form: of.form,
    hub: of.hub,
    uid: identity.uid,
    before: node.metadata.annotations?.[annotations.templateGeneration] ?? '',
    generation: String(generation),
    lists,
  };
  const event = node.spec.formRevision === target ? nodeChangeEvents.dataUpdated : nodeChangeEvents.templateApplied;
  tellSyncedNode(deps, object, event(change));
}
