import { defineCommand } from '../command.ts';
import { confirmFlags } from '../confirm.ts';
import { waitFlags } from '../wait.ts';

export const retained = defineCommand({
  name: 'retained',
  summary: 'List, adopt or delete what a hub has left behind',
  description:
    'Objects that were kept when their row or entry went: databases, claims, credentials, and what they need. They are taken back by themselves when their row ' +
    'returns. --adopt has nodes that are there already look for them now; --delete deletes them for good, each only if it is still the same object and no row has taken it back meanwhile. ' +
    'A Namespace is left alone while anything else in it is retained or belongs to a LynqNode; what else would go with it is named first. ' +
    'Every kind that the account may list is looked through, those without a namespace too; what could not be is named on stderr. ' +
    'What the Go operator has marked does not say of which row it is: it is listed as unknown, of whatever hub, and left alone.',
  args: [{ name: 'hub', kind: 'required', completes: 'hubs', summary: 'name of the LynqHub, which may be gone' }],
  flags: {
    uid: { kind: 'list', value: 'UID', completes: 'uids', summary: 'only of this row; may be repeated' },
    adopt: { kind: 'boolean', summary: 'take them back into their LynqNodes, which have to exist' },
    delete: { kind: 'boolean', summary: 'delete them' },
    ...waitFlags,
    ...confirmFlags,
  },
  examples: [
    { command: 'lynq retained multi-tier-nodes', summary: 'what is left of rows that are gone' },
    { command: 'lynq retained multi-tier-nodes --uid acme-corp --delete', summary: 'delete what is left of a row' },
  ],
  async run({ args, flags }, context) {
    const { runRetained } = await import('../retained.ts');
    return runRetained(context, args.hub, flags);
  },
});
