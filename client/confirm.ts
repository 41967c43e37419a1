import type { Context } from './context.ts';
import { CommandError } from './errors.ts';
import { exitCodes } from './exit-codes.ts';

/** Of every command that destroys something. */
export const confirmFlags = {
  yes: { kind: 'boolean', short: 'y', summary: 'do not ask; needed where nobody can be asked' },
} as const;

/**
 * Asks before something is destroyed. Where nobody can answer (a script, a pipe) the command refuses unless `--yes` was given: a typing error in a
 * script must not delete a fleet.
 *
 * @throws CommandError when the answer is no, or cannot be given.
 */
export async function confirm(context: Context, { yes }: { readonly yes: boolean }, question: string): Promise<void> {
  if (yes) return;
  const answer = await context.ask(question);
  if (answer === true) return;
  if (answer === false) throw new CommandError('nothing was changed');
  if (answer === 'interrupted') throw new CommandError('nothing was changed', { exitCode: exitCodes.interrupted });
  throw new CommandError(`nothing was changed: nobody is there to answer "${question}"`, { fix: 'confirm with --yes' });
}
