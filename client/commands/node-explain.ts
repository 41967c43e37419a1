import { defineCommand } from '../command.ts';

export const explainNode = defineCommand({
  name: 'explain',
  summary: 'Say why a node is not ready, and what happens next',
  description:
    'For each entry that holds a node up: what it waits for, since when, the condition of its object, its pods and the last warnings about them, ' +
    'and what happens next and when (when the node is looked at again at the latest, and when the entry fails); then the objects that no entry names any more. With the id of an entry, that one, ready or not.',
  args: [
    { name: 'node', kind: 'required', completes: 'nodes', summary: 'name of the LynqNode' },
    { name: 'resource', kind: 'optional', completes: 'entries', summary: 'id of an entry, or name of its object' },
  ],
  flags: {},
  examples: [
    { command: 'lynq explain acme-corp-api-tier', summary: 'why is it not ready?' },
    { command: 'lynq explain acme-corp-api-tier api', summary: 'what about this entry?' },
  ],
  async run({ args }, context) {
    const { runExplain } = await import('../explain/run.ts');
    return runExplain(context, args.node, args.resource);
  },
});
