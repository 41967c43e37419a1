import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { failures, isLynqFailure, type LynqFailure, nextSteps } from '../domain/failures.ts';

/**
 * Our failures become ApplicationFailures of the same type, once, here. Anything else is a bug: its text may quote anything, so only its class
 * name leaves the worker; the log has the rest.
 */
function asApplicationFailure(failure: LynqFailure): ApplicationFailure {
  const delay = failures[failure.type] === 'after' ? failure.retryAfterSeconds : undefined;
  return ApplicationFailure.create({
    message: `${failure.message.replace(/[.;]?$/, '.')} ${nextSteps[failure.type]}`,
    type: failure.type,
    nonRetryable: failures[failure.type] === 'never',
    details: [failure.detail],
    ...(delay === undefined ? {} : { nextRetryDelay: `${delay}s` }),
  });
}

/** `report` gets unexpected errors whole; it must not send them anywhere but the log. */
export function failureInterceptor(report: (error: unknown, activity: string) => void): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          if (isLynqFailure(error)) throw asApplicationFailure(error);
          if (context.cancellationSignal.aborted || error instanceof ApplicationFailure) throw error;
          report(error, context.info.activityType);
          const name = error instanceof Error ? error.name : typeof error;
          throw ApplicationFailure.create({
            message: `unexpected ${name} in ${context.info.activityType}; see the worker's log`,
            type: 'Internal',
          });
        }
      },
    },
  });
}
