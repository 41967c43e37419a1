import { setTimeout as pause } from 'node:timers/promises';
import type { Context } from './context.ts';
import { parseDuration } from './duration.ts';
import { CommandError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { type Progress, startProgress } from './output/progress.ts';

/** Of every command whose effect comes about later, in the worker. */
export const waitFlags = {
  wait: { kind: 'boolean', summary: 'wait until it has come about, with progress on stderr' },
  'wait-timeout': { kind: 'duration', value: 'DURATION', default: '5m', summary: 'how long --wait waits' },
} as const;

/** Of the commands that do not end before it has come about. */
export const alwaysWaitFlags = {
  'wait-timeout': {
    ...waitFlags['wait-timeout'],
    summary: 'how long to wait until it has come about, with progress on stderr',
  },
} as const;

/** One look at what is waited for. `text`: how far it is, in one line; at the end only where that tells something. */
export type Look<T> =
  | { readonly kind: 'done'; readonly value: T; readonly text?: string }
  | { readonly kind: 'notYet'; readonly text: string };

export interface WaitLimit {
  /** Value of `--wait-timeout`. */
  readonly timeout: string;
  /** Since when its time runs, for a command that waits several times; now when absent. */
  readonly since?: Date;
}

export interface WaitFor<T> extends WaitLimit {
  /** For the error: `LynqNode lynq-system/acme-corp-api-tier to be Ready`. */
  readonly what: string;
  /** What it prints goes beside the progress. */
  readonly look: (progress: Pick<Progress, 'beside'>) => Promise<Look<T>>;
  /** What to do when the time is over. */
  readonly fix?: string;
}

const usualFix = 'it may still come about; wait longer with --wait-timeout, and check that the worker is running';

/** Between two looks; as long as a look has taken where that is more: the nodes of a large hub are not listed all the time. */
const lookMilliseconds = 500;

/**
 * Looks again and again until it is done, with progress.
 *
 * @throws CommandError with exit code 4 when the time is over.
 */
export async function waitUntil<T>(
  context: Context,
  { what, look, timeout, since, fix = usualFix }: WaitFor<T>,
): Promise<T> {
  const deadline = (since ?? context.clock.now()).getTime() + parseDuration(timeout, 'wait-timeout');
  const progress = startProgress(context);
  try {
    for (;;) {
      const began = context.clock.now().getTime();
      const seen = await look(progress);
      if (seen.text !== undefined) progress.say(seen.text);
      if (seen.kind === 'done') return seen.value;
      const now = context.clock.now().getTime();
      if (now >= deadline) {
        throw new CommandError(`waited ${timeout} for ${what}: ${seen.text}`, {
          exitCode: exitCodes.notYet,
          fix,
        });
      }
      await pause(Math.max(lookMilliseconds, now - began));
    }
  } finally {
    progress.end();
  }
}
