import { defineCommand } from '../command.ts';
import { confirmFlags } from '../confirm.ts';
import { alwaysWaitFlags } from '../wait.ts';

export const uninstall = defineCommand({
  name: 'uninstall',
  summary: 'Remove all hubs, forms and nodes, in the right order',
  description:
    'Deletes hubs, waits until the worker has taken their nodes away, each object by its deletionPolicy, then deletes the forms. With --keep-objects no ' +
    'object is deleted: every node lets go of its objects, which stay with orphan markers. The hubs are paused for that, and Temporal is asked whether a sync is still at work on one; after a failure, ' +
    'Ctrl-C, SIGTERM or the end of its terminal hubs and nodes that are not being deleted yet are as before. The worker has to be running, and a hub that is released is refused at once: take it up again with `lynq adopt` first. Of all namespaces, or of -n. ' +
    'The definitions, the keys of the hubs and the worker itself stay; what is left to do is printed.',
  args: [],
  flags: {
    'keep-objects': { kind: 'boolean', summary: 'leave everything that was made for rows where it is' },
    ...alwaysWaitFlags,
    ...confirmFlags,
  },
  examples: [
    { command: 'lynq uninstall --keep-objects', summary: 'stop managing, keep all environments' },
    { command: 'lynq uninstall -n lynq-system --yes', summary: 'take everything of a namespace away' },
  ],
  async run({ flags }, context) {
    const { runUninstall } = await import('../uninstalling.ts');
    return runUninstall(context, flags);
  },
});
