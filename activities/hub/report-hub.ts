import type { LynqHubStatus } from '../../domain/api/hub.ts';
import type { Condition } from '../../domain/api/meta.ts';
import { hubEvents } from '../../domain/events.ts';
import { type FailureType, LynqFailure } from '../../domain/failures.ts';
import { failedSyncStatus, pausedStatus, type SyncFacts, syncedStatus } from '../../domain/hub-status.ts';
import { annotations, managers } from '../../domain/keys.ts';
import { usedUp } from '../../domain/used-up.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { tellOwner } from '../events.ts';
import type { LeftForms } from './absent-forms.ts';
import { hubRef, type ReadHub } from './read-hub.ts';
import { writeStatus, writeSyncStatus } from './write-status.ts';

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

/** The hub as a sync has read it, and where its forms are. */
export interface SyncedHub {
  readonly hub: ReadHub;
  readonly left: LeftForms;
}

export async function reportSynced(deps: Deps, request: HubRef, synced: SyncedHub, facts: SyncFacts): Promise<void> {
  const { hub } = synced;
  const base = { previous: hub.hub.status, generation: hub.hub.metadata.generation ?? 0, now: deps.clock.now() };
  const status = syncedStatus(base, facts);
  if (!(await writeSyncStatus(deps, request, synced, status))) return;
  const held = changedCondition(hub.hub.status, status, 'DeletionHeld');
  if (held?.status === 'True') tellOwner(deps, hub.object, hubEvents.deletionHeld(held.message));
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
  unread: SyncedHub,
  failure: { reason: string; message: string },
): Promise<void> {
  const { hub } = unread;
  const base = { previous: hub.hub.status, generation: hub.hub.metadata.generation ?? 0, now: deps.clock.now() };
  const status = failedSyncStatus(base, failure);
  if (!(await writeSyncStatus(deps, request, unread, status))) return;
  const failed = changedCondition(hub.hub.status, status, 'Ready');
  if (failed !== undefined) tellOwner(deps, hub.object, hubEvents.databaseQueryFailed(failed.message));
}

/** What a sync of a paused hub leaves to the next one: its nodes are taken up again all the same. */
export async function reportPaused(deps: Deps, request: HubRef, hub: ReadHub, open: readonly string[]): Promise<void> {
  const { status, metadata } = hub.hub;
  const base = { previous: status, generation: metadata.generation ?? 0, now: deps.clock.now() };
  await writeStatus(deps, request, hub, pausedStatus(base, open));
}
