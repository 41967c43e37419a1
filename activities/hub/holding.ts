import type { JsonObject } from '../../domain/api/json.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { settleConditions } from '../../domain/status.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { hubRef, parseHub, type ReadHub, readHub } from './read-hub.ts';

/** Who may act on a hub: one installation at a time, none while the Go operator is alive, none once it is released. */

export function releasedAt({ hub }: ReadHub): string | undefined {
  return hub.metadata.annotations?.[annotations.released];
}

const holderOf = ({ hub }: ReadHub): string | undefined => hub.metadata.annotations?.[annotations.controllerId];

/** Whether a holder, as a hub names it, is another installation of ours that is alive. */
export async function isOther(
  deps: Pick<Deps, 'installation' | 'others'>,
  holder: string | undefined,
): Promise<boolean> {
  return holder !== undefined && holder !== deps.installation && (await deps.others.installation(holder));
}

/** Whether another installation of ours holds the hub and is alive. */
export async function isHeldByOther(deps: Deps, hub: ReadHub): Promise<boolean> {
  return isOther(deps, holderOf(hub));
}

/** Whether this installation has claimed the hub, and no other has since. */
export async function isHeldHere(deps: Deps, request: HubRef): Promise<boolean> {
  const hub = await readHub(deps, request);
  return hub !== undefined && holderOf(hub) === deps.installation;
}

/** Whether this installation may do anything for a hub, schedules included. */
export async function mayHold(deps: Deps, request: HubRef): Promise<boolean> {
  const hub = await readHub(deps, request);
  return hub !== undefined && !(await isHeldByOther(deps, hub));
}

/** `ours` comes with the hub as it is now. */
export type Claim = { readonly kind: 'ours'; readonly hub: ReadHub } | { readonly kind: 'other' };

/**
 * Takes the hub for this installation. `other`: another one holds it; it says nothing on the hub, whose status is the holder's, which would take a
 * condition of ours away again at its every sync.
 */
export async function claimHub(deps: Deps, request: HubRef, read: ReadHub): Promise<Claim> {
  const { metadata } = read.hub;
  if (holderOf(read) === deps.installation) return { kind: 'ours', hub: read };
  if (await isHeldByOther(deps, read)) {
    deps.logger.warn('another installation holds the hub', { hub: request.hub, namespace: request.namespace });
    return { kind: 'other' };
  }
  const { uid, resourceVersion } = metadata;
  const body = { metadata: { uid, resourceVersion, annotations: { [annotations.controllerId]: deps.installation } } };
  const result = await deps.cluster.patch(hubRef(request), 'merge', body, { manager: managers.apply });
  if (result.kind === 'ok') {
    deps.reviews.forget(request);
    return { kind: 'ours', hub: parseHub(result.object) };
  }
  throw new LynqFailure('ClusterStale', `LynqHub ${request.namespace}/${request.hub} could not be claimed yet`, {
    hub: request.hub,
  });
}

/** Takes back that another operator is at work on a hub, now that none is: a sync that reads nothing would leave it there. */
export async function sayAlone(deps: Deps, request: HubRef, hub: ReadHub): Promise<ReadHub> {
  const conditions = hub.hub.status?.conditions ?? [];
  const others = conditions.filter(({ type }) => type !== 'OtherOperator');
  if (others.length === conditions.length) return hub;
  const { uid, resourceVersion } = hub.hub.metadata;
  const body = { metadata: { uid, resourceVersion }, status: { conditions: others as unknown as JsonObject[] } };
  const options = { manager: managers.apply, subresource: 'status' } as const;
  const result = await deps.cluster.patch(hubRef(request), 'merge', body, options);
  if (result.kind === 'ok') return parseHub(result.object);
  throw new LynqFailure('ClusterStale', `LynqHub ${request.namespace}/${request.hub} was changed meanwhile`, {
    hub: request.hub,
  });
}

/** Says on the hub why nothing happens: the one write while the Go operator is alive, and once per holder. */
export async function reportOther(deps: Deps, request: HubRef, { hub }: ReadHub, message: string): Promise<void> {
  const previous = hub.status?.conditions ?? [];
  const type = 'OtherOperator';
  if (previous.some((condition) => condition.type === type && condition.message === message)) return;
  const draft = { type, status: 'True' as const, reason: 'OperatorAlive', message };
  const at = { now: deps.clock.now(), generation: hub.metadata.generation ?? 0 };
  const conditions = [
    ...previous.filter((condition) => condition.type !== type),
    ...settleConditions(previous, [draft], at),
  ];
  const body = { metadata: { uid: hub.metadata.uid }, status: { conditions: conditions as unknown as JsonObject[] } };
  await deps.unyielding.patch(hubRef(request), 'merge', body, { manager: managers.apply, subresource: 'status' });
}
