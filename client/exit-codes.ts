import type { FailureType } from '../domain/failures.ts';

/** How `lynq` ends. Scripts rely on these; the reference page is made from `exitCodeMeanings`. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 3,
  notYet: 4,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeMeanings = {
  ok: 'done',
  failed: 'refused, not found, or problems were found; the reason is on stderr (problems of `lint` on stdout)',
  usage: 'the command line is wrong',
  unreachable: 'Kubernetes or Temporal cannot be reached, or did not answer in time',
  notYet: 'what was waited for (`--wait`) did not come about in time; it may still do so',
  hungUp: 'ended by SIGHUP: its terminal was closed',
  interrupted: 'ended by Ctrl-C, also at a question, where Ctrl-D is a no',
  terminated: 'ended by SIGTERM',
} as const satisfies Record<keyof typeof exitCodes, string>;

/** Failures that say nothing about the request itself: trying again later may help. */
const unreachable: ReadonlySet<FailureType> = new Set(['ClusterUnreachable', 'ClusterThrottled', 'SourceUnreachable']);

export function exitCodeOf(type: FailureType): ExitCode {
  return unreachable.has(type) ? exitCodes.unreachable : exitCodes.failed;
}
