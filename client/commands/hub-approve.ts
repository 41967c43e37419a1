import { defineCommand } from '../command.ts';
import { confirmFlags } from '../confirm.ts';
import { waitFlags } from '../wait.ts';

export const approveDeletions = defineCommand({
  name: 'approve-deletions',
  summary: 'Let the rows go that the deletion guard holds',
  description:
    'Reads the table, shows which rows would lose their LynqNodes, and approves exactly this set: the hash is that of `lynq plan HUB` and of condition ' +
    'DeletionHeld. Where the table cannot be read from here, what that condition says is shown and approved. The next sync uses the approval up, whether it still fits or not.',
  args: [{ name: 'hub', kind: 'required', completes: 'hubs', summary: 'name of the LynqHub' }],
  flags: {
    plan: { kind: 'text', value: 'HASH', required: true, summary: 'hash of the held set' },
    ...confirmFlags,
    ...waitFlags,
  },
  examples: [
    {
      command: 'lynq approve-deletions multi-tier-nodes --plan 0123456789abcdef',
      summary: 'after looking at: lynq plan multi-tier-nodes',
    },
  ],
  async run({ args, flags }, context) {
    const { runApprove } = await import('../approving.ts');
    return runApprove(context, args.hub, flags);
  },
});
