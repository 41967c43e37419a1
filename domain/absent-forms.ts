import type { AbsentForm } from './api/hub.ts';
import { isoSeconds } from './status.ts';

/**
 * When a form counts as deleted (decisions.md section 4): two GETs with 404, 30 s apart, within one absence. `kubectl replace --force` deletes a form and
 * makes it again, and keeps its nodes, as often as it is done and whichever workers meet the gaps. Hence the absence is on record in the hub's status,
 * which all workers read, and a restart does not lose it.
 *
 * One absence: that a form was there in between shows only to a sync. Its return starts one, whichever lists it drops the record, and a sync that looked
 * before cannot write the record back (activities/hub/absent-forms.ts). Where no sync could run (the hub paused or released, no worker, no Temporal) a
 * form may have come and gone unseen, so a record that no sync has confirmed for two minutes proves nothing: the absence begins anew. Each sync that
 * looks confirms, one that cannot read the table too, and a further sync half a minute after the first look is seen to (follow-up.ts); so the bound ends
 * no absence that is being watched, and where it does end one, a removal comes half a minute later, never earlier.
 */

/** How long a form has to be absent for its nodes to go. */
export const formAbsenceMilliseconds = 30_000;

/** How long a record holds without a sync that confirms it. */
const unconfirmedMilliseconds = 120_000;

/** The API server's time as its answers tell it has whole seconds; a record may lie that much ahead. */
const roundingMilliseconds = 1_000;

/** An absence that is met for the first time; from the next whole second on, so that rounding never makes it longer. */
export function beginAbsence(name: string, now: Date): AbsentForm {
  const since = isoSeconds(new Date(now.getTime() + roundingMilliseconds - 1));
  return { name, since, confirmed: since };
}

/** What a GET with 404 makes of the record of a form. */
export function confirmAbsence(name: string, record: AbsentForm | undefined, now: Date): AbsentForm {
  if (record === undefined) return beginAbsence(name, now);
  const unseen = now.getTime() - Date.parse(record.confirmed);
  const isUnbroken = unseen <= unconfirmedMilliseconds && unseen >= -roundingMilliseconds;
  if (!isUnbroken) return beginAbsence(name, now);
  return unseen < 0 ? record : { ...record, confirmed: isoSeconds(now) };
}

/** Whether the first and the last look of an absence are far enough apart. */
export function isDeleted({ since, confirmed }: Pick<AbsentForm, 'since' | 'confirmed'>): boolean {
  return Date.parse(confirmed) - Date.parse(since) >= formAbsenceMilliseconds;
}

/** A record as of a form that has been absent for as long as it takes. */
export function longAbsence(name: string, now: Date): AbsentForm {
  const since = new Date(now.getTime() - formAbsenceMilliseconds);
  return { name, since: isoSeconds(since), confirmed: isoSeconds(now) };
}
