import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { Engine } from '../engine.ts';
import { usageError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { requestSync } from '../hub-sync.ts';
import { kinds } from '../kinds.ts';
import { inParallel, passesNow, waitForPasses } from '../node-wait.ts';
import { findTarget, hasFailed, isReady, nameOf, type Target } from '../targets.ts';
import { waitFlags } from '../wait.ts';

export const resync = defineCommand({
  name: 'resync',
  summary: 'Act on a hub, a node or a row now',
  description:
    'A node, or all nodes of a row: everything is compared and written once more, what was refused is tried again. A hub: its table is read, its ' +
    'nodes that are not Ready are tried again, those that are Ready are compared; with --force everything of every node is written once more. ' +
    'A name that could mean several is written hub/NAME, node/NAME or uid/UID.',
  args: [
    {
      name: 'target',
      kind: 'optional',
      completes: 'targets',
      summary: 'hub, node, or uid of a row; needed without --all-failed',
    },
  ],
  flags: {
    'all-failed': { kind: 'boolean', summary: 'only the nodes that have failed: of the target, or of the namespace' },
    force: { kind: 'boolean', summary: 'of a hub: write everything once more, also of nodes that are Ready' },
    ...waitFlags,
  },
  examples: [
    { command: 'lynq resync acme-corp', summary: 'all nodes of the row acme-corp' },
    { command: 'lynq resync hub/multi-tier-nodes', summary: 'read the table now and check every node' },
    { command: 'lynq resync --all-failed --wait', summary: 'another try for whatever failed, and wait for it' },
  ],
  async run({ args, flags }, context) {
    if (args.target === undefined && !flags['all-failed']) {
      throw usageError('resync needs a target, or --all-failed', 'such as: lynq resync UID');
    }
    const namespace = await context.namespace();
    const target = await findTarget(await context.services.cluster(), namespace, args.target);
    const chosen = flags['all-failed'] ? target.nodes.filter(hasFailed) : target.nodes;
    if (flags['all-failed'] && chosen.length === 0) {
      context.out.write('no node has failed\n');
      return exitCodes.ok;
    }
    const engine = await context.services.engine();
    const plan = { target, forced: forcedOf({ ...target, nodes: chosen }, flags.force), names: chosen.map(nameOf) };
    const before = flags.wait ? await passesNow(engine, namespace, plan.names) : new Map<string, number>();
    const synced =
      target.kind === 'hub' && !flags['all-failed']
        ? await requestSync(context, engine, { namespace, hub: target.name })
        : true;
    const signalled = await tellNodes(context, engine, { namespace, ...plan });
    if (!synced || !signalled) return exitCodes.failed;
    if (flags.wait) await waitForPasses(context, { engine, namespace, before, timeout: flags['wait-timeout'] });
    return exitCodes.ok;
  },
});

/** The nodes of which everything is written once more. */
function forcedOf({ kind, nodes }: Target, force: boolean): ReadonlySet<string> {
  const forced = kind === 'hub' && !force ? nodes.filter((node) => !isReady(node)) : nodes;
  return new Set(forced.map(nameOf));
}

interface Plan {
  readonly namespace: string;
  readonly names: readonly string[];
  readonly forced: ReadonlySet<string>;
}

async function tellNodes(context: Context, engine: Engine, { namespace, names, forced }: Plan): Promise<boolean> {
  const absent: string[] = [];
  await inParallel(names, async (node) => {
    const write = forced.has(node);
    const result = await (write ? engine.resyncNode(namespace, node) : engine.wakeNode(namespace, node));
    if (result.kind === 'absent') absent.push(node);
    else context.out.write(`${kinds.node.resource}/${node} ${write ? 'resync' : 'comparison'} requested\n`);
  });
  if (absent.length === 0) return true;
  context.err.write(
    `Error: no running workflow for ${absent.map((node) => `LynqNode ${namespace}/${node}`).join(', ')}\n` +
      '  The next sync of the hub starts it; check that the worker is running.\n',
  );
  return false;
}
