import type { AbsentForm, LynqHubStatus } from '../../domain/api/hub.ts';
import { type JsonObject, listAt } from '../../domain/api/json.ts';
import { canonicalJson } from '../../domain/canonical.ts';
import { LynqFailure } from '../../domain/failures.ts';
import { managers } from '../../domain/keys.ts';
import type { HubRef } from '../contract.ts';
import type { Deps } from '../deps.ts';
import { recordRefused } from '../record-refused.ts';
import { type LeftForms, recordedAbsences, stillAbsent } from './absent-forms.ts';
import { guardPatch, isSameJudgement, judgedFields, writeOver } from './judged-status.ts';
import { hubRef, type ReadHub, readHub } from './read-hub.ts';

/** The fields of a status that differ from what was read: a field that a sync did not change is not its to write. `absentForms` is written by its own rules. */
function changedFields(before: LynqHubStatus, { absentForms: _absences, ...after }: LynqHubStatus): JsonObject {
  const [was, is] = [before, after] as unknown as readonly [JsonObject, JsonObject];
  const changed = Object.entries(is).filter(([field, value]) => canonicalJson(value) !== canonicalJson(was[field]));
  const fields: JsonObject = Object.fromEntries(changed);
  return 'deletionGuard' in fields && after.deletionGuard !== undefined
    ? { ...fields, deletionGuard: guardPatch(after.deletionGuard) }
    : fields;
}

/**
 * Writes what a status says else than the one that was read, but for `absentForms`, which only a sync may write. False when the hub has gone meanwhile.
 * Fails with ClusterStale when the judgement of this sync (judged-status.ts) would take the place of another one's.
 */
export async function writeStatus(deps: Deps, request: HubRef, read: ReadHub, wanted: LynqHubStatus): Promise<boolean> {
  const status = changedFields(read.hub.status ?? {}, wanted);
  if (Object.keys(status).length === 0) return true;
  if (isJudgement(status)) return (await writeOver(deps, request, { judged: read }, status)) !== undefined;
  return (await patchStatus(deps, request, { uid: read.hub.metadata.uid }, status)) === 'written';
}

function isJudgement(status: JsonObject): boolean {
  return Object.keys(status).some((field) => judgedFields.has(field));
}

/** How often the hub is read again because somebody writes to it meanwhile. */
const writeTries = 5;

/**
 * Writes the status of a sync, with the absences. They are written only over the record that the sync read, on the version of the hub that shows it:
 * a sync that was overtaken by another one, on whatever worker, cannot bring back an absence that the other has seen end. Where neither is, as in nearly
 * every sync, it is a status like any other. False when the hub has gone.
 * @throws LynqFailure `ClusterStale` when another sync has changed the record or judged meanwhile; the next attempt sees it.
 */
export async function writeSyncStatus(
  deps: Deps,
  request: HubRef,
  { hub, left }: { readonly hub: ReadHub; readonly left: LeftForms },
  wanted: LynqHubStatus,
): Promise<boolean> {
  const recorded = recordedAbsences(hub);
  if (recorded.length + left.absent.length === 0) return writeStatus(deps, request, hub, wanted);
  const status = changedFields(hub.hub.status ?? {}, wanted);
  for (let tries = writeTries; tries > 0; tries -= 1) {
    const live = await readHub(deps, request);
    if (live?.hub.metadata.uid !== hub.hub.metadata.uid) return false;
    if (!isSameRecord(recordedAbsences(live), recorded)) break;
    if (isJudgement(status) && !isSameJudgement(live, hub)) break;
    const absentForms = await stillAbsent(deps, request, left, recorded);
    const { uid, resourceVersion } = live.hub.metadata;
    const body = { ...status, absentForms: absentForms.map((form) => ({ ...form })) };
    const result = await patchStatus(deps, request, { uid, resourceVersion }, body);
    if (result === 'written') return true;
    if (result === 'gone') return false;
  }
  throw overtaken(request);
}

function isSameRecord(left: readonly AbsentForm[], right: readonly AbsentForm[]): boolean {
  return canonicalJson(left.map((form) => ({ ...form }))) === canonicalJson(right.map((form) => ({ ...form })));
}

async function patchStatus(
  deps: Deps,
  request: HubRef,
  metadata: { readonly uid: string; readonly resourceVersion?: string | undefined },
  status: JsonObject,
): Promise<'written' | 'gone' | 'stale'> {
  const about = { hub: request.hub, namespace: request.namespace };
  const body = { metadata, status };
  const options = { manager: managers.apply, subresource: 'status' } as const;
  const result = await deps.cluster.patch(hubRef(request), 'merge', body, options);
  if (result.kind === 'ok') {
    if (listAt(status, 'absentForms').length > listAt(result.object, 'status', 'absentForms').length)
      deps.logger.warn(
        'LynqHub is defined without status.absentForms: no form counts as deleted, apply the CRDs',
        about,
      );
    return 'written';
  }
  if (result.kind === 'missing') return 'gone';
  if (result.kind === 'stale') return 'stale';
  throw recordRefused(`status of LynqHub ${request.namespace}/${request.hub}`, result, { hub: request.hub });
}

function overtaken({ namespace, hub }: HubRef): LynqFailure {
  return new LynqFailure('ClusterStale', `another sync of LynqHub ${namespace}/${hub} has looked at its forms`, {
    hub,
  });
}
