import { type JsonObject, listAt, textAt } from './api/json.ts';
import { formAbsenceMilliseconds, isDeleted } from './absent-forms.ts';
import { notTakenUp } from './hub-status.ts';
import { hubTiming } from './hub-timing.ts';
import { annotations } from './keys.ts';

/**
 * When a hub has to be synced again because of what its last sync said, and not because of its interval: where a second look is needed and the interval is
 * long, or 0s, it would come late or never. Read off the hub's status alone, so that whichever worker leads comes to the same times, also after a restart.
 * The times of one reason go on until the status says something else: a sync that is lost is made up for by the next one.
 */

export interface FollowUpFacts {
  /** Seconds of `syncInterval`; 0 for none. */
  readonly interval: number;
  /** Since when the table cannot be read; undefined while it can. */
  readonly unreadSince: number | undefined;
  /** Since when rows, or nodes that cannot be deleted, are left to the next sync; undefined while none is. */
  readonly waitingSince: number | undefined;
  /** Since when another source answers than the one that is believed. */
  readonly candidateSince: number | undefined;
  /** Since when another operator is at work on the hub; undefined while none is. */
  readonly otherSince: number | undefined;
  /** Since when the release of the hub is asked for; undefined while none is, and when the hub says what came of it. */
  readonly releasingSince: number | undefined;
  /** Since when forms are absent that do not count as deleted yet. */
  readonly absences: readonly number[];
}

const second = 1_000;
/** Reads of a hub with an interval come no closer than with the default one, so that a database that fails is not asked more often than that. */
const closestReads = 30 * second;
/** Without an interval nothing else reads: first tries come soon. */
const firstTry = 5 * second;
const rarestTry = 300 * second;
const absenceRepeat = 60 * second;
/** A look at a Lease, which nothing tells of when its holder is gone. */
const otherRepeat = 60 * second;

const nothingLeft: Omit<FollowUpFacts, 'interval'> = {
  unreadSince: undefined,
  waitingSince: undefined,
  candidateSince: undefined,
  otherSince: undefined,
  releasingSince: undefined,
  absences: [],
};

const timeOf = (text: string | undefined): number | undefined => {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
};

/** The mark of a release says when it was asked for, unless somebody made up another one. */
const releaseTime = (hub: JsonObject, mark: string): number | undefined =>
  timeOf(mark) ?? timeOf(textAt(hub, 'metadata', 'creationTimestamp'));

/**
 * Where no table is read any more, only what is done all the same counts: of a hub that is being deleted what holds that up, of a paused one nodes that are
 * still to be taken up again, of a released one a release that is not done.
 */
export function followUpFacts(hub: JsonObject, interval: number): FollowUpFacts {
  const condition = (type: string) => listAt(hub, 'status', 'conditions').find((item) => textAt(item, 'type') === type);
  const isTrue = (type: string) => textAt(condition(type), 'status') === 'True';
  const since = (type: string) => (isTrue(type) ? timeOf(textAt(condition(type), 'lastTransitionTime')) : undefined);
  const released = textAt(hub, 'metadata', 'annotations', annotations.released);
  if (released !== undefined) {
    const isTold = textAt(condition('Released'), 'message')?.endsWith(released) === true;
    return { ...nothingLeft, interval, releasingSince: isTold ? undefined : releaseTime(hub, released) };
  }
  if (textAt(hub, 'metadata', 'deletionTimestamp') !== undefined)
    return { ...nothingLeft, interval, waitingSince: since('RowsWaiting') };
  if (hubTiming(hub).paused) {
    const isOurs = textAt(condition('RowsWaiting'), 'reason') === notTakenUp;
    return { ...nothingLeft, interval, waitingSince: isOurs ? since('RowsWaiting') : undefined };
  }
  const ready = condition('Ready');
  const isUnread = textAt(ready, 'status') === 'False';
  const hasCandidate = (textAt(hub, 'status', 'source', 'candidate') ?? '') !== '';
  return {
    interval,
    unreadSince: isUnread ? timeOf(textAt(ready, 'lastTransitionTime')) : undefined,
    waitingSince: isUnread ? undefined : since('RowsWaiting'),
    candidateSince: hasCandidate && !isUnread ? since('SourceChanged') : undefined,
    otherSince: since('OtherOperator'),
    releasingSince: undefined,
    absences: listAt(hub, 'status', 'absentForms').flatMap((form) => {
      const record = { since: textAt(form, 'since') ?? '', confirmed: textAt(form, 'confirmed') ?? '' };
      return isDeleted(record) ? [] : (timeOf(record.since) ?? []);
    }),
  };
}

/** The first of the times `from + wait`, `from + wait + every`, … that is later than `after`. */
function nextOf(from: number, wait: number, every: number, after: number): number {
  const missed = Math.floor((after - from - wait) / every) + 1;
  return from + wait + Math.max(0, missed) * every;
}

/** Tries after `first`, twice that, four times that, …, then every five minutes; in step with the beginning, so that no state is needed. */
function nextTry(since: number, first: number, after: number): number {
  let wait = first;
  while (wait < rarestTry && since + wait <= after) wait = Math.min(2 * wait, rarestTry);
  return nextOf(since, wait, rarestTry, after);
}

/** Where the interval comes as soon as that, it is enough. */
const isOften = ({ interval }: FollowUpFacts): boolean => interval > 0 && interval * second <= closestReads;

/** Of a table that cannot be read, and of rows that could not be written. */
function retryTime(facts: FollowUpFacts, after: number): number | undefined {
  const since = facts.unreadSince ?? facts.waitingSince;
  if (since === undefined || isOften(facts)) return undefined;
  return nextTry(since, facts.interval === 0 ? firstTry : closestReads, after);
}

/**
 * When a sync is repeated that failed or ran out of time, of which the status says nothing; undefined where the interval is as soon. `times`: such syncs in a
 * row; `begun`: when the last of them began.
 */
export function nextAfterLost({
  interval,
  times,
  begun,
}: {
  readonly interval: number;
  readonly times: number;
  readonly begun: Date;
}): Date | undefined {
  const first = interval === 0 ? firstTry : closestReads;
  const wait = Math.min(first * 2 ** Math.max(0, times - 1), rarestTry);
  return interval > 0 && interval * second <= wait ? undefined : new Date(begun.getTime() + wait);
}

function candidateTime(facts: FollowUpFacts, after: number): number | undefined {
  if (facts.candidateSince === undefined || isOften(facts)) return undefined;
  return nextTry(facts.candidateSince, closestReads, after);
}

/** Later than a release takes as a rule: it is not to be followed by another look. */
const releasingTime = (since: number, after: number): number => nextTry(since, closestReads, after);

function otherTime(facts: FollowUpFacts, after: number): number | undefined {
  if (facts.otherSince === undefined || isOften(facts)) return undefined;
  return nextOf(facts.otherSince, otherRepeat, otherRepeat, after);
}

/** A second later than would do: the look itself has to find that it is time. */
const absenceTime = (since: number, after: number): number =>
  nextOf(since, formAbsenceMilliseconds + second, absenceRepeat, after);

/** When the next further sync of a hub is due, later than `after`; undefined for none. */
export function nextFollowUp(facts: FollowUpFacts, after: Date): Date | undefined {
  const from = after.getTime();
  const absences = facts.absences.map((since) => absenceTime(since, from));
  const { releasingSince } = facts;
  const releasing = releasingSince === undefined ? undefined : releasingTime(releasingSince, from);
  const tries = [retryTime(facts, from), candidateTime(facts, from), otherTime(facts, from), releasing];
  const times = [...tries, ...absences].flatMap((time) => time ?? []);
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
