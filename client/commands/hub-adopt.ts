import { defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { kinds, requireObject } from '../kinds.ts';
import { markHub, releasedAt } from './hub-release.ts';

export const adoptHub = defineCommand({
  name: 'adopt',
  summary: 'Take up the work on a released hub again',
  description:
    'The way back from `lynq release`. Stop the Go operator first: while it is alive nothing is written, and condition OtherOperator says so.',
  args: [{ name: 'hub', kind: 'required', completes: 'hubs', summary: 'name of the LynqHub' }],
  flags: {},
  examples: [{ command: 'lynq adopt multi-tier-nodes', summary: 'after the Go operator was stopped' }],
  async run({ args }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const hub = await requireObject(cluster, kinds.hub, namespace, args.hub);
    const title = `${kinds.hub.resource}/${args.hub}`;
    if (releasedAt(hub) === undefined) {
      context.out.write(`${title} unchanged: not released\n`);
      return exitCodes.ok;
    }
    await markHub(cluster, { namespace, hub, name: args.hub }, null);
    context.out.write(`${title} adopted; its next sync takes the nodes up again\n`);
    return exitCodes.ok;
  },
});
