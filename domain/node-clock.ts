import type { ResourceStatus } from './api/node.ts';
import { textOf, type Verdict } from './node-verdict.ts';

/**
 * The readiness clock (decisions.md section 5): it starts when an object was applied or became unready, and an entry that stayed in its state keeps the
 * time it began. Times are the API server's, so that passes on different machines agree.
 */

export interface ClockFacts {
  /** What the last status said of the entry. */
  readonly previous: ResourceStatus | undefined;
  /** When this pass wrote it. */
  readonly appliedAt: Date | undefined;
  readonly timeoutSeconds: number;
  readonly now: Date;
}

export interface Clocked {
  readonly verdict: Verdict;
  readonly since: Date;
  readonly deadline?: Date;
  readonly timedOutAfter?: number;
}

/** A beginning in the future is that of a clock that went wrong. */
function begun(previous: ResourceStatus, now: Date): Date {
  const since = new Date(previous.since);
  return since.getTime() > now.getTime() ? now : since;
}

/** When this pass wrote the entry, if its state was not reported since. */
function newerWrite({ appliedAt, previous }: ClockFacts): Date | undefined {
  const reported = previous === undefined ? 0 : new Date(previous.since).getTime();
  return appliedAt !== undefined && appliedAt.getTime() > reported ? appliedAt : undefined;
}

function isTimedOut(previous: ResourceStatus | undefined): previous is ResourceStatus {
  return previous?.state === 'Failed' && previous.reason === 'ReadinessTimeout';
}

/** The verdict with its time: a progressing entry fails when its time is over, and comes back when it is given more time. */
export function clocked(verdict: Verdict, facts: ClockFacts): Clocked {
  const { previous, now } = facts;
  if (verdict.state !== 'Progressing') {
    const since = previous?.state === verdict.state ? begun(previous, now) : now;
    return { verdict, since, ...(verdict.until === undefined ? {} : { deadline: verdict.until }) };
  }
  const appliedAt = newerWrite(facts);
  if (appliedAt === undefined && isTimedOut(previous)) return timedOut(verdict, previous, facts);
  const since = appliedAt ?? (previous?.state === 'Progressing' ? begun(previous, now) : now);
  return withDeadline(verdict, since, facts);
}

function timedOut(verdict: Verdict, previous: ResourceStatus, facts: ClockFacts): Clocked {
  const { timedOutAfter } = previous;
  if (timedOutAfter !== undefined && facts.timeoutSeconds > timedOutAfter) {
    return withDeadline(verdict, new Date(new Date(previous.since).getTime() - timedOutAfter * 1000), facts);
  }
  const since = begun(previous, facts.now);
  const failed: Verdict = { ...verdict, ...textOf(previous), state: 'Failed' };
  return { verdict: failed, since, ...(timedOutAfter === undefined ? {} : { timedOutAfter }) };
}

function withDeadline(verdict: Verdict, since: Date, { timeoutSeconds, now }: ClockFacts): Clocked {
  const deadline = new Date(since.getTime() + timeoutSeconds * 1000);
  if (now.getTime() < deadline.getTime()) return { verdict, since, deadline };
  const message = `not ready after ${timeoutSeconds} s: ${verdict.message ?? ''}`;
  const failed: Verdict = { ...verdict, state: 'Failed', reason: 'ReadinessTimeout', message };
  return { verdict: failed, since: now, timedOutAfter: timeoutSeconds };
}
