import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { failures, isLynqFailure, type LynqFailure, nextSteps } from '../domain/failures.ts';

/**
 * Our failures become ApplicationFailures of the same type, once, here. Anything else is a bug: its text may quote anything, so only its class
 * name leaves the worker; the log has the rest.
 */
function asApplicationFailure(failure: LynqFailure, subject: Subject | undefined): ApplicationFailure {
  const delay = failures[failure.type] === 'after' ? failure.retryAfterSeconds : undefined;
  return ApplicationFailure.create({
    message: `${about(subject, failure.message)}${failure.message.replace(/[.;]?$/, '.')} ${nextSteps[failure.type]}`,
    type: failure.type,
    nonRetryable: failures[failure.type] === 'never',
    details: [failure.detail],
    ...(delay === undefined ? {} : { nextRetryDelay: `${delay}s` }),
  });
}

/** The object that an activity is about, as its request names it. */
interface Subject {
  readonly kind: 'LynqNode' | 'LynqForm' | 'LynqHub';
  readonly name: string;
}

/** The narrowest that a request of activities/contract.ts names; a request about several has none. */
function subjectOf([request]: readonly unknown[]): Subject | undefined {
  if (typeof request !== 'object' || request === null) return undefined;
  const { namespace, node, form, hub } = request as Readonly<Record<string, unknown>>;
  if (typeof namespace !== 'string') return undefined;
  if (typeof node === 'string') return { kind: 'LynqNode', name: `${namespace}/${node}` };
  if (typeof form === 'string') return { kind: 'LynqForm', name: `${namespace}/${form}` };
  return typeof hub === 'string' ? { kind: 'LynqHub', name: `${namespace}/${hub}` } : undefined;
}

/** Many failures know only their own system, such as an API server that does not answer. */
const about = (subject: Subject | undefined, message: string): string =>
  subject === undefined || message.includes(subject.name) ? '' : `${subject.kind} ${subject.name}: `;

/** `report` gets unexpected errors whole; it must not send them anywhere but the log. */
export function failureInterceptor(report: (error: unknown, activity: string) => void): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          const subject = subjectOf(input.args);
          if (isLynqFailure(error)) throw asApplicationFailure(error, subject);
          if (context.cancellationSignal.aborted || error instanceof ApplicationFailure) throw error;
          report(error, context.info.activityType);
          const name = error instanceof Error ? error.name : typeof error;
          throw ApplicationFailure.create({
            message: `${about(subject, '')}unexpected ${name} in ${context.info.activityType}; see the worker's log`,
            type: 'Internal',
          });
        }
      },
    },
  });
}
