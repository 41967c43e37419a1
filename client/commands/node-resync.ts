import { defineCommand } from '../command.ts';
import { usageError } from '../errors.ts';
import { waitFlags } from '../wait.ts';

export const resync = defineCommand({
  name: 'resync',
  summary: 'Act on a hub, a node or a row now',
  description:
    'A node, or all nodes of a row: everything is compared and written once more, what was refused is tried again. A hub: its table is read, its ' +
    'nodes that are not Ready are tried again, those that are Ready are compared; with --force everything of every node is written once more. ' +
    'With --wait the nodes of a hub are told when the sync has ended, and all nodes there are then are waited for. Of a hub that is paused only the nodes are told (code 1). A name that could mean several is written hub/NAME, node/NAME or uid/UID.',
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
    const { runResync } = await import('../resyncing.ts');
    return runResync(context, args.target, flags);
  },
});
