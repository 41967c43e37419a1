import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/contract.ts';
import { failures, type RetryClass } from '../domain/failures.ts';

/** Activities by the way they behave in time. Compensation must never race an apply, hence the cancellation type everywhere. */

const finalFailures = Object.entries<RetryClass>(failures).flatMap(([type, retry]) =>
  retry === 'never' ? [type] : [],
);

const common = {
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: {
    initialInterval: '1s',
    backoffCoefficient: 2,
    maximumInterval: '30s',
    nonRetryableErrorTypes: finalFailures,
  },
} as const;

/** A whole table and all its nodes; tried a few times, since the next sync comes anyway. */
export const syncing = proxyActivities<Activities>({
  ...common,
  startToCloseTimeout: '14m',
  heartbeatTimeout: '30s',
  retry: { ...common.retry, maximumAttempts: 3 },
});

/** Part of a step, in the worker that takes it. It gives up by itself, within a second and the time of one write; whatever ends it, a whole sync follows. */
export const glancing = proxyLocalActivities<Pick<Activities, 'glanceHub'>>({
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  startToCloseTimeout: '1m',
  retry: { maximumAttempts: 1 },
});

/** Waves wait for readiness up to the longest `timeoutSeconds` (one hour). */
export const waves = proxyActivities<Activities>({ ...common, startToCloseTimeout: '65m', heartbeatTimeout: '20s' });

/** For many nodes at once. What keeps failing for some of them must hold nothing up for the others, and each has a run of its own: tried a few times only. */
export const together = proxyActivities<Pick<Activities, 'removeNodes' | 'endRuns'>>({
  ...common,
  startToCloseTimeout: '65m',
  heartbeatTimeout: '20s',
  retry: { ...common.retry, maximumAttempts: 3 },
});

/** One or two requests. A worker that dies in the middle of them is noticed soon: whoever asked for one waits for it. */
export const quick = proxyActivities<Activities>({ ...common, startToCloseTimeout: '1m', heartbeatTimeout: '5s' });
