import { defineCommand } from '../command.ts';
import type { Context } from '../context.ts';
import type { Engine } from '../engine.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { type HubName, requestSync, syncsNow, waitForSync } from '../hub-sync.ts';
import { kinds, releasedAt, requireObject } from '../kinds.ts';
import { isLeaving } from '../targets.ts';
import { waitFlags } from '../wait.ts';
import { markHub } from './hub-release.ts';

export const adoptHub = defineCommand({
  name: 'adopt',
  summary: 'Take up the work on a released hub again',
  description:
    'The way back from `lynq release`. Stop the Go operator first: while it is alive nothing is written, and condition OtherOperator says so.',
  args: [{ name: 'hub', kind: 'required', completes: 'hubs', summary: 'name of the LynqHub' }],
  flags: waitFlags,
  examples: [{ command: 'lynq adopt multi-tier-nodes', summary: 'after the Go operator was stopped' }],
  async run({ args, flags }, context) {
    const namespace = await context.namespace();
    const cluster = await context.services.cluster();
    const hub = await requireObject(cluster, kinds.hub, namespace, args.hub);
    const { ownEngine } = await import('../own-engine.ts');
    const engine = flags.wait ? await ownEngine(context) : undefined;
    const title = `${kinds.hub.resource}/${args.hub}`;
    if (releasedAt(hub) === undefined) {
      context.out.write(`${title} unchanged: not released\n`);
    } else {
      await markHub(cluster, { namespace, hub, name: args.hub }, null);
      const next = isLeaving(hub) ? 'it is being deleted: its next sync removes' : 'its next sync takes';
      context.out.write(`${title} adopted; ${next} the nodes${isLeaving(hub) ? '' : ' up again'}\n`);
    }
    if (engine === undefined) return exitCodes.ok;
    return syncAndWait(context, engine, { namespace, hub: args.hub }, flags['wait-timeout']);
  },
});

/** The sync that the change starts by itself may have begun before it could be told from those before it, hence one more. */
async function syncAndWait(context: Context, engine: Engine, hub: HubName, timeout: string): Promise<ExitCode> {
  const before = await syncsNow(engine, hub);
  if (!(await requestSync(context, engine, hub))) return exitCodes.failed;
  await waitForSync(context, engine, { ...hub, before, timeout });
  return exitCodes.ok;
}
