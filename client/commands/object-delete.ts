import { type JsonObject, textAt } from '../../domain/api/json.ts';
import { isLynqFailure } from '../../domain/failures.ts';
import { labels } from '../../domain/keys.ts';
import { labelValue } from '../../domain/identity.ts';
import type { Cluster } from '../../domain/ports.ts';
import { type Command, defineCommand } from '../command.ts';
import { confirm, confirmFlags } from '../confirm.ts';
import type { Context } from '../context.ts';
import { CommandError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { kinds, type LynqKind, refOf, requireObject } from '../kinds.ts';
import { counted } from '../output/problems.ts';
import { type Look, waitFlags, type WaitLimit, waitUntil } from '../wait.ts';

export interface DeleteSpec {
  readonly kind: LynqKind;
  readonly completes: 'hubs' | 'forms';
  /** What goes with it, for the question. */
  readonly consequence: string;
  /** What is refused, if anything. */
  readonly refusal?: string;
  /** Whether a node belongs to the object. */
  readonly owns: (node: { readonly hub: string; readonly form: string }, name: string) => boolean;
}

/** `delete hub` and `delete form`: deleting the object is the intent; its nodes then go by themselves (decisions.md section 4). */
export function deleteCommand(spec: DeleteSpec): Command {
  const { kind } = spec;
  return defineCommand({
    name: `delete ${kind.noun}`,
    aliases: [kind.kind.toLowerCase(), kind.plural],
    summary: `Delete a ${kind.kind}; ${spec.consequence}`,
    description:
      `Deletes a ${kind.kind}; ${spec.consequence}. Retained objects stay. ` +
      `The number of nodes is shown and confirmed first.${spec.refusal === undefined ? '' : ` ${spec.refusal}`}`,
    args: [{ name: 'name', kind: 'required', completes: spec.completes, summary: `name of the ${kind.kind}` }],
    flags: { ...waitFlags, ...confirmFlags },
    examples: [{ command: `lynq delete ${kind.noun} my-${kind.noun}`, summary: `delete a ${kind.noun} and its nodes` }],
    async run({ args, flags }, context) {
      const namespace = await context.namespace();
      const cluster = await context.services.cluster();
      const object = await requireObject(cluster, kind, namespace, args.name);
      await requireOwnHub(cluster, kind, object);
      if (!flags.yes) await confirm(context, flags, await question(cluster, spec, { namespace, name: args.name }));
      const ref = refOf(kind, namespace, args.name);
      const uid = textAt(object, 'metadata', 'uid') ?? '';
      const result = await cluster.delete(ref, uid);
      if (result.kind === 'refused') throw new CommandError(result.message);
      if (result.kind === 'otherUid') {
        throw new CommandError(`${kind.resource} "${args.name}" was replaced just now and was left alone`, {
          fix: 'look at the new one and delete again',
        });
      }
      if (flags.wait)
        await untilGone(context, spec, { namespace, name: args.name, uid, timeout: flags['wait-timeout'] });
      const going = !flags.wait && result.kind === 'accepted' && (await cluster.get(ref)) !== undefined;
      const words = going ? 'is being deleted; it goes when its nodes are gone' : 'deleted';
      context.out.write(`${kind.resource} "${args.name}" ${words}\n`);
      return exitCodes.ok;
    },
  });
}

/** @throws CommandError where nobody would remove the nodes. */
async function requireOwnHub(cluster: Cluster, kind: LynqKind, object: JsonObject): Promise<void> {
  const { requireOurs } = await import('../hub-holding.ts');
  if (kind === kinds.hub) return requireOurs([object]);
  const hub = await hubOfForm(cluster, object);
  if (hub !== undefined) requireOurs([hub], 'the nodes of its forms');
}

/** Who may delete a form need not be one who may read hubs. */
async function hubOfForm(cluster: Cluster, form: JsonObject): Promise<JsonObject | undefined> {
  const [namespace = '', hub = ''] = [textAt(form, 'metadata', 'namespace'), textAt(form, 'spec', 'hubId')];
  if (hub === '') return undefined;
  return cluster.get(refOf(kinds.hub, namespace, hub)).catch((error: unknown) => {
    if (isLynqFailure(error) && error.type === 'ClusterForbidden') return undefined;
    throw error;
  });
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

async function question(cluster: Cluster, spec: DeleteSpec, { namespace, name }: Named): Promise<string> {
  const count = await countNodes(cluster, spec, { namespace, name });
  const going = count === 1 ? '1 LynqNode and what it made' : `${count} LynqNodes and what they made`;
  return `Delete ${spec.kind.resource} "${name}" in ${namespace}? ${going} will be removed.`;
}

async function countNodes(cluster: Cluster, spec: DeleteSpec, { namespace, name }: Named): Promise<number> {
  const nodes = await cluster.list(kinds.node, { namespace });
  return nodes.filter((node) =>
    spec.owns(
      {
        hub: textAt(node, 'metadata', 'labels', labels.hub) ?? '',
        form: textAt(node, 'spec', 'templateRef') ?? '',
      },
      spec.kind === kinds.hub ? labelValue(name) : name,
    ),
  ).length;
}

/**
 * A form goes at once and its nodes after it, which are counted then; a hub goes when the nodes that it owns have. An object of the same name with another UID is
 * not what was deleted.
 */
async function untilGone(
  context: Context,
  spec: DeleteSpec,
  { namespace, name, uid, ...limit }: Named & WaitLimit & { readonly uid: string },
): Promise<void> {
  const cluster = await context.services.cluster();
  const look = async (): Promise<Look<true>> => {
    const object = await cluster.get(refOf(spec.kind, namespace, name));
    if (object !== undefined && textAt(object, 'metadata', 'uid') === uid)
      return { kind: 'notYet', text: `${spec.kind.noun} ${name} is still there` };
    if (object !== undefined || spec.kind === kinds.hub) return { kind: 'done', value: true };
    const left = await countNodes(cluster, spec, { namespace, name });
    return left === 0
      ? { kind: 'done', value: true }
      : { kind: 'notYet', text: `${counted(left, 'node')} still there` };
  };
  await waitUntil(context, { what: `${spec.kind.resource} "${name}" and its nodes to be gone`, look, ...limit });
}
