import type { LynqHubStatus } from '../../domain/api/hub.ts';
import type { JsonObject } from '../../domain/api/json.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import type { GuardState } from '../../domain/deletion-guard.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { annotations, managers } from '../../domain/keys.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { recordRefused } from '../record-refused.ts';
import { hubRef, parseHub, type ReadHub, readHub } from './read-hub.ts';

/**
 * Fields of a hub's status that the next sync judges by: the spent budget, the hold, the known source. Two syncs may overlap (an attempt that was given
 * up goes on), so these are written only where no other sync has said anything since the hub was read; what another one has written is never taken back.
 */
export const judgedFields: ReadonlySet<string> = new Set<keyof LynqHubStatus>(['deletionGuard', 'source']);

/** How often the hub is read again because somebody writes to it meanwhile. */
const tries = 5;

/** All that a sync says of its judgement; the time tells of one that came to the same. */
function judgementOf({ hub }: ReadHub): string {
  const { deletionGuard, source, lastSyncTime } = hub.status ?? {};
  return canonicalJson({ deletionGuard, source, lastSyncTime } as unknown as JsonObject);
}

/** Whether no sync has said anything between two readings of a hub. */
export function isSameJudgement(left: ReadHub, right: ReadHub): boolean {
  return judgementOf(left) === judgementOf(right);
}

type GuardRecord = Pick<GuardState, 'window' | 'hold'>;

const heldAndGoing = ({ window, hold }: GuardRecord): string =>
  canonicalJson({ going: window.map(({ going = [] }) => [...going]), hold: hold === undefined ? null : { ...hold } });

/**
 * Whether a sync has begun a hold, ended it, or judged it by other limits; or whether rows that were going have gone or come back, which has to be
 * known before they get new nodes.
 */
export function isOtherRecord({ hub }: ReadHub, state: GuardRecord): boolean {
  return heldAndGoing(state) !== heldAndGoing(hub.status?.deletionGuard ?? { window: [] });
}

/** What a merge patch writes of a guard: a hold that has ended is taken out. */
export function guardPatch({ window, rowsAtStart, hold }: GuardState): JsonObject {
  const entries = window.map(({ going, ...entry }) => (going === undefined ? entry : { ...entry, going: [...going] }));
  return { window: entries, rowsAtStart, hold: hold === undefined ? null : { ...hold } };
}

/** What a status is written over. */
interface Judged {
  readonly judged: ReadHub;
  readonly isSame?: (live: ReadHub, judged: ReadHub) => boolean;
}

/**
 * Writes to a status only while no sync has said anything since the hub was read. Returns the hub as it is then; undefined when it is gone.
 * Fails with ClusterStale when another sync has ended or judged meanwhile: this one decides again.
 */
export async function writeOver(
  deps: Deps,
  request: HubRef,
  { judged, isSame = isSameJudgement }: Judged,
  status: JsonObject,
): Promise<ReadHub | undefined> {
  const title = `LynqHub ${request.namespace}/${request.hub}`;
  let { uid, resourceVersion } = judged.hub.metadata;
  for (let left = tries; left > 0; left -= 1) {
    const body = { metadata: { uid, resourceVersion }, status };
    const options = { manager: managers.apply, subresource: 'status' } as const;
    const result = await deps.cluster.patch(hubRef(request), 'merge', body, options);
    if (result.kind === 'ok') return parseHub(result.object);
    if (result.kind === 'missing') return undefined;
    if (result.kind !== 'stale') throw recordRefused(`status of ${title}`, result, { hub: request.hub });
    const live = await readHub(deps, request);
    if (live?.hub.metadata.uid !== uid) return undefined;
    if (!isSame(live, judged)) break;
    ({ resourceVersion } = live.hub.metadata);
  }
  throw new LynqFailure('ClusterStale', `another sync of ${title} has judged meanwhile`, { hub: request.hub });
}

/**
 * Puts on record what the guard has decided before it is carried out: the budget is spent before the rows go, so that a sync that dies in between
 * leaves too much spent and never too little; and a hold is remembered, whatever becomes of the sync that found it. Returns the hub as it is then.
 * Fails with ClusterStale also when the approval was changed meanwhile: it may have been taken back.
 */
export async function recordGuard(deps: Deps, request: HubRef, hub: ReadHub, state: GuardState): Promise<ReadHub> {
  const over = { judged: hub, isSame: isSameApproved };
  const written = await writeOver(deps, request, over, { deletionGuard: guardPatch(state) });
  if (written !== undefined) {
    if (isOtherRecord(written, state)) warnOfPruning(deps, request);
    return written;
  }
  throw new LynqFailure('ClusterStale', `LynqHub ${request.namespace}/${request.hub} was deleted during a sync`, {
    hub: request.hub,
  });
}

function isSameApproved(live: ReadHub, judged: ReadHub): boolean {
  const approvalOf = ({ hub }: ReadHub) => hub.metadata.annotations?.[annotations.approveDeletions];
  return approvalOf(live) === approvalOf(judged) && isSameJudgement(live, judged);
}

/** An API server leaves out fields that it does not know, and says nothing. */
function warnOfPruning({ logger }: Deps, { namespace, hub }: HubRef): void {
  const text =
    'LynqHub is defined without fields of status.deletionGuard: holds and unfinished deletions are forgotten, apply the CRDs';
  logger.warn(text, { namespace, hub });
}
