import { textAt, type JsonObject } from '../../domain/api/json.ts';
import { labelValue } from '../../domain/identity.ts';
import { annotations, labels, managers } from '../../domain/keys.ts';
import type { Cluster } from '../../domain/ports.ts';
import { defineCommand } from '../command.ts';
import { confirm, confirmFlags } from '../confirm.ts';
import type { Context } from '../context.ts';
import { CommandError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { conditionOf, kinds, refOf, releasedAt, requireObject } from '../kinds.ts';
import { alwaysWaitFlags, type Look, type WaitLimit, waitUntil } from '../wait.ts';

export const releaseHub = defineCommand({
  name: 'release',
  summary: 'End our work on a hub, for the Go operator to go on',
  description:
    'Stops all work of this operator on a hub and stores its nodes as the Go operator Lynq does, so that it can take over without deleting or ' +
    'replacing anything, and waits until that is done. Ends with code 1 and names them where nodes could not be stored so. Safe to run again; the ' +
    'worker has to be running. The way back is: lynq adopt HUB.',
  args: [{ name: 'hub', kind: 'required', completes: 'hubs', summary: 'name of the LynqHub' }],
  flags: { ...alwaysWaitFlags, ...confirmFlags },
  examples: [{ command: 'lynq release multi-tier-nodes --yes', summary: 'before the Go operator is started again' }],
  async run({ args, flags }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const hub = await requireObject(cluster, kinds.hub, namespace, args.hub);
    await confirm(context, flags, `Stop all work on ${kinds.hub.resource} "${args.hub}" in ${namespace}?`);
    if (hasSecrets(hub))
      context.err.write(
        'Warning: the Go operator has no secretValueMappings: templates that use them will fail there\n',
      );
    const released = markUnderWay(hub) ?? context.clock.now().toISOString();
    await markHub(cluster, { namespace, hub, name: args.hub }, released);
    await untilReleased(context, cluster, { namespace, name: args.hub, released, timeout: flags['wait-timeout'] });
    return exitCodes.ok;
  },
});

/** The mark of a release that is done or under way. One that was given up is asked for anew, by another mark. */
function markUnderWay(hub: JsonObject): string | undefined {
  const released = releasedAt(hub);
  return released === undefined || isGivenUp(hub, released) ? undefined : released;
}

/** Whether the worker says that some of the nodes could not be stored. */
function isGivenUp(hub: JsonObject, released: string): boolean {
  const condition = conditionOf(hub, 'Released');
  return textAt(condition, 'status') === 'False' && textAt(condition, 'message')?.endsWith(released) === true;
}

function hasSecrets(hub: JsonObject): boolean {
  const spec = hub['spec'];
  return typeof spec === 'object' && spec !== null && 'secretValueMappings' in spec;
}

/** Writes or takes away the mark on a hub; it is there already on a second run. */
export async function markHub(
  cluster: Cluster,
  target: { readonly namespace: string; readonly hub: JsonObject; readonly name: string },
  released: string | null,
): Promise<void> {
  if ((releasedAt(target.hub) ?? null) === released) return;
  const uid = textAt(target.hub, 'metadata', 'uid') ?? '';
  const body = { metadata: { uid, annotations: { [annotations.released]: released } } };
  const ref = refOf(kinds.hub, target.namespace, target.name);
  const result = await cluster.patch(ref, 'merge', body, { manager: managers.apply });
  if (result.kind === 'ok') return;
  throw new CommandError(result.kind === 'refused' ? result.message : `${target.name} changed just now; run again`);
}

interface Watched extends WaitLimit {
  readonly namespace: string;
  readonly name: string;
  readonly released: string;
}

function overtaken(namespace: string, name: string): CommandError {
  return new CommandError(`LynqHub ${namespace}/${name} was deleted, adopted or released anew meanwhile`, {
    fix: `see how it is: lynq describe hub ${name} -n ${namespace}`,
  });
}

function notStored(namespace: string, name: string, hub: JsonObject): CommandError {
  const why = textAt(conditionOf(hub, 'Released'), 'message') ?? '';
  return new CommandError(`LynqHub ${namespace}/${name} is not released: ${why}`, {
    fix: `do not start the Go operator; put that right and run again: lynq release ${name} -n ${namespace}`,
  });
}

/** Until the worker says on the hub that all is done. @throws CommandError when it says that it could not be done. */
async function untilReleased(
  context: Context,
  cluster: Cluster,
  { namespace, name, released, ...limit }: Watched,
): Promise<void> {
  const labelSelector = `${labels.hub}=${labelValue(name)}`;
  const look = async (): Promise<Look<true>> => {
    const nodes = await cluster.list(kinds.node, { namespace, labelSelector });
    const done = nodes.filter((node) => releasedAt(node) === released).length;
    const text = `${done}/${nodes.length} nodes released`;
    const hub = await cluster.get(refOf(kinds.hub, namespace, name));
    if (hub === undefined || releasedAt(hub) !== released) throw overtaken(namespace, name);
    if (isGivenUp(hub, released)) throw notStored(namespace, name, hub);
    const condition = conditionOf(hub, 'Released');
    const isOver = textAt(condition, 'message')?.endsWith(released) === true;
    return isOver ? { kind: 'done', value: true, text } : { kind: 'notYet', text };
  };
  await waitUntil(context, { what: `LynqHub ${namespace}/${name} to be released`, look, ...limit });
  context.out.write(`${kinds.hub.resource}/${name} released; nothing is written for it any more\n`);
}
