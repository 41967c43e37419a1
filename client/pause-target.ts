import { at, type JsonObject, textAt } from '../domain/api/json.ts';
import type { Context } from './context.ts';
import { CommandError } from './errors.ts';
import { exitCodes, type ExitCode } from './exit-codes.ts';
import {
  kinds,
  type LynqKind,
  prefixesOf,
  readTarget,
  refOf,
  releasedAt,
  requireKind,
  requireObject,
} from './kinds.ts';
import { tellRollout } from './rollout-tell.ts';

/** The manager of `lynq apply`, so that a later apply of the same object meets no conflict. */
const manager = 'lynq-cli';

const effects = {
  hub: {
    pause: 'its table is not read any more; nodes that are under way go on',
    resume: 'its table is read again at once',
  },
  node: { pause: 'its objects are left as they are', resume: 'its objects are compared and put right at once' },
} as const;

/** Pauses or resumes whatever has the name. */
export async function setTarget(context: Context, text: string, verb: 'pause' | 'resume'): Promise<ExitCode> {
  const { kind, name, object } = await findTarget(context, text);
  if (kind.noun === 'form') return tellRollout(context, name, { verb });
  return setPaused(context, { kind, noun: kind.noun, name, object }, verb);
}

interface Target {
  readonly kind: LynqKind;
  readonly name: string;
  readonly object: JsonObject;
}

async function findTarget(context: Context, text: string): Promise<Target> {
  const namespace = await context.namespace();
  const cluster = await context.services.cluster();
  const { asked, name } = readTarget(text, pausable, 'write hub/NAME, form/NAME or node/NAME');
  if (asked !== undefined) return { kind: asked, name, object: await requireObject(cluster, asked, namespace, name) };
  const found = await Promise.all(
    Object.values(kinds).map(async (kind): Promise<readonly Target[]> => {
      const object = await cluster.get(refOf(kind, namespace, name));
      return object === undefined ? [] : [{ kind, name, object }];
    }),
  );
  const [first, second] = found.flat();
  if (first === undefined) {
    await requireKind(cluster, kinds.hub);
    throw new CommandError(`no hub, form or node "${name}" in namespace "${namespace}"`, {
      fix: `see what is there: lynq get nodes -n ${namespace}`,
    });
  }
  if (second === undefined) return first;
  const spellings = found.flat().map(({ kind }) => `${kind.noun}/${name}`);
  throw new CommandError(`"${text}" could mean ${spellings.join(' or ')}`, { fix: 'write one of these' });
}

const pausable = Object.values(kinds).map((kind) => [kind, prefixesOf(kind)] as const);

async function setPaused(
  context: Context,
  { kind, noun, name, object }: Target & { readonly noun: 'hub' | 'node' },
  verb: 'pause' | 'resume',
): Promise<ExitCode> {
  const title = `${kind.resource}/${name}`;
  const paused = verb === 'pause';
  if ((at(object, 'spec', 'paused') === true) === paused) {
    context.out.write(`${title} unchanged: ${paused ? 'already paused' : 'not paused'}\n`);
    return exitCodes.ok;
  }
  const cluster = await context.services.cluster();
  const body = { metadata: { uid: textAt(object, 'metadata', 'uid') ?? '' }, spec: { paused: paused ? true : null } };
  const result = await cluster.patch(refOf(kind, await context.namespace(), name), 'merge', body, { manager });
  if (result.kind === 'refused') throw new CommandError(result.message);
  if (result.kind !== 'ok') throw new CommandError(`${title} changed meanwhile`, { fix: 'look at it and try again' });
  const effect = releasedAt(object) === undefined ? effects[noun][verb] : 'released to another operator all the same';
  context.out.write(`${title} ${paused ? 'paused' : 'resumed'}: ${effect}\n`);
  return exitCodes.ok;
}
