import type { Cluster } from '../domain/ports.ts';
import {
  type RolloutCommand,
  type RolloutEffect,
  rolloutEffect,
  type RolloutVerb,
  type RolloutWrite,
  rolloutWrites,
} from '../domain/rollout/commands.ts';
import { type Command, defineCommand } from './command.ts';
import type { Context } from './context.ts';
import { CommandError } from './errors.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import { kinds, refOf } from './kinds.ts';
import { findForm, findRevisions } from './rollout-form.ts';

/** The manager of `lynq apply`, so that a later apply of the same form meets no conflict. */
const cliManager = 'lynq-cli';

export const formArgument = [
  { name: 'form', kind: 'required', completes: 'forms', summary: 'name of the LynqForm' },
] as const;

const pastTense = {
  pause: 'paused',
  resume: 'resumed',
  abort: 'aborted',
  undo: 'rolled back',
} as const satisfies Record<RolloutVerb, string>;

/** A rollout that is under way writes its status all the time: what was decided from an older one is decided again, this often. */
const mostAttempts = 20;

/** Writes what the command means into the form; the worker acts on it, now or when it runs again. */
export async function tellRollout(context: Context, name: string, command: RolloutCommand): Promise<ExitCode> {
  const { metadata } = (await findForm(context, name)).form;
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const read = await findForm(context, name);
    if (read.form.metadata.generation !== metadata.generation) break;
    const told = await tellOnce(context, name, { read, command });
    if (told !== 'stale') return told;
  }
  throw new CommandError(`${kinds.form.resource}/${name} changed meanwhile`, { fix: 'look at it and try again' });
}

interface Telling {
  readonly read: Awaited<ReturnType<typeof findForm>>;
  readonly command: RolloutCommand;
}

async function tellOnce(context: Context, name: string, { read, command }: Telling): Promise<ExitCode | 'stale'> {
  const revisions = await findRevisions(context, name);
  const effect = rolloutEffect({ form: read.form, revisions }, command);
  const title = `${kinds.form.resource}/${name}`;
  if (effect.kind === 'refused') throw new CommandError(`${title}: ${effect.message}`);
  if (effect.kind === 'none') {
    context.out.write(`${title} unchanged: ${effect.message}\n`);
    return exitCodes.ok;
  }
  const written = await write(context, name, rolloutWrites(read, effect, context.clock.now()));
  if (written === 'stale') return 'stale';
  context.out.write(`${title} ${pastTense[command.verb]}${detail(effect)}\n`);
  return exitCodes.ok;
}

function detail(effect: RolloutEffect): string {
  return effect.kind === 'restore' ? ` to ${effect.revision}` : '';
}

async function write(context: Context, name: string, writes: readonly RolloutWrite[]): Promise<'done' | 'stale'> {
  const cluster = await context.services.cluster();
  const ref = refOf(kinds.form, await context.namespace(), name);
  for (const one of writes) {
    const result = await send(cluster, ref, one);
    if (result.kind === 'ok') continue;
    if (result.kind === 'refused') throw new CommandError(result.message);
    return 'stale';
  }
  return 'done';
}

function send(cluster: Cluster, ref: ReturnType<typeof refOf>, one: RolloutWrite): ReturnType<Cluster['patch']> {
  if (one.kind === 'replace') return cluster.replace(ref, one.body, { manager: cliManager });
  const subresource = one.subresource === undefined ? {} : { subresource: one.subresource };
  return cluster.patch(ref, 'merge', one.body, { manager: cliManager, ...subresource });
}

/** `rollout pause`, `resume` and `abort` differ in their words only. */
export function rolloutCommand(verb: Exclude<RolloutVerb, 'undo'>, summary: string, description: string): Command {
  return defineCommand({
    name: `rollout ${verb}`,
    summary,
    description,
    args: formArgument,
    flags: {},
    examples: [{ command: `lynq rollout ${verb} api-tier`, summary: summary.toLowerCase() }],
    run: ({ args }, context) => tellRollout(context, args.form, { verb }),
  });
}
