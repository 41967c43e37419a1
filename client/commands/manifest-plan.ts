import { defineCommand } from '../command.ts';
import { fileFlags, optionalFiles, proseOrJson } from './manifest-files.ts';

export const plan = defineCommand({
  name: 'plan',
  summary: 'Show what a form, or a sync of a hub, would change',
  description:
    'With -f: what applying these hubs and forms would do to every object of every row, found out by dry runs of the API server; equal changes of many ' +
    'nodes are one block. With HUB: which LynqNodes the next sync makes, changes, removes, holds and leaves as they are, and what becomes of the objects ' +
    'of those that are made or changed. Both read the table from here, and nothing is written. Values of Secrets are never shown. What waits (readiness, rollouts, order) counts as if it had come about.',
  args: [{ name: 'hub', kind: 'optional', completes: 'hubs', summary: 'name of the LynqHub; instead of -f' }],
  flags: {
    filename: optionalFiles,
    recursive: fileFlags.recursive,
    out: {
      kind: 'text',
      value: 'FILE',
      completes: 'files',
      summary: 'write the plan to a file, for: lynq apply --plan FILE',
    },
    'force-conflicts': {
      kind: 'boolean',
      summary:
        'with -f: take fields of these hubs and forms that other managers hold, such as kubectl or Helm; kept in the plan',
    },
    'nodes-only': {
      kind: 'boolean',
      summary: 'with HUB: which LynqNodes change, without a look at their objects',
    },
    output: proseOrJson,
  },
  examples: [
    { command: 'lynq plan -f api-tier.yaml', summary: 'what an edited form would change' },
    { command: 'lynq plan -f forms/ --out change.plan', summary: 'keep the plan; then: lynq apply --plan change.plan' },
    { command: 'lynq plan multi-tier-nodes', summary: 'what the next sync of a hub would do' },
  ],
  exits: {
    0: 'nothing would change',
    1: 'something would change',
    2: 'it could not be planned',
    3: 'a server cannot be reached',
  },
  async run({ args, flags }, context) {
    const { runPlan } = await import('../plan/run.ts');
    return runPlan(context, args.hub, flags);
  },
});
