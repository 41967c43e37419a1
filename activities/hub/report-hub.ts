import type { GuardState } from '../../domain/deletion-guard.ts';
import type { LynqHubStatus } from '../../domain/api/hub.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import type { Condition } from '../../domain/api/meta.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { hubEvents } from '../../domain/events.ts';
import { type FailureType, LynqFailure } from '../../domain/failures.ts';
import { failedSyncStatus, type SyncFacts, syncedStatus } from '../../domain/hub-status.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { usedUp } from '../../domain/used-up.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import { hubRef, type ReadHub, readHub } from './read-hub.ts';

/** Reasons of condition Ready for failures that end a sync without a result; every other failure is retried by Temporal. */
const endingFailures: Readonly<Partial<Record<FailureType, string>>> = {
  SourceUnreachable: 'DatabaseConnectionFailed',
  SourceDenied: 'DatabaseConnectionFailed',
  SourceShapeWrong: 'DatabaseQueryFailed',
  SourceIncomplete: 'DatabaseReadIncomplete',
  HubInvalid: 'InvalidConfiguration',
};

/** Reason to report when a failure of this type ends a sync; undefined when it does not. */
export function endingReason(failure: LynqFailure): string | undefined {
  return endingFailures[failure.type];
}

/** False when the hub has gone meanwhile. */
export async function writeStatus(
  deps: Deps,
  request: HubRef,
  { hub }: Pick<ReadHub, 'hub'>,
  status: LynqHubStatus,
): Promise<boolean> {
  if (canonicalJson((hub.status ?? {}) as JsonObject) === canonicalJson(status as unknown as JsonObject)) return true;
  const body = { metadata: { uid: hub.metadata.uid }, status: status as unknown as JsonObject };
  const result = await deps.cluster.patch(hubRef(request), 'merge', body, {
    manager: managers.apply,
    subresource: 'status',
  });
  if (result.kind === 'ok') return true;
  if (result.kind === 'missing' || result.kind === 'stale') return false;
  throw new LynqFailure('ClusterInvalid', `status of LynqHub ${request.namespace}/${request.hub} cannot be written`, {
    hub: request.hub,
  });
}

/** A condition that says something else than before: each fact is told once, also over restarts. */
function changedCondition(
  before: LynqHubStatus | undefined,
  after: LynqHubStatus,
  type: string,
): Condition | undefined {
  const find = (status: LynqHubStatus | undefined) => status?.conditions?.find((condition) => condition.type === type);
  const [was, is] = [find(before), find(after)];
  const same = was?.status === is?.status && was?.reason === is?.reason && was?.message === is?.message;
  return same ? undefined : is;
}

export async function reportSynced(deps: Deps, request: HubRef, hub: ReadHub, facts: SyncFacts): Promise<void> {
  const base = { previous: hub.hub.status, generation: hub.hub.metadata.generation ?? 0, now: deps.clock.now() };
  const status = syncedStatus(base, facts);
  if (!(await writeStatus(deps, request, hub, status))) return;
  const held = changedCondition(hub.hub.status, status, 'DeletionHeld');
  if (held?.status === 'True') tellOwner(deps, hub.object, hubEvents.deletionHeld(held.message));
}

/** How often the hub is read again because somebody writes to it meanwhile. */
const reserveTries = 5;

/**
 * Spends the budget before the rows go: a sync that dies in between leaves too much spent, never too little. Written only over the window that was
 * judged by, so that two syncs at the same time cannot spend the same budget. Fails with ClusterStale then; the sync decides again.
 */
export async function reserveDeletions(
  deps: Deps,
  request: HubRef,
  { hub }: ReadHub,
  { window, rowsAtStart }: GuardState,
): Promise<void> {
  const judged = canonicalJson((hub.status?.deletionGuard ?? {}) as JsonObject);
  for (let left = reserveTries; left > 0; left -= 1) {
    const live = await readHub(deps, request);
    if (live?.hub.metadata.uid !== hub.metadata.uid) break;
    if (canonicalJson((live.hub.status?.deletionGuard ?? {}) as JsonObject) !== judged) break;
    const { uid, resourceVersion } = live.hub.metadata;
    const body = {
      metadata: { uid, resourceVersion },
      status: { deletionGuard: { window: window.map((entry) => ({ ...entry })), rowsAtStart } },
    };
    const options = { manager: managers.apply, subresource: 'status' } as const;
    const result = await deps.cluster.patch(hubRef(request), 'merge', body, options);
    if (result.kind === 'ok') return;
    if (result.kind !== 'stale') break;
  }
  throw new LynqFailure(
    'ClusterStale',
    `the deletion budget of LynqHub ${request.namespace}/${request.hub} has changed`,
    {
      hub: request.hub,
    },
  );
}

/**
 * Takes the approval that a sync has judged off the hub, so that it cannot release the same set another day.
 * Fails with ClusterStale when it was changed meanwhile; then the sync decides again.
 */
export async function useUpApproval(deps: Deps, request: HubRef, { hub }: ReadHub): Promise<void> {
  const approval = hub.metadata.annotations?.[annotations.approveDeletions];
  if (approval === undefined) return;
  const steps = usedUp(hub.metadata.uid, annotations.approveDeletions, approval);
  const result = await deps.cluster.patch(hubRef(request), 'json', steps, { manager: managers.apply });
  if (result.kind === 'ok') return;
  throw new LynqFailure('ClusterStale', `the approval of LynqHub ${request.namespace}/${request.hub} has changed`, {
    hub: request.hub,
  });
}

export async function reportFailed(
  deps: Deps,
  request: HubRef,
  hub: ReadHub,
  failure: { reason: string; message: string },
): Promise<void> {
  const base = { previous: hub.hub.status, generation: hub.hub.metadata.generation ?? 0, now: deps.clock.now() };
  const status = failedSyncStatus(base, failure);
  if (!(await writeStatus(deps, request, hub, status))) return;
  const failed = changedCondition(hub.hub.status, status, 'Ready');
  if (failed !== undefined) tellOwner(deps, hub.object, hubEvents.databaseQueryFailed(failed.message));
}
